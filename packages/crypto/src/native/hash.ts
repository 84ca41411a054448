import { hkdfSync, hash as nativeHash } from 'node:crypto'
import { requireUint8Array } from '../bytes.js'
import { BLAKE2B_MAX_BYTES } from '../lengths.js'
import type * as portable from '../portable/hash.js'
import {
  blake2b as portableBlake2b,
  hkdfSha256 as portableHkdf,
  requireBlake2b,
  requireHkdf,
} from '../portable/hash.js'
import { plain } from './plain.js'

/** `hkdfSync` takes no more. */
const NATIVE_INFO_MAX_BYTES = 1_024
const NO_SALT = new Uint8Array(0)

export const sha256: typeof portable.sha256 = (message) => {
  requireUint8Array(message, 'sha256')
  return plain(nativeHash('sha256', message, 'buffer'))
}

export const sha512: typeof portable.sha512 = (message) => {
  requireUint8Array(message, 'sha512')
  return plain(nativeHash('sha512', message, 'buffer'))
}

/** OpenSSL has the longest output without a key, and only that. */
export const blake2b: typeof portable.blake2b = (message, outputBytes = BLAKE2B_MAX_BYTES, key) => {
  requireBlake2b(message, outputBytes, key)
  if (outputBytes !== BLAKE2B_MAX_BYTES || (key !== undefined && key.length > 0))
    return portableBlake2b(message, outputBytes, key)
  return plain(nativeHash('blake2b512', message, 'buffer'))
}

export const hkdfSha256: typeof portable.hkdfSha256 = (inputKey, salt, info, outputBytes) => {
  requireHkdf(inputKey, salt, info, outputBytes)
  if (info.length > NATIVE_INFO_MAX_BYTES) return portableHkdf(inputKey, salt, info, outputBytes)
  return new Uint8Array(hkdfSync('sha256', inputKey, salt ?? NO_SALT, info, outputBytes))
}
