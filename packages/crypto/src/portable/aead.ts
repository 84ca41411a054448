import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { requireBytes, requireInteger, requireUint8Array } from '../bytes.js'
import { CryptoError, notAuthentic } from '../error.js'
import { AEAD_NONCE_BYTES, CIPHER_KEY_BYTES, TAG_BYTES } from '../lengths.js'

/** What each of the two ciphers of this file is, here and natively. */
type Cipher = typeof chacha20poly1305 | typeof gcm

/**
 * ChaCha20-Poly1305 (RFC 8439): the ciphertext, then the 16-byte tag.
 * @param key - 32 bytes
 * @param nonce - 12 bytes, never used twice under one key
 * @param associatedData - authenticated, not encrypted, not part of the result
 * @throws {CryptoError} `argument`
 */
export function chacha20Poly1305Seal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array {
  return seal(chacha20poly1305, key, nonce, plaintext, associatedData)
}

/**
 * Undo {@link chacha20Poly1305Seal}. Nothing of a message that was altered is returned.
 * @throws {CryptoError} `argument` | `authentication`, also when `sealed` is shorter than a tag
 */
export function chacha20Poly1305Open(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array {
  return open(chacha20poly1305, key, nonce, sealed, associatedData)
}

/**
 * AES-256-GCM (NIST SP 800-38D): the ciphertext, then the 16-byte tag. Arguments as {@link chacha20Poly1305Seal}.
 * @throws {CryptoError} `argument`
 */
export function aes256GcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array {
  return seal(gcm, key, nonce, plaintext, associatedData)
}

/**
 * Undo {@link aes256GcmSeal}. Nothing of a message that was altered is returned.
 * @throws {CryptoError} `argument` | `authentication`, also when `sealed` is shorter than a tag
 */
export function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array {
  return open(gcm, key, nonce, sealed, associatedData)
}

/**
 * {@link aes256GcmSeal} without associated data, into memory that the caller has: ciphertext and tag go to `offset` of
 * `target`, so that a packet with its head is made in one piece. The plaintext may lie in `target` as well.
 * @param target - with room for `plaintext.length + 16` bytes from `offset` on
 * @throws {CryptoError} `argument`
 */
export function aes256GcmSealInto(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
): void {
  requireAead(key, nonce, plaintext, undefined)
  requireSealedRoom(target, offset, plaintext)
  target.set(gcm(key, nonce).encrypt(plaintext), offset)
}

/**
 * {@link aes256GcmOpen} without associated data for bytes that come from strangers: what is not authentic, or shorter
 * than a tag, is an ordinary answer and no exception.
 * @returns the plaintext, or `undefined`
 * @throws {CryptoError} `argument`
 */
export function aes256GcmTryOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  requireAead(key, nonce, sealed, undefined)
  if (sealed.length < TAG_BYTES) return undefined
  try {
    return gcm(key, nonce).decrypt(sealed)
  } catch {
    return undefined
  }
}

function seal(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array | undefined,
): Uint8Array {
  requireAead(key, nonce, plaintext, associatedData)
  return cipher(key, nonce, associatedData).encrypt(plaintext)
}

function open(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array | undefined,
): Uint8Array {
  requireAead(key, nonce, sealed, associatedData)
  requireTag(sealed)
  try {
    return cipher(key, nonce, associatedData).decrypt(sealed)
  } catch (cause) {
    throw notAuthentic(cause)
  }
}

/** @throws {CryptoError} `argument` */
export function requireAead(
  key: Uint8Array,
  nonce: Uint8Array,
  message: Uint8Array,
  associatedData: Uint8Array | undefined,
): void {
  requireBytes(key, CIPHER_KEY_BYTES, 'key')
  requireBytes(nonce, AEAD_NONCE_BYTES, 'nonce')
  requireUint8Array(message, 'message')
  if (associatedData !== undefined) requireUint8Array(associatedData, 'associatedData')
}

/** @throws {CryptoError} `argument` unless ciphertext and tag fit into `target` from `offset` on. */
export function requireSealedRoom(target: Uint8Array, offset: number, plaintext: Uint8Array): void {
  requireUint8Array(target, 'target')
  requireInteger(offset, 0, target.length, 'offset')
  const needed = plaintext.length + TAG_BYTES
  if (target.length - offset < needed)
    throw new CryptoError('argument', `target: expected room for ${needed} bytes, got ${target.length - offset}`)
}

/** @throws {CryptoError} `authentication` */
export function requireTag(sealed: Uint8Array): void {
  if (sealed.length < TAG_BYTES)
    throw new CryptoError('authentication', `expected at least the ${TAG_BYTES}-byte tag, got ${sealed.length} bytes`)
}
