import { WireError } from '../error.js'
import { readI32, readI64 } from '../int.js'
import { HEADER_BYTES } from './codes.js'
import type { FrameLimits } from './limits.js'

/**
 * Where a decoder stands in a frame that may not be complete. Body readers ask {@link has} before they touch bytes;
 * when it says no, `neededBytes` tells how much of the frame must be there before another attempt can get further, so
 * that no body is scanned again for every chunk of it.
 */
export class FrameCursor {
  readonly limits: FrameLimits
  /** See {@link EncodingRules.requestFrames}. */
  readonly requestFrames: boolean
  bytes: Uint8Array = EMPTY
  /** Offset of the frame's first byte. */
  start = 0
  /** Offset behind the last byte that has arrived. */
  end = 0
  /** Offset of the next byte to read. */
  at = 0
  neededBytes: number = HEADER_BYTES
  /** Bytes behind `at` that belong to the frame and are to be dropped unread. */
  skipBytes = 0

  constructor(limits: FrameLimits, requestFrames = true) {
    this.limits = limits
    this.requestFrames = requestFrames
  }

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.start = this.at = start
    this.end = end
    this.neededBytes = HEADER_BYTES
    this.skipBytes = 0
  }

  has(sizeBytes: number): boolean {
    if (this.end - this.at >= sizeBytes) return true
    this.neededBytes = this.at - this.start + sizeBytes
    return false
  }

  u8(): number {
    return this.bytes[this.at++]!
  }

  i32(): number {
    const value = readI32(this.bytes, this.at)
    this.at += 4
    return value
  }

  i64(): bigint {
    const value = readI64(this.bytes, this.at)
    this.at += 8
    return value
  }

  view(sizeBytes: number): Uint8Array {
    const start = this.at
    this.at = start + sizeBytes
    return this.bytes.subarray(start, this.at)
  }

  /** A length field, refused unless it is from `min` to `max` bytes. */
  length(min: number, max: number, field: string): number {
    const value = this.i32()
    if (value >= min && value <= max) return value
    const expected = min === max ? `${max}` : `${min} to ${max}`
    throw new WireError('length', `${field}: expected a length of ${expected} bytes, got ${value}`, { field })
  }
}

const EMPTY = new Uint8Array(0)
