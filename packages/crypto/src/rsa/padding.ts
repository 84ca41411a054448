import { bytesFromHex, concatBytes } from '../bytes.js'
import { CryptoError } from '../error.js'

/** What a block of encryption has before its text, at least. RFC 8017 §7.2 */
export const ENCRYPTION_OVERHEAD_BYTES = 11
/** DigestInfo up to the digest: SHA-1 with its NULL. RFC 8017 §9.2 */
const SHA1_INFO: Uint8Array = bytesFromHex('3021300906052b0e03021a05000414')

/** EMSA-PKCS1-v1_5 of a SHA-1 digest, the only block that a signature may give. RFC 8017 §9.2 */
export function signatureBlock(digest: Uint8Array, sizeBytes: number): Uint8Array {
  const block = new Uint8Array(sizeBytes).fill(0xff)
  const infoStart = sizeBytes - digest.length - SHA1_INFO.length
  block[0] = 0
  block[1] = 1
  block[infoStart - 1] = 0
  block.set(SHA1_INFO, infoStart)
  block.set(digest, infoStart + SHA1_INFO.length)
  return block
}

/** EME-PKCS1-v1_5. RFC 8017 §7.2.1. @throws {CryptoError} `argument` */
export function padEncryption(
  plaintext: Uint8Array,
  sizeBytes: number,
  randomBytes: (sizeBytes: number) => Uint8Array,
): Uint8Array {
  const paddingBytes = sizeBytes - 3 - plaintext.length
  if (paddingBytes < 8)
    throw new CryptoError(
      'argument',
      `plaintext of RSA: expected at most ${sizeBytes - ENCRYPTION_OVERHEAD_BYTES} bytes, got ${plaintext.length}`,
    )
  const block = concatBytes(Uint8Array.of(0, 2), randomBytes(paddingBytes), Uint8Array.of(0), plaintext)
  for (let at = 2; at < 2 + paddingBytes; at++) while (block[at] === 0) block.set(randomBytes(1), at)
  return block
}

/**
 * 00 02, at least eight bytes that are not 00, 00, text. Every byte is looked at whatever came before, so that the time
 * says little about where it went wrong. rendezvous protocol A13
 */
export function unpadEncryption(block: Uint8Array): Uint8Array | undefined {
  let isSearching = 1
  let split = 0
  for (let at = 2; at < block.length; at++) {
    const isZero = (((block[at] as number) - 1) >>> 31) & 1
    split += isSearching & isZero ? at : 0
    isSearching &= isZero ^ 1
  }
  const wrong = (block[0] as number) | ((block[1] as number) ^ 2) | isSearching | ((split - 10) >>> 31)
  const text = block.slice(split + 1)
  return wrong === 0 ? text : undefined
}
