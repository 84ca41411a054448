import { encodeRecordInto, RECORD_BYTES, type TrackerRecord } from '@mimirjs/wire/tracker'
import type { TrackerPolicy } from './policy.js'

/** A record as the table holds it. */
export interface StoredRecord {
  readonly clientId: number
  /** Milliseconds since 1970. */
  readonly expiresMs: number
  /** Rises with every announce: tells which of two records is the newer one. */
  readonly announced: number
  /** The record as it goes into answers: what is signed, and the rest. */
  readonly encoded: Uint8Array
}

/** What has to be written down after the table changed, in this order. */
export type TableChange =
  | {
      readonly type: 'put'
      /** latin1 text of the 32-byte user key. */
      readonly user: string
      readonly clientId: number
      readonly expiresMs: number
      readonly encoded: Uint8Array
    }
  | { readonly type: 'remove'; readonly user: string; readonly clientId: number }

/** `address 16 | signature 64`: the part of an encoded record that belongs together. */
export const SIGNED_BYTES = 80

/** @returns whether two encoded records carry the same address and signature */
export function sameSignedPart(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < SIGNED_BYTES; index++) if (a[index] !== b[index]) return false
  return true
}

/**
 * A record as it goes into answers, its own copy.
 * @throws {WireError} `length` | `out-of-range`
 */
export function encodeRecord(record: Omit<TrackerRecord, 'ttlSeconds'>, policy: TrackerPolicy): Uint8Array {
  const encoded = new Uint8Array(RECORD_BYTES)
  encodeRecordInto({ ...record, ttlSeconds: policy.lifetimeSeconds }, encoded, 0)
  return encoded
}

/** latin1 text of the 32-byte user key: the cheapest text of 32 bytes, and a map key hashed with a secret seed. */
export function userOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('latin1', start, end)
}

export function publicKeyOf(user: string): Uint8Array {
  return Buffer.from(user, 'latin1')
}
