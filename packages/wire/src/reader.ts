import { WireError } from './error.js'
import { readI32, readI64, readU16, readU32, readU64 } from './int.js'
import { readVarint, varintByteLengthAt } from './varint.js'

/**
 * Reads big-endian fields one after another from a complete buffer, never past `end`. Byte fields are views into that
 * buffer: copy what outlives it.
 * @example
 * const reader = new Reader(datagram)
 * const nonce = reader.u32()
 * const key = reader.bytes(32)
 * reader.end()
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Position of the next field in the buffer, in bytes. */
  get offset(): number {
    return this.#at
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** @throws {WireError} `truncated` */
  u8(): number {
    return this.#bytes[this.#take(1)]!
  }

  /** @throws {WireError} `truncated` */
  u16(): number {
    return readU16(this.#bytes, this.#take(2))
  }

  /** @throws {WireError} `truncated` */
  u32(): number {
    return readU32(this.#bytes, this.#take(4))
  }

  /** @throws {WireError} `truncated` */
  i32(): number {
    return readI32(this.#bytes, this.#take(4))
  }

  /** @throws {WireError} `truncated` */
  u64(): bigint {
    return readU64(this.#bytes, this.#take(8))
  }

  /** @throws {WireError} `truncated` */
  i64(): bigint {
    return readI64(this.#bytes, this.#take(8))
  }

  /** @throws {WireError} `varint` */
  varint(): number {
    const value = readVarint(this.#bytes, this.#at, this.#end)
    this.#at += varintByteLengthAt(this.#bytes, this.#at)
    return value
  }

  /** A view of the next `sizeBytes` bytes. @throws {WireError} `truncated` */
  bytes(sizeBytes: number): Uint8Array {
    const start = this.#take(sizeBytes)
    return this.#bytes.subarray(start, start + sizeBytes)
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /** Say that the value is complete. @throws {WireError} `trailing` when bytes are left over. */
  end(): void {
    if (this.#at !== this.#end) throw new WireError('trailing', `${this.remaining} bytes are left over after the value`)
  }

  #take(sizeBytes: number): number {
    const start = this.#at
    if (sizeBytes > this.#end - start) {
      throw new WireError('truncated', `expected ${sizeBytes} bytes at offset ${start}, got ${this.#end - start}`)
    }
    this.#at = start + sizeBytes
    return start
  }
}
