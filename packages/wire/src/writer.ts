import { WireError } from './error.js'
import { checkI32, checkI64, checkU64, checkUint, write32, write64, writeU16 } from './int.js'
import { writeVarint } from './varint.js'

/**
 * Writes big-endian fields one after another into a buffer of known size: size first, allocate once, write once. A
 * value that does not fit its field is refused, where a typed array would wrap it silently.
 * @example
 * const bytes = new Writer(8).u32(nonce).u32(count).finish()
 */
export class Writer {
  readonly #target: Uint8Array
  readonly #start: number
  #at: number

  /** @param target - a size in bytes to allocate, or a buffer to write into from `start` on. */
  constructor(target: number | Uint8Array, start = 0) {
    this.#target = typeof target === 'number' ? new Uint8Array(target) : target
    this.#start = start
    this.#at = start
  }

  /** Position of the next field in the buffer, in bytes. */
  get offset(): number {
    return this.#at
  }

  /** @throws {WireError} `out-of-range` */
  u8(value: number, field = 'u8'): this {
    this.#target[this.#take(1)] = checkUint(value, 0xff, field)
    return this
  }

  /** @throws {WireError} `out-of-range` */
  u16(value: number, field = 'u16'): this {
    writeU16(this.#target, this.#take(2), checkUint(value, 0xffff, field))
    return this
  }

  /** @throws {WireError} `out-of-range` */
  u32(value: number, field = 'u32'): this {
    write32(this.#target, this.#take(4), checkUint(value, 0xffff_ffff, field))
    return this
  }

  /** @throws {WireError} `out-of-range` */
  i32(value: number, field = 'i32'): this {
    write32(this.#target, this.#take(4), checkI32(value, field))
    return this
  }

  /** @throws {WireError} `out-of-range` */
  u64(value: bigint, field = 'u64'): this {
    write64(this.#target, this.#take(8), checkU64(value, field))
    return this
  }

  /** @throws {WireError} `out-of-range` */
  i64(value: bigint, field = 'i64'): this {
    write64(this.#target, this.#take(8), checkI64(value, field))
    return this
  }

  /** @throws {WireError} `out-of-range` */
  varint(value: number): this {
    this.#at = writeVarint(value, this.#target, this.#at)
    return this
  }

  /** Copy `bytes` in, without a length. @throws {WireError} `out-of-range` when there is no room. */
  bytes(bytes: Uint8Array): this {
    this.#target.set(bytes, this.#take(bytes.length))
    return this
  }

  /** What was written, as a view of the buffer. */
  finish(): Uint8Array {
    return this.#target.subarray(this.#start, this.#at)
  }

  #take(sizeBytes: number): number {
    const start = this.#at
    if (start + sizeBytes > this.#target.length) {
      throw new WireError('out-of-range', `target of ${this.#target.length} bytes: ${start + sizeBytes} needed`)
    }
    this.#at = start + sizeBytes
    return start
  }
}
