import { exactly, requireBytes, uint, uint64, viewOf } from './layout.js'

/** A field at a fixed place. Integers are big-endian; `u64` is a bigint. */
export interface FixedField {
  readonly name: string
  readonly type: 'u8' | 'u32' | 'u64' | 'bytes'
  /** Of `bytes`. */
  readonly sizeBytes?: number
}

const SIZES: Readonly<Record<FixedField['type'], number>> = { u8: 1, u32: 4, u64: 8, bytes: 0 }

type Values = Record<string, unknown>

/** Fields one behind the other, from a table in the order of the wire. */
export class FixedLayout {
  readonly sizeBytes: number
  readonly #fields: readonly FixedField[]
  readonly #message: string

  constructor(message: string, fields: readonly FixedField[]) {
    this.#message = message
    this.#fields = fields
    this.sizeBytes = fields.reduce((sum, field) => sum + fieldBytes(field), 0)
  }

  /** Write at `at` of `target`, which has the room. @throws {WireError} `length` | `out-of-range` */
  write(value: object, target: Uint8Array, at: number): void {
    const view = viewOf(target)
    let offset = at
    for (const field of this.#fields) {
      const member = (value as Values)[field.name]
      const name = `${this.#message}.${field.name}`
      if (field.type === 'u8') view.setUint8(offset, uint(member as number, 0xff, name))
      else if (field.type === 'u32') view.setUint32(offset, uint(member as number, 0xffff_ffff, name))
      else if (field.type === 'u64') view.setBigUint64(offset, uint64(member as bigint, name))
      else target.set(exactly(member as Uint8Array, fieldBytes(field), name), offset)
      offset += fieldBytes(field)
    }
  }

  /** Read from `at` of `bytes`, which has them all; byte fields are views. */
  read(bytes: Uint8Array, at: number): object {
    const view = viewOf(bytes)
    const value: Values = {}
    let offset = at
    for (const field of this.#fields) {
      const end = offset + fieldBytes(field)
      if (field.type === 'u8') value[field.name] = view.getUint8(offset)
      else if (field.type === 'u32') value[field.name] = view.getUint32(offset)
      else if (field.type === 'u64') value[field.name] = view.getBigUint64(offset)
      else value[field.name] = bytes.subarray(offset, end)
      offset = end
    }
    return value
  }
}

/** What stands behind the header of a request or an answer. */
export interface Body {
  /** The body behind `headBytes` bytes of room. @throws {WireError} what the decoder would refuse */
  encodeBehind(value: object, headBytes: number): Uint8Array
  /** The body from `at` on; surplus bytes are accepted. Byte fields are views. @throws {WireError} */
  decode(bytes: Uint8Array, at: number): object
}

/** One {@link FixedLayout}. */
export class FixedBody implements Body {
  readonly #layout: FixedLayout
  readonly #message: string

  constructor(message: string, fields: readonly FixedField[]) {
    this.#layout = new FixedLayout(message, fields)
    this.#message = message
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    const bytes = new Uint8Array(headBytes + this.#layout.sizeBytes)
    this.#layout.write(value, bytes, headBytes)
    return bytes
  }

  decode(bytes: Uint8Array, at: number): object {
    requireBytes(bytes, at + this.#layout.sizeBytes, this.#message)
    return this.#layout.read(bytes, at)
  }
}

/** So many bytes that nobody looks at, written as zeros. */
export class FillerBody implements Body {
  readonly #sizeBytes: number
  readonly #message: string

  constructor(message: string, sizeBytes: number) {
    this.#message = message
    this.#sizeBytes = sizeBytes
  }

  encodeBehind(_value: object, headBytes: number): Uint8Array {
    return new Uint8Array(headBytes + this.#sizeBytes)
  }

  decode(bytes: Uint8Array, at: number): object {
    requireBytes(bytes, at + this.#sizeBytes, this.#message)
    return {}
  }
}

function fieldBytes({ type, sizeBytes }: FixedField): number {
  return sizeBytes ?? SIZES[type]
}
