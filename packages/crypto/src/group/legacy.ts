import { notAuthentic } from '../error.js'
import { TAG_BYTES } from '../lengths.js'

/** What the `legacy` variant is built of; both builds have their own. */
export interface LegacyParts {
  /** ChaCha20 (RFC 8439 §2.4) from the block `counter` on: `message` XOR keystream, a new array. */
  chacha20(key: Uint8Array, nonce: Uint8Array, counter: number, message: Uint8Array): Uint8Array
  /** Poly1305 (RFC 8439 §2.5) of exactly `message`. */
  poly1305(oneTimeKey: Uint8Array, message: Uint8Array): Uint8Array
  equal(a: Uint8Array, b: Uint8Array): boolean
}

const BLOCK_BYTES = 64
/** Half of block 0 is the key of Poly1305; the plaintext begins right behind it, not at block 1 as in RFC 8439. */
const ONE_TIME_KEY_BYTES = 32
const FIRST_BYTES: number = BLOCK_BYTES - ONE_TIME_KEY_BYTES

/**
 * The variant of the first Android app: byte i of the plaintext meets byte 32 + i of the keystream, and the tag is that
 * of the bare ciphertext, without padding and lengths. Source: mediator protocol §18.3.
 */
export function legacySeal(parts: LegacyParts, key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const block = parts.chacha20(key, nonce, 0, new Uint8Array(BLOCK_BYTES))
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
  const ciphertext = sealed.subarray(0, plaintext.length)
  cross(parts, key, nonce, block, plaintext, ciphertext)
  sealed.set(parts.poly1305(block.subarray(0, ONE_TIME_KEY_BYTES), ciphertext), plaintext.length)
  block.fill(0)
  return sealed
}

/** @throws {CryptoError} `authentication`: nothing is decrypted before the tag fits */
export function legacyOpen(parts: LegacyParts, key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  const ciphertext = sealed.subarray(0, sealed.length - TAG_BYTES)
  const block = parts.chacha20(key, nonce, 0, new Uint8Array(BLOCK_BYTES))
  try {
    const tag = parts.poly1305(block.subarray(0, ONE_TIME_KEY_BYTES), ciphertext)
    if (!parts.equal(tag, sealed.subarray(ciphertext.length))) throw notAuthentic()
    const plaintext = new Uint8Array(ciphertext.length)
    cross(parts, key, nonce, block, ciphertext, plaintext)
    return plaintext
  } finally {
    block.fill(0)
  }
}

/** The rest of block 0, then whole blocks from 1 on. */
function cross(
  parts: LegacyParts,
  key: Uint8Array,
  nonce: Uint8Array,
  block: Uint8Array,
  from: Uint8Array,
  to: Uint8Array,
): void {
  const first = Math.min(FIRST_BYTES, from.length)
  for (let at = 0; at < first; at++) to[at] = (from[at] as number) ^ (block[ONE_TIME_KEY_BYTES + at] as number)
  if (from.length > FIRST_BYTES) to.set(parts.chacha20(key, nonce, 1, from.subarray(FIRST_BYTES)), FIRST_BYTES)
}
