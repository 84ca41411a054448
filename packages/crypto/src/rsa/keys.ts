import { requireInteger, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { equalConstantTime } from '../portable/equal.js'
import { randomBytes } from '../portable/random.js'
import {
  RSA_MAX_BITS,
  RSA_NEW_KEY_BITS,
  readPrivateKey,
  readPrivatePem,
  readPublicPem,
  writePrivatePem,
  writePublicPem,
} from './encoding.js'
import { padEncryption, signatureBlock, unpadEncryption } from './padding.js'
import type {
  RsaEngine,
  RsaOperation,
  RsaPrivateKey,
  RsaPrivateNumbers,
  RsaPublicKey,
  RsaPublicNumbers,
} from './types.js'

class PublicKey implements RsaPublicKey {
  readonly pem: string
  readonly bits: number
  readonly sizeBytes: number
  readonly #engine: RsaEngine
  readonly #operation: RsaOperation

  constructor(engine: RsaEngine, numbers: RsaPublicNumbers) {
    this.pem = writePublicPem(numbers)
    this.bits = numbers.bits
    this.sizeBytes = numbers.sizeBytes
    this.#engine = engine
    this.#operation = engine.publicOperation(numbers)
  }

  verifySha1(signature: Uint8Array, message: Uint8Array): boolean {
    requireUint8Array(signature, 'signature of RSA')
    requireUint8Array(message, 'message of RSA')
    if (signature.length !== this.sizeBytes) return false
    const block = this.#operation(signature)
    if (block === undefined) return false
    return equalConstantTime(block, signatureBlock(this.#engine.sha1(message), this.sizeBytes))
  }

  encrypt(plaintext: Uint8Array): Uint8Array {
    requireUint8Array(plaintext, 'plaintext of RSA')
    const block = padEncryption(plaintext, this.sizeBytes, randomBytes)
    // The first byte is zero, so the block is below the modulus.
    return this.#operation(block) as Uint8Array
  }
}

class PrivateKey implements RsaPrivateKey {
  readonly publicKey: RsaPublicKey
  readonly #engine: RsaEngine
  readonly #numbers: RsaPrivateNumbers
  readonly #operation: RsaOperation

  constructor(engine: RsaEngine, numbers: RsaPrivateNumbers) {
    this.publicKey = new PublicKey(engine, numbers)
    this.#engine = engine
    this.#numbers = numbers
    this.#operation = engine.privateOperation(numbers)
  }

  signSha1(message: Uint8Array): Uint8Array {
    requireUint8Array(message, 'message of RSA')
    return this.#operation(signatureBlock(this.#engine.sha1(message), this.publicKey.sizeBytes)) as Uint8Array
  }

  decrypt(ciphertext: Uint8Array): Uint8Array | undefined {
    requireUint8Array(ciphertext, 'ciphertext of RSA')
    if (ciphertext.length !== this.publicKey.sizeBytes) return undefined
    const block = this.#operation(ciphertext)
    return block && unpadEncryption(block)
  }

  exportPem(): string {
    return writePrivatePem(this.#numbers)
  }
}

export function parsePublic(engine: RsaEngine, pem: string): RsaPublicKey {
  return new PublicKey(engine, readPublicPem(pem))
}

export function importPrivate(engine: RsaEngine, pem: string): RsaPrivateKey {
  return new PrivateKey(engine, readPrivatePem(pem))
}

export async function generate(engine: RsaEngine, bits: number): Promise<RsaPrivateKey> {
  requireInteger(bits, RSA_NEW_KEY_BITS, RSA_MAX_BITS, 'bits of a new RSA key')
  const numbers = readPrivateKey(await engine.generate(bits))
  if (numbers.bits !== bits)
    throw new CryptoError('self-check', `expected a new RSA key of ${bits} bits, got ${numbers.bits}: try again`)
  return new PrivateKey(engine, numbers)
}
