import { type KeyObject, sign as nativeSign } from 'node:crypto'
import { requireBytes, requireUint8Array } from '../bytes.js'
import { ED25519_SEED_BYTES, X25519_BYTES } from '../lengths.js'
import type * as portable from '../portable/signer.js'
import { requireNonce } from '../proof/rules.js'
import type { PreparedProofOfWork, ProofOfWork, ProofOfWorkOptions, SeedSigner } from '../types.js'
import { ed25519SeedToX25519 } from './ed25519.js'
import { sha512 } from './hash.js'
import { exportPublicKey, importAgreementKey, importPrivateKey } from './keys.js'
import { plain } from './plain.js'
import { verify } from './verify.js'
import { agreeWith } from './x25519.js'

export const createSigner: typeof portable.createSigner = (seed) => {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return new NativeSigner(new Uint8Array(seed))
}

class NativeSigner implements SeedSigner {
  readonly publicKey: Uint8Array
  readonly #seed: Uint8Array
  readonly #signingKey: KeyObject
  #agreementKey: KeyObject | undefined

  constructor(seed: Uint8Array) {
    this.#seed = seed
    this.#signingKey = importPrivateKey('Ed25519', seed)
    this.publicKey = exportPublicKey(this.#signingKey)
  }

  sign(message: Uint8Array): Uint8Array {
    requireUint8Array(message, 'message')
    return plain(nativeSign(null, message, this.#signingKey))
  }

  agree(x25519PublicKey: Uint8Array): Uint8Array {
    requireBytes(x25519PublicKey, X25519_BYTES, 'publicKey')
    this.#agreementKey ??= importAgreementKey(ed25519SeedToX25519(this.#seed))
    return agreeWith(this.#agreementKey, x25519PublicKey)
  }

  async signProofOfWork(nonce: Uint8Array, options?: ProofOfWorkOptions): Promise<ProofOfWork> {
    requireNonce(nonce)
    const copy = nonce.slice()
    const prepared = await this.#search(options, copy)
    return prepared.finish(copy)
  }

  prepareProofOfWork(options?: ProofOfWorkOptions): Promise<PreparedProofOfWork> {
    return this.#search(options)
  }

  /** Loaded when it is needed: most programs never make a chat. */
  async #search(options?: ProofOfWorkOptions, nonce?: Uint8Array): Promise<PreparedProofOfWork> {
    const { prepareProof } = await import('../proof/prepare.js')
    return prepareProof({ seed: this.#seed, publicKey: this.publicKey, sha512, verify }, options, nonce)
  }
}
