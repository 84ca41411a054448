import { requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { COUNTER_BOX_MAX_BYTES, TAG_BYTES } from '../lengths.js'

const COUNTERS = 1n << 64n

/** @throws {CryptoError} `argument`: a counter that wraps would use a nonce again */
export function requireCounter(counter: bigint): void {
  if (typeof counter !== 'bigint' || counter < 0n || counter >= COUNTERS)
    throw new CryptoError('argument', `counter: expected a bigint from 0 to 2^64 - 1, got ${String(counter)}`)
}

/**
 * @returns how many bytes of plaintext there are
 * @throws {CryptoError} `argument`
 */
export function requireRoom(out: Uint8Array, offset: number, head: Uint8Array, body: Uint8Array): number {
  requireUint8Array(out, 'out')
  requireUint8Array(head, 'head')
  requireUint8Array(body, 'body')
  const plainBytes = head.length + body.length
  if (plainBytes > COUNTER_BOX_MAX_BYTES)
    throw new CryptoError(
      'argument',
      `head and body: expected at most ${COUNTER_BOX_MAX_BYTES} bytes, got ${plainBytes}`,
    )
  if (!Number.isInteger(offset) || offset < 0 || out.length - offset < TAG_BYTES + plainBytes)
    throw new CryptoError(
      'argument',
      `out: expected room for ${TAG_BYTES + plainBytes} bytes at the offset ${offset}, got ${out.length} bytes in all`,
    )
  return plainBytes
}

/** After `wipe` the key is all zero, and would seal for everybody to read. */
export function wiped(): CryptoError {
  return new CryptoError('finished', 'expected a box with a key; this one was wiped: create another')
}
