import { concatBytes } from '../bytes.js'
import { CryptoError } from '../error.js'
import { bitLength, fromInteger, toInteger } from './numbers.js'

/** Tags of ASN.1 that keys are made of. */
export const Tag = { integer: 0x02, bitString: 0x03, octetString: 0x04, none: 0x05, oid: 0x06, sequence: 0x30 } as const

/** Reads DER in order. What is not exactly DER is refused: another spelling of one key would be another account. */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** `undefined` at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The content of the next value. @throws {CryptoError} `rsa-key` */
  take(tag: number): Uint8Array {
    if (this.#byte() !== tag) throw malformed()
    const size = this.#size()
    if (size > this.#bytes.length - this.#at) throw malformed()
    const content = this.#bytes.subarray(this.#at, this.#at + size)
    this.#at += size
    return content
  }

  /** @throws {CryptoError} `rsa-key` */
  sequence(): DerReader {
    return new DerReader(this.take(Tag.sequence))
  }

  /** A number that is not negative. @throws {CryptoError} `rsa-key` */
  integer(): bigint {
    const content = this.take(Tag.integer)
    const [first = 0x80, second = 0x80] = content
    if (first >= 0x80 || (first === 0 && content.length > 1 && second < 0x80)) throw malformed()
    return toInteger(content)
  }

  /** @throws {CryptoError} `rsa-key` when something is left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed()
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw malformed()
    return byte
  }

  /** Up to 65,535: no key is longer. */
  #size(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    if (first === 0x81) return this.#atLeast(0x80, this.#byte())
    if (first === 0x82) return this.#atLeast(0x100, (this.#byte() << 8) | this.#byte())
    throw malformed()
  }

  #atLeast(least: number, size: number): number {
    if (size < least) throw malformed()
    return size
  }
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts)
  const size = content.length
  const head =
    size < 0x80 ? [tag, size] : size < 0x100 ? [tag, 0x81, size] : [tag, 0x82, (size >> 8) & 0xff, size & 0xff]
  return concatBytes(Uint8Array.from(head), content)
}

/** With a zero in front where the first bit is set. */
export function writeInteger(value: bigint): Uint8Array {
  return writeDer(Tag.integer, fromInteger(value, Math.floor(bitLength(value) / 8) + 1))
}

function malformed(): CryptoError {
  return new CryptoError('rsa-key', 'expected an RSA key in DER; this text holds none, or a damaged one')
}
