import { WireError } from './error.js'

/** Largest value of a varint: 28 bits in 4 bytes. Source: tracker protocol section 6. */
export const MAX_VARINT = 0x0fff_ffff
/** Longest varint, in bytes. */
export const MAX_VARINT_BYTES = 4

/**
 * Read a varint (groups of 7 bits, lowest first, top bit set on all but the last byte) at `offset`. Forms longer than
 * needed are accepted, as the originals do. The number of bytes taken is {@link varintByteLengthAt}.
 * @throws {WireError} `varint` when the input ends inside it or it goes on after 4 bytes.
 */
export function readVarint(bytes: Uint8Array, offset = 0, end: number = bytes.length): number {
  let value = 0
  for (let index = 0; index < MAX_VARINT_BYTES; index++) {
    if (offset + index >= end) throw new WireError('varint', `varint ends after ${index} bytes without its last byte`)
    const byte = bytes[offset + index]!
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return value
  }
  throw new WireError('varint', `varint goes on after ${MAX_VARINT_BYTES} bytes`)
}

/** Bytes that the varint at `offset`, already accepted by {@link readVarint}, takes up in the input. */
export function varintByteLengthAt(bytes: Uint8Array, offset: number): number {
  let length = 1
  while (bytes[offset + length - 1]! >= 0x80) length++
  return length
}

/**
 * Bytes of the shortest form of `value`.
 * @throws {WireError} `out-of-range` unless it is an integer from 0 to {@link MAX_VARINT}.
 */
export function varintByteLength(value: number): number {
  if (value >>> 0 !== value || value > MAX_VARINT) {
    throw new WireError('out-of-range', `varint: expected an integer from 0 to ${MAX_VARINT}, got ${value}`)
  }
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
}

/**
 * Write the shortest form of `value` at `offset` and return the offset behind it.
 * @throws {WireError} `out-of-range` for a value that does not fit, or a target that is too small.
 */
export function writeVarint(value: number, target: Uint8Array, offset: number): number {
  const end = offset + varintByteLength(value)
  if (end > target.length) {
    throw new WireError('out-of-range', `target of ${target.length} bytes: ${end} needed for a varint`)
  }
  let rest = value
  let at = offset
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
