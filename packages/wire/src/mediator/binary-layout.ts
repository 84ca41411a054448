import { WireError } from '../error.js'
import { readU16, readU32, write32, write64, writeU16 } from '../int.js'
import { Fault } from '../tlv/fault.js'
import { FieldPlan } from '../tlv/plan.js'
import { writeUtf8 } from '../utf8.js'
import { checkSome, isWritten, type Layout, recordsOf, type Values, writeBehind, ZERO } from './layout.js'
import type { FieldRow, GroupRow } from './table.js'

const MAX_TEXT_BYTES = 0xffff
const COUNT_BYTES = 4

/** Where a reader stands in a payload. */
interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/** One field of a fixed layout: `str` with two bytes of length, `blob` with four, everything else as it is. */
class BinaryField {
  readonly name: string
  readonly plan: FieldPlan
  readonly zero: unknown
  readonly isDefault: boolean
  readonly emptyIsAbsent: boolean
  /** Bytes of the length in front of the value, 0 where the length is fixed. */
  readonly prefixBytes: 0 | 2 | 4

  constructor(row: FieldRow) {
    const { name, tag, type, sizeBytes } = row
    this.name = name
    this.plan = new FieldPlan(name, sizeBytes === undefined ? { tag, type } : { tag, type, sizeBytes }, undefined)
    this.zero = ZERO[type]
    this.emptyIsAbsent = row.emptyIsAbsent === true
    this.isDefault = row.binary === 'default' || this.emptyIsAbsent
    this.prefixBytes = this.plan.sizeBytes >= 0 ? 0 : type === 'bytes' ? 4 : 2
  }

  /** The value as it is written. @throws {WireError} `missing-field` */
  valueIn(values: Values): unknown {
    const value = values[this.name]
    if (value !== undefined) return value
    return this.isDefault ? this.zero : this.plan.refuse(value)
  }

  byteLength(value: unknown): number {
    const sizeBytes = this.plan.byteLength(value)
    if (this.prefixBytes === 2 && sizeBytes > MAX_TEXT_BYTES) {
      throw new WireError('length', `${this.name}: expected at most ${MAX_TEXT_BYTES} bytes, got ${sizeBytes}`, {
        field: this.name,
      })
    }
    return this.prefixBytes + sizeBytes
  }

  write(target: Uint8Array, at: number, value: unknown): number {
    switch (this.plan.type) {
      case 'bytes':
        return this.#writeBytes(target, at, value as Uint8Array)
      case 'u64':
      case 'i64':
        write64(target, at, value as bigint)
        return at + 8
      case 'u32':
        write32(target, at, value as number)
        return at + 4
      case 'u8':
      case 'flag':
        target[at] = Number(value)
        return at + 1
      default: {
        const sizeBytes = this.plan.byteLength(value)
        writeU16(target, at, sizeBytes)
        return writeUtf8(target, at + 2, value as string, sizeBytes)
      }
    }
  }

  /** @throws {WireError} `truncated` or `utf8` */
  read(cursor: Cursor): unknown {
    const { bytes } = cursor
    const left = bytes.length - cursor.at - this.prefixBytes
    if (left < 0) throw truncated(this.name, this.prefixBytes, left + this.prefixBytes)
    const sizeBytes = this.#sizeAt(bytes, cursor.at)
    if (sizeBytes > left) throw truncated(this.name, sizeBytes, left)
    const start = cursor.at + this.prefixBytes
    cursor.at = start + sizeBytes
    const value = this.plan.read(bytes, start, cursor.at)
    if (value instanceof Fault) throw value.toError()
    return this.emptyIsAbsent && sizeBytes === 0 ? undefined : value
  }

  #sizeAt(bytes: Uint8Array, at: number): number {
    if (this.prefixBytes === 0) return this.plan.sizeBytes
    return this.prefixBytes === 2 ? readU16(bytes, at) : readU32(bytes, at)
  }

  #writeBytes(target: Uint8Array, at: number, value: Uint8Array): number {
    if (this.prefixBytes === 4) write32(target, at, value.length)
    const start = at + this.prefixBytes
    target.set(value, start)
    return start + value.length
  }
}

/** Rows one behind the other. */
class BinaryRows {
  readonly #fields: readonly BinaryField[]
  readonly #zeros: readonly (readonly [string, unknown])[]

  constructor(rows: readonly FieldRow[]) {
    this.#fields = rows.filter(({ binary = 'required' }) => isWritten(binary)).map((row) => new BinaryField(row))
    this.#zeros = rows.filter(({ binary }) => binary === 'zero').map(({ name, type }) => [name, ZERO[type]])
  }

  byteLength(value: object): number {
    let size = 0
    for (const field of this.#fields) size += field.byteLength(field.valueIn(value as Values))
    return size
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    let end = at
    for (const field of this.#fields) end = field.write(target, end, field.valueIn(value as Values))
    return end
  }

  decode(cursor: Cursor): Values {
    const values: Values = {}
    for (const field of this.#fields) values[field.name] = field.read(cursor)
    for (const [name, zero] of this.#zeros) values[name] = zero
    return values
  }
}

/** Fields from the front, at fixed places; what follows them is ignored. Source: mediator protocol §5. */
export class BinaryLayout implements Layout {
  readonly #rows: BinaryRows

  constructor(fields: readonly FieldRow[]) {
    this.#rows = new BinaryRows(fields)
  }

  byteLength(value: object): number {
    return this.#rows.byteLength(value)
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return writeBehind(this, value, headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    return this.#rows.encodeInto(value, target, at)
  }

  decode(payload: Uint8Array): Values {
    return this.#rows.decode({ bytes: payload, at: 0 })
  }
}

/** Fields, `count u32`, and as many records. */
export class BinaryGroupLayout implements Layout {
  readonly #head: BinaryRows
  readonly #records: BinaryRows
  readonly #group: GroupRow
  /** Name of the only row of records that are bare values. */
  readonly #bare: string | undefined

  constructor(fields: readonly FieldRow[], group: GroupRow) {
    this.#head = new BinaryRows(fields)
    this.#records = new BinaryRows(group.rows)
    this.#group = group
    this.#bare = group.bare ? group.rows[0]!.name : undefined
  }

  byteLength(value: object): number {
    let size = this.#head.byteLength(value) + COUNT_BYTES
    for (const record of recordsOf(value, this.#group)) size += this.#records.byteLength(this.#asObject(record))
    return size
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return writeBehind(this, value, headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    const records = recordsOf(value, this.#group)
    const countAt = this.#head.encodeInto(value, target, at)
    write32(target, countAt, records.length)
    let end = countAt + COUNT_BYTES
    for (const record of records) end = this.#records.encodeInto(this.#asObject(record), target, end)
    return end
  }

  decode(payload: Uint8Array): Values {
    const cursor = { bytes: payload, at: 0 }
    const values = this.#head.decode(cursor)
    const count = this.#readCount(cursor)
    const records: unknown[] = []
    while (records.length < count) {
      const record = this.#records.decode(cursor)
      records.push(this.#bare === undefined ? record : record[this.#bare])
    }
    values[this.#group.name] = checkSome(records, this.#group)
    return values
  }

  #readCount(cursor: Cursor): number {
    const left = cursor.bytes.length - cursor.at
    if (left < COUNT_BYTES) throw truncated(this.#group.name, COUNT_BYTES, left)
    cursor.at += COUNT_BYTES
    return readU32(cursor.bytes, cursor.at - COUNT_BYTES)
  }

  #asObject(record: unknown): object {
    return this.#bare === undefined ? (record as object) : { [this.#bare]: record }
  }
}

function truncated(field: string, expectedBytes: number, gotBytes: number): WireError {
  return new WireError('truncated', `${field}: expected ${expectedBytes} bytes, got ${gotBytes}`, { field })
}
