import { YggdrasilError } from './error.js'
import { fromHex, toHex } from './hex.js'

/** Length of an Ed25519 public key, the address of every node. */
export const KEY_BYTES = 32

/** A key as the key of a map: one character for each byte. Made by {@link keyId}, read by {@link keyOfId}. */
export type KeyId = string

/**
 * The map key of the 32 bytes at `offset`. Spelled out, because this runs for every packet: it is several times as fast
 * as a loop, as hex, or as spreading the bytes.
 */
export function keyId(b: Uint8Array, offset = 0): KeyId {
  const o = offset
  return String.fromCharCode(
    b[o]!,
    b[o + 1]!,
    b[o + 2]!,
    b[o + 3]!,
    b[o + 4]!,
    b[o + 5]!,
    b[o + 6]!,
    b[o + 7]!,
    b[o + 8]!,
    b[o + 9]!,
    b[o + 10]!,
    b[o + 11]!,
    b[o + 12]!,
    b[o + 13]!,
    b[o + 14]!,
    b[o + 15]!,
    b[o + 16]!,
    b[o + 17]!,
    b[o + 18]!,
    b[o + 19]!,
    b[o + 20]!,
    b[o + 21]!,
    b[o + 22]!,
    b[o + 23]!,
    b[o + 24]!,
    b[o + 25]!,
    b[o + 26]!,
    b[o + 27]!,
    b[o + 28]!,
    b[o + 29]!,
    b[o + 30]!,
    b[o + 31]!,
  )
}

/** The key that a {@link KeyId} was made of. */
export function keyOfId(id: KeyId): Uint8Array {
  const key = new Uint8Array(id.length)
  for (let at = 0; at < key.length; at++) key[at] = id.charCodeAt(at)
  return key
}

/** The order of keys: byte by byte, unsigned, from byte 0. Negative when `a` is lower. yggdrasil protocol §0. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < KEY_BYTES; at++) {
    const difference = a[at]! - b[at]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether the 32 bytes of `bytes` at `offset` are `key`. Not constant time: public keys only. */
export function isKeyAt(bytes: Uint8Array, offset: number, key: Uint8Array): boolean {
  for (let at = 0; at < KEY_BYTES; at++) if (bytes[offset + at] !== key[at]) return false
  return true
}

/**
 * The public key that a caller means: 32 bytes, or 64 hex digits of either case. Given bytes are copied.
 * @throws {YggdrasilError} `bad-key`
 */
export function parseKey(key: string | Uint8Array): Uint8Array {
  const bytes = typeof key === 'string' ? fromHex(key) : ArrayBuffer.isView(key) ? new Uint8Array(key) : undefined
  if (bytes?.length === KEY_BYTES) return bytes
  const given: unknown = key
  const what = bytes === undefined ? typeof given : `${bytes.length} bytes`
  const got = typeof given === 'string' ? `a text of ${given.length} characters` : what
  throw new YggdrasilError('bad-key', `public key: expected 32 bytes, or 64 hex digits, got ${got}`)
}

/** A key for people: 64 lower-case hex digits. */
export function formatKey(key: Uint8Array): string {
  return toHex(key)
}
