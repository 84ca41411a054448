import {
  decodeNodeRecord,
  encodeNodeRecord,
  encodeRecordInto,
  NODE_KEY_BYTES,
  RECORD_ADDRESS_BYTES,
  RECORD_BYTES,
  RECORD_SIGNATURE_BYTES,
} from '@mimirjs/wire/tracker'

/** How much a record is believed (tracker protocol §8.6): said by a stranger, by a fellow tracker, by the node itself. */
export const Rank = { thirdParty: 0, synced: 1, self: 2 } as const
export type Rank = (typeof Rank)[keyof typeof Rank]

/** A record as the table holds it. */
export interface StoredRecord {
  readonly clientId: number
  /** Milliseconds since 1970. */
  readonly expiresMs: number
  /** Rises with every change: tells which of two records is the newer one. */
  readonly announced: number
  /** The record as it goes into answers, `address | signature | …`. */
  readonly encoded: Uint8Array
  /** Minutes granted last; 0 where that does not count. */
  readonly ttlMinutes: number
  readonly rank: Rank
}

/** What has to be written down after the table changed, in this order. */
export type TableChange =
  | ({
      readonly type: 'put'
      /** latin1 text of the 32-byte user key. */
      readonly user: string
    } & Omit<StoredRecord, 'announced'>)
  | { readonly type: 'remove'; readonly user: string; readonly clientId: number; readonly address: Uint8Array }

/** What a record says. */
export interface RecordFields {
  readonly address: Uint8Array
  readonly signature: Uint8Array
  /** 0 where records have none. */
  readonly port: number
  readonly priority: number
  readonly clientId: number
}

/** How one generation writes a record into its answers. */
export interface RecordForm {
  readonly addressBytes: number
  /** Whether one device can have several records: where a fellow tracker and the node itself disagree (§8.6, H6). */
  readonly keyedByAddress: boolean
  /** The record as a copy of its own. @throws {WireError} `length` | `out-of-range` */
  encode(fields: RecordFields): Uint8Array
  /** What {@link encode} wrote; byte fields are views. */
  decode(encoded: Uint8Array): RecordFields
}

/** Answers of the classic generation carry this constant, not what is left (§4.4). */
const CLASSIC_TTL_SECONDS = 3600n

export const classicRecords: RecordForm = {
  addressBytes: RECORD_ADDRESS_BYTES,
  keyedByAddress: false,
  encode(fields) {
    const encoded = new Uint8Array(RECORD_BYTES)
    encodeRecordInto({ ...fields, ttlSeconds: CLASSIC_TTL_SECONDS }, encoded, 0)
    return encoded
  },
  decode(encoded) {
    const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
    return {
      address: encoded.subarray(0, 16),
      signature: encoded.subarray(16, 80),
      port: view.getUint16(80),
      priority: view.getUint8(82),
      clientId: view.getUint32(83),
    }
  },
}

export const currentRecords: RecordForm = {
  addressBytes: NODE_KEY_BYTES,
  keyedByAddress: true,
  /** What is left of the lifetime is filled in when an answer is made. */
  encode: (fields) => encodeNodeRecord({ ...fields, lifetimeMs: 0n }),
  decode: (encoded) => ({ ...decodeNodeRecord(encoded), port: 0 }),
}

/** Whether two encoded records carry the same address. */
export function sameAddress(form: RecordForm, a: Uint8Array, b: Uint8Array): boolean {
  return sameStart(a, b, form.addressBytes)
}

/** Whether two encoded records carry the same address and signature. */
export function sameSignedPart(form: RecordForm, a: Uint8Array, b: Uint8Array): boolean {
  return sameStart(a, b, form.addressBytes + RECORD_SIGNATURE_BYTES)
}

function sameStart(a: Uint8Array, b: Uint8Array, byteLength: number): boolean {
  for (let index = 0; index < byteLength; index++) if (a[index] !== b[index]) return false
  return true
}

/** latin1 text of the 32-byte user key: the cheapest text of 32 bytes, and a map key hashed with a secret seed. */
export function userOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('latin1', start, end)
}

export function publicKeyOf(user: string): Uint8Array {
  return Buffer.from(user, 'latin1')
}
