import { MAX_VARINT_BYTES } from '../varint.js'
import { Fault } from './fault.js'

/** Walks over the fields of a payload, `tag u8 | length varint | value`, up to its end. */
export class TlvScanner {
  readonly #bytes: Uint8Array
  readonly #end: number
  tag = 0
  /** Offset of the current value. */
  start = 0
  /** Offset behind the current value, where the next field begins. */
  end: number
  fault: Fault | undefined

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.end = start
  }

  /** Step to the next field; `false` at the end of the payload, or at a {@link fault}. */
  next(): boolean {
    if (this.end >= this.#end) return false
    this.tag = this.#bytes[this.end]!
    const scanned = scanLength(this.#bytes, this.end + 1, this.#end)
    if (scanned < 0) {
      this.fault = lengthFault(this.tag)
      return false
    }
    this.start = this.end + 1 + (scanned & 7)
    const length = scanned >>> 3
    if (length > this.#end - this.start) {
      this.fault = truncatedFault(this.tag, length, this.#end - this.start)
      return false
    }
    this.end = this.start + length
    return true
  }
}

/** The varint at `at` times 8 plus the bytes it takes up (forms longer than needed included); -1 when there is none. */
export function scanLength(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  for (let index = 0; index < MAX_VARINT_BYTES && at + index < end; index++) {
    const byte = bytes[at + index]!
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return value * 8 + index + 1
  }
  return -1
}

export function lengthFault(tag: number): Fault {
  return new Fault('varint', `field of tag ${tag}: expected a length of 1 to ${MAX_VARINT_BYTES} bytes behind it`)
}

export function truncatedFault(tag: number, expectedBytes: number, gotBytes: number): Fault {
  return new Fault('truncated', `field of tag ${tag}: expected ${expectedBytes} bytes, got ${gotBytes}`)
}
