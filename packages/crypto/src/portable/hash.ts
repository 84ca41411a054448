import { blake2b as nobleBlake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'
import { requireInteger, requireUint8Array } from '../bytes.js'
import { BLAKE2B_MAX_BYTES, HKDF_SHA256_MAX_BYTES } from '../lengths.js'

/** SHA-256 (FIPS 180-4): 32 bytes. @throws {CryptoError} `argument` */
export function sha256(message: Uint8Array): Uint8Array {
  requireUint8Array(message, 'sha256')
  return nobleSha256(message)
}

/** SHA-512 (FIPS 180-4): 64 bytes. @throws {CryptoError} `argument` */
export function sha512(message: Uint8Array): Uint8Array {
  requireUint8Array(message, 'sha512')
  return nobleSha512(message)
}

/**
 * BLAKE2b (RFC 7693) of any output length, optionally keyed. A shorter output is another hash, not a prefix.
 * @param outputBytes - 1 to 64
 * @param key - 1 to 64 bytes; absent or empty means not keyed
 * @throws {CryptoError} `argument`
 */
export function blake2b(message: Uint8Array, outputBytes = 64, key?: Uint8Array): Uint8Array {
  requireBlake2b(message, outputBytes, key)
  return nobleBlake2b(
    message,
    key === undefined || key.length === 0 ? { dkLen: outputBytes } : { dkLen: outputBytes, key },
  )
}

/** @throws {CryptoError} `argument` */
export function requireBlake2b(message: Uint8Array, outputBytes: number, key: Uint8Array | undefined): void {
  requireUint8Array(message, 'blake2b')
  requireInteger(outputBytes, 1, BLAKE2B_MAX_BYTES, 'outputBytes of blake2b')
  if (key === undefined) return
  requireUint8Array(key, 'key of blake2b')
  requireInteger(key.length, 0, BLAKE2B_MAX_BYTES, 'key length of blake2b')
}

/**
 * HKDF (RFC 5869) with SHA-256: extract, then expand.
 * @param inputKey - the secret to derive from, of any length
 * @param salt - `undefined` or empty means 32 zero bytes
 * @param info - what the result is for
 * @param outputBytes - 1 to 8,160
 * @throws {CryptoError} `argument`
 */
export function hkdfSha256(
  inputKey: Uint8Array,
  salt: Uint8Array | undefined,
  info: Uint8Array,
  outputBytes: number,
): Uint8Array {
  requireHkdf(inputKey, salt, info, outputBytes)
  return hkdf(nobleSha256, inputKey, salt, info, outputBytes)
}

/** @throws {CryptoError} `argument` */
export function requireHkdf(
  inputKey: Uint8Array,
  salt: Uint8Array | undefined,
  info: Uint8Array,
  outputBytes: number,
): void {
  requireUint8Array(inputKey, 'inputKey of hkdfSha256')
  if (salt !== undefined) requireUint8Array(salt, 'salt of hkdfSha256')
  requireUint8Array(info, 'info of hkdfSha256')
  requireInteger(outputBytes, 1, HKDF_SHA256_MAX_BYTES, 'outputBytes of hkdfSha256')
}
