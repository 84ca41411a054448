import { requireBytes } from '../bytes.js'
import { ED25519_SEED_BYTES } from '../lengths.js'
import { requireNonce } from '../proof/rules.js'
import type { PreparedProofOfWork, ProofOfWork, ProofOfWorkOptions, SeedSigner } from '../types.js'
import { ed25519SeedToX25519, publicKeyFromSeed, sign } from './ed25519.js'
import { sha512 } from './hash.js'
import { verify } from './verify.js'
import { x25519 } from './x25519.js'

/**
 * A signer around a seed. It keeps a copy in a place that neither inspection, nor JSON, nor cloning reaches; wipe
 * yours (`seed.fill(0)`) when you are done with it.
 * @param seed - 32 bytes
 * @throws {CryptoError} `argument`
 */
export function createSigner(seed: Uint8Array): SeedSigner {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return new PortableSigner(new Uint8Array(seed))
}

class PortableSigner implements SeedSigner {
  readonly publicKey: Uint8Array
  readonly #seed: Uint8Array
  #agreementKey: Uint8Array | undefined

  constructor(seed: Uint8Array) {
    this.#seed = seed
    this.publicKey = publicKeyFromSeed(seed)
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(message, this.#seed)
  }

  agree(x25519PublicKey: Uint8Array): Uint8Array {
    this.#agreementKey ??= ed25519SeedToX25519(this.#seed)
    return x25519(this.#agreementKey, x25519PublicKey)
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
