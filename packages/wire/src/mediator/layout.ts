import { WireError } from '../error.js'
import { newPiece } from '../slab.js'
import type { GroupRow, Presence } from './table.js'

/** One message in one dialect, as bytes and back. */
export interface Layout {
  /** Bytes of the payload. @throws {WireError} when the value cannot be encoded. */
  byteLength(value: object): number
  /** The payload behind `headBytes` bytes of room, written once. @throws {WireError} when the value cannot be encoded. */
  encodeBehind(value: object, headBytes: number): Uint8Array
  /** Write the payload at `at`, where there is room for it; return the offset behind. @throws {WireError} */
  encodeInto(value: object, target: Uint8Array, at: number): number
  /** @throws {WireError} */
  decode(payload: Uint8Array): Values
}

/** A message while it is being made. */
export type Values = Record<string, unknown>

/** Read-only in effect: there is nothing to write into. */
const NOTHING = new Uint8Array(0)

/** What a field reads as that is not there, by its type. */
export const ZERO: Readonly<Record<string, unknown>> = {
  u8: 0,
  u32: 0,
  i64: 0n,
  u64: 0n,
  flag: false,
  bytes: NOTHING,
  utf8: '',
  text: '',
}

/** Whether a field with this presence is on the wire at all. */
export function isWritten(presence: Presence): boolean {
  return presence !== 'absent' && presence !== 'zero'
}

export function missing(field: string): WireError {
  return new WireError('missing-field', `${field}: required, but not there`, { field })
}

/** {@link Layout.encodeBehind} for layouts that are measured first. */
export function writeBehind(layout: Layout, value: object, headBytes: number): Uint8Array {
  const target = newPiece(headBytes + layout.byteLength(value))
  layout.encodeInto(value, target, headBytes)
  return target
}

/** The records to be written. @throws {WireError} `missing-field` when there are none where there must be one. */
export function recordsOf(value: object, group: GroupRow): readonly unknown[] {
  const records = (value as Values)[group.name]
  if (!Array.isArray(records)) throw missing(group.name)
  return checkSome(records, group)
}

/** @throws {WireError} `missing-field` when there must be a record, and is none. */
export function checkSome(records: readonly unknown[], { name, some }: GroupRow): readonly unknown[] {
  if (some && records.length === 0) throw missing(name)
  return records
}

/** Bytes that never change, whatever the value; what is read is not looked at. */
export class RawLayout implements Layout {
  readonly #bytes: Uint8Array

  constructor(bytes: readonly number[]) {
    this.#bytes = Uint8Array.from(bytes)
  }

  byteLength(): number {
    return this.#bytes.length
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return writeBehind(this, value, headBytes)
  }

  encodeInto(_value: object, target: Uint8Array, at: number): number {
    target.set(this.#bytes, at)
    return at + this.#bytes.length
  }

  decode(): Values {
    return {}
  }
}
