import { write32 } from '../int.js'
import { type TlvCodec, type TlvTable, type TlvValue, tlvCodec } from '../tlv/index.js'
import { TlvScanner } from '../tlv/scan.js'
import { checkSome, isWritten, type Layout, missing, recordsOf, type Values, writeBehind, ZERO } from './layout.js'
import type { FieldRow, GroupRow } from './table.js'

type AnyCodec = TlvCodec<TlvTable>

const COUNT_TAG = 0x31
/** Tag, length and value of a count. */
const COUNT_BYTES = 6

/** Rows as a codec of the TLV engine, and what is done to its values. */
class TlvRows {
  readonly #codec: AnyCodec
  readonly #defaults: readonly (readonly [string, unknown])[]
  readonly #emptyIsAbsent: readonly string[]
  readonly #alternatives: readonly FieldRow[]
  readonly #dropWithout: readonly string[]

  constructor(rows: readonly FieldRow[]) {
    const written = rows.filter(({ tlv = 'required' }) => isWritten(tlv))
    const table = written.map(({ name, tag, type, sizeBytes, tlv = 'required' }) => [
      name,
      {
        tag,
        type,
        ...(sizeBytes === undefined ? undefined : { sizeBytes }),
        ...(tlv === 'required' ? undefined : { optional: true as const }),
      },
    ])
    this.#codec = tlvCodec(Object.fromEntries(table) as TlvTable)
    this.#defaults = rows
      .filter(({ tlv }) => tlv === 'default' || tlv === 'zero')
      .map(({ name, type }) => [name, ZERO[type]])
    this.#emptyIsAbsent = written.filter((row) => row.emptyIsAbsent).map(({ name }) => name)
    this.#alternatives = written.filter(({ unless }) => unless !== undefined)
    this.#dropWithout = written.filter(({ tlv }) => tlv === 'drop').map(({ name }) => name)
  }

  byteLength(value: object): number {
    this.#checkAlternatives(value as Values)
    return this.#codec.byteLength(this.#written(value))
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    this.#checkAlternatives(value as Values)
    return this.#codec.encodeBehind(this.#written(value), headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    return this.#codec.encodeInto(this.#written(value), target, at)
  }

  decode(payload: Uint8Array, start: number, end: number): Values {
    const values = this.#codec.decode(payload, start, end) as Values
    for (const [name, fallback] of this.#defaults) if (values[name] === undefined) values[name] = fallback
    for (const name of this.#emptyIsAbsent) if (isEmpty(values[name])) values[name] = undefined
    this.#checkAlternatives(values)
    return values
  }

  /** Whether a record has what it cannot do without. */
  isWhole(values: Values): boolean {
    return this.#dropWithout.every((name) => values[name] !== undefined)
  }

  #written(value: object): TlvValue<TlvTable> {
    if (!this.#emptyIsAbsent.some((name) => isEmpty((value as Values)[name]))) return value as TlvValue<TlvTable>
    const copy: Values = { ...value }
    for (const name of this.#emptyIsAbsent) if (isEmpty(copy[name])) copy[name] = undefined
    return copy as TlvValue<TlvTable>
  }

  #checkAlternatives(values: Values): void {
    for (const { name, unless } of this.#alternatives) {
      if (values[name] === undefined && values[unless!] === undefined) throw missing(name)
    }
  }
}

function isEmpty(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 0
}

/** A sequence of fields in any order. Source: mediator protocol §4.1. */
export class TlvLayout implements Layout {
  readonly #rows: TlvRows

  constructor(fields: readonly FieldRow[]) {
    this.#rows = new TlvRows(fields)
  }

  byteLength(value: object): number {
    return this.#rows.byteLength(value)
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return this.#rows.encodeBehind(value, headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    return this.#rows.encodeInto(value, target, at)
  }

  decode(payload: Uint8Array): Values {
    return this.#rows.decode(payload, 0, payload.length)
  }
}

/**
 * Fields, a count, and records. A record begins at the tag of its first row and ends where the next begins; the count is only
 * a hint, what stands in front of the first record is not one. Source: mediator protocol §4.3.
 */
export class TlvGroupLayout implements Layout {
  readonly #head: TlvRows | undefined
  readonly #records: TlvRows
  readonly #group: GroupRow
  readonly #startTag: number
  /** Name of the only row of records that are bare values. */
  readonly #bare: string | undefined

  constructor(fields: readonly FieldRow[], group: GroupRow) {
    this.#head = fields.length === 0 ? undefined : new TlvRows(fields)
    this.#records = new TlvRows(group.rows)
    this.#group = group
    const first = group.rows.find(({ tlv = 'required' }) => isWritten(tlv))!
    this.#startTag = first.tag
    this.#bare = group.bare ? first.name : undefined
  }

  byteLength(value: object): number {
    let size = (this.#head?.byteLength(value) ?? 0) + COUNT_BYTES
    for (const record of recordsOf(value, this.#group)) size += this.#records.byteLength(this.#asObject(record))
    return size
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return writeBehind(this, value, headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    const records = recordsOf(value, this.#group)
    const countAt = this.#head?.encodeInto(value, target, at) ?? at
    target[countAt] = COUNT_TAG
    target[countAt + 1] = 4
    write32(target, countAt + 2, records.length)
    let end = countAt + COUNT_BYTES
    for (const record of records) end = this.#records.encodeInto(this.#asObject(record), target, end)
    return end
  }

  decode(payload: Uint8Array): Values {
    const values = this.#head?.decode(payload, 0, payload.length) ?? {}
    const records: unknown[] = []
    const scanner = new TlvScanner(payload, 0, payload.length)
    let recordAt = -1
    let fieldAt = 0
    while (scanner.next()) {
      if (scanner.tag === this.#startTag) {
        if (recordAt >= 0) this.#take(records, payload, recordAt, fieldAt)
        recordAt = fieldAt
      }
      fieldAt = scanner.end
    }
    if (scanner.fault !== undefined) throw scanner.fault.toError()
    if (recordAt >= 0) this.#take(records, payload, recordAt, payload.length)
    values[this.#group.name] = checkSome(records, this.#group)
    return values
  }

  #take(records: unknown[], payload: Uint8Array, start: number, end: number): void {
    const record = this.#records.decode(payload, start, end)
    if (!this.#records.isWhole(record)) return
    records.push(this.#bare === undefined ? record : record[this.#bare])
  }

  #asObject(record: unknown): object {
    return this.#bare === undefined ? (record as object) : { [this.#bare]: record }
  }
}
