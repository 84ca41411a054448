import { bytesFromHex, requireUint8Array } from './bytes.js'
import { ED25519_PUBLIC_KEY_BYTES } from './lengths.js'

/**
 * The eight points whose order divides 8, in every encoding that decoders in the field accept, sign bit cleared. Each
 * stands for two encodings, 14 in all. Source: tracker protocol §3.1.
 */
const SMALL_ORDER: readonly Uint8Array[] = [
  filled(0x01, 0x00, 0x00), // 1: the neutral element
  filled(0x00, 0x00, 0x00), // 0: order 4
  filled(0xec, 0xff, 0x7f), // p - 1: order 2
  filled(0xed, 0xff, 0x7f), // p, that is 0 again
  filled(0xee, 0xff, 0x7f), // p + 1, that is 1 again
  bytesFromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  bytesFromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]

/**
 * Whether these 32 bytes are one of the 14 encodings of a point of small order. Under such a public key one signature
 * fits every message, so a key that a stranger may choose has to be checked with this before it names anybody.
 * @returns `false` as well for anything that is not 32 bytes
 * @throws {CryptoError} `argument` when it is no Uint8Array
 */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  requireUint8Array(publicKey, 'publicKey')
  return publicKey.length === ED25519_PUBLIC_KEY_BYTES && startsWithSmallOrder(publicKey)
}

/** The same for the first 32 bytes of `bytes`, for instance for the point R of a signature. */
export function startsWithSmallOrder(bytes: Uint8Array): boolean {
  // The second byte of an honest key or signature is none of these, 63 times out of 64.
  const second = bytes[1]
  if (second !== 0x00 && second !== 0xff && second !== 0xe8 && second !== 0x17) return false
  return SMALL_ORDER.some(
    (encoding) =>
      encoding.every((byte, at) => at === 31 || byte === bytes[at]) && ((bytes[31] as number) & 0x7f) === encoding[31],
  )
}

function filled(first: number, middle: number, last: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(middle)
  bytes[0] = first
  bytes[31] = last
  return bytes
}
