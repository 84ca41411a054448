import { WireError } from '../error.js'
import { readI32, readU32, write32 } from '../int.js'
import { HEADER_BYTES } from './codes.js'

const TWO_32 = 0x1_0000_0000

/** Type code of the header at `at`. */
export function readTypeCode(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + 4)
}

/**
 * `size` of the header at `at`; exact up to 2^53 bytes, which is beyond every limit.
 * @throws {WireError} `header-size` when it is negative.
 */
export function readSize(bytes: Uint8Array, at: number): number {
  const high = readI32(bytes, at + 8)
  if (high >= 0) return high * TWO_32 + readU32(bytes, at + 12)
  throw new WireError('header-size', `header of a frame of type ${readTypeCode(bytes, at)}: its size is negative`)
}

/** Write a header at `at`; return the offset behind it. */
export function writeHeader(target: Uint8Array, at: number, typeCode: number, size: number): number {
  write32(target, at, 0)
  write32(target, at + 4, typeCode)
  write32(target, at + 8, Math.floor(size / TWO_32))
  write32(target, at + 12, size)
  return at + HEADER_BYTES
}
