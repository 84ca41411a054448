import { WireError } from '../error.js'
import {
  checkI64,
  checkU64,
  checkUint,
  readI64,
  readU16,
  readU32,
  readU64,
  write32,
  write64,
  writeU16,
} from '../int.js'
import { readUtf8Lenient, readUtf8Strict, utf8ByteLength, writeUtf8 } from '../utf8.js'
import { varintByteLength, writeVarint } from '../varint.js'
import type { Engine } from './engine.js'
import { Fault } from './fault.js'
import type { TlvField } from './table.js'

const FIXED_BYTES: Readonly<Record<string, number>> = { u8: 1, flag: 1, u16: 2, u32: 4, u64: 8, i64: 8 }
const MAX_UINT: Readonly<Record<string, number>> = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff }

/** A row of a table made ready for the engines: how one value of it is measured, written and read. */
export class FieldPlan {
  readonly name: string
  readonly tag: number
  readonly type: TlvField['type']
  readonly optional: boolean
  readonly repeated: boolean
  /** Length of every value, -1 where lengths vary. */
  readonly sizeBytes: number
  readonly nested: Engine | undefined

  constructor(name: string, field: TlvField, nested: Engine | undefined) {
    this.name = name
    this.tag = checkUint(field.tag, 0xff, `${name}.tag`)
    this.type = field.type
    this.optional = field.optional === true
    this.repeated = field.repeated === true
    this.sizeBytes = FIXED_BYTES[field.type] ?? ('sizeBytes' in field ? (field.sizeBytes ?? -1) : -1)
    this.nested = nested
  }

  /** Bytes of one value, without tag and length. @throws {WireError} when the value cannot be encoded. */
  byteLength(value: unknown): number {
    switch (this.type) {
      case 'bytes': {
        const { length } = value as Uint8Array
        return this.sizeBytes < 0 || length === this.sizeBytes ? length : this.refuse(value)
      }
      case 'utf8':
      case 'text':
        return utf8ByteLength(value as string)
      case 'nested':
        return this.nested!.byteLength(value as object)
      case 'u64':
        checkU64(value as bigint, this.name)
        return 8
      case 'i64':
        checkI64(value as bigint, this.name)
        return 8
      case 'flag':
        return 1
      default:
        checkUint(value as number, MAX_UINT[this.type]!, this.name)
        return this.sizeBytes
    }
  }

  /** Tag, length and value at `at`; the value has passed {@link byteLength}. Returns the offset behind it. */
  write(target: Uint8Array, at: number, value: unknown, sizeBytes: number): number {
    target[at] = this.tag
    const start = writeVarint(sizeBytes, target, at + 1)
    switch (this.type) {
      case 'bytes':
        target.set(value as Uint8Array, start)
        break
      case 'utf8':
      case 'text':
        writeUtf8(target, start, value as string, sizeBytes)
        break
      case 'nested':
        this.nested!.encodeInto(value as object, target, start)
        break
      case 'u64':
      case 'i64':
        write64(target, start, value as bigint)
        break
      case 'u32':
        write32(target, start, value as number)
        break
      case 'u16':
        writeU16(target, start, value as number)
        break
      default:
        target[start] = Number(value)
    }
    return start + sizeBytes
  }

  /** The value in `bytes` from `start` to `end`, or why it is invalid. */
  read(bytes: Uint8Array, start: number, end: number): unknown {
    if (this.sizeBytes >= 0 && end - start !== this.sizeBytes) return this.wrongSize(end - start)
    switch (this.type) {
      case 'bytes':
        return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
      case 'utf8':
        return (
          readUtf8Strict(bytes.subarray(start, end)) ?? new Fault('utf8', `${this.name}: expected UTF-8`, this.name)
        )
      case 'text':
        return readUtf8Lenient(bytes.subarray(start, end))
      case 'nested':
        return this.nested!.tryDecode(bytes, start, end)
      case 'u64':
        return readU64(bytes, start)
      case 'i64':
        return readI64(bytes, start)
      case 'u32':
        return readU32(bytes, start)
      case 'u16':
        return readU16(bytes, start)
      case 'flag':
        return bytes[start] !== 0
      default:
        return bytes[start]
    }
  }

  wrongSize(gotBytes: number): Fault {
    return new Fault('length', `${this.name}: expected ${this.sizeBytes} bytes, got ${gotBytes}`, this.name)
  }

  missing(): Fault {
    return new Fault('missing-field', `${this.name}: required, but not there`, this.name)
  }

  /** Whole field of one value: tag, length, value. */
  fieldByteLength(sizeBytes: number): number {
    return 1 + varintByteLength(sizeBytes) + sizeBytes
  }

  /** Say why `value` cannot be encoded. */
  refuse(value: unknown): never {
    if (value === undefined) throw this.missing().toError()
    if (this.type === 'bytes') throw this.wrongSize((value as Uint8Array).length).toError()
    this.byteLength(value)
    throw new WireError('out-of-range', `${this.name}: cannot be encoded`, { field: this.name })
  }
}
