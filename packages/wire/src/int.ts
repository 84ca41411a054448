import { WireError } from './error.js'

// One scratch word for the whole module: a DataView per message costs more than the message (50 ns), and the engine
// turns these calls into plain moves.
const word = new DataView(new ArrayBuffer(8))

const MAX_U64 = 0xffff_ffff_ffff_ffffn
const MAX_I64 = 0x7fff_ffff_ffff_ffffn
const MIN_I64 = -0x8000_0000_0000_0000n

/** The unsigned 64-bit integer of two unsigned 32-bit halves. */
export function u64FromHalves(high: number, low: number): bigint {
  word.setUint32(0, high)
  word.setUint32(4, low)
  return word.getBigUint64(0)
}

/** The signed (two's complement) 64-bit integer of two unsigned 32-bit halves. */
export function i64FromHalves(high: number, low: number): bigint {
  word.setUint32(0, high)
  word.setUint32(4, low)
  return word.getBigInt64(0)
}

/** Bits 32 to 63 of a 64-bit integer, signed or not, as an unsigned number. */
export function highHalf(value: bigint): number {
  word.setBigUint64(0, value)
  return word.getUint32(0)
}

/** Bits 0 to 31 of the value last given to {@link highHalf}: one conversion serves both halves. */
export function lowHalfOfLast(): number {
  return word.getUint32(4)
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

export function readU32(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at) >>> 0
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  return u64FromHalves(readU32(bytes, at), readU32(bytes, at + 4))
}

export function readI64(bytes: Uint8Array, at: number): bigint {
  return i64FromHalves(readU32(bytes, at), readU32(bytes, at + 4))
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** Write the low 32 bits of `value`, which serves signed and unsigned fields alike. */
export function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Write the low 64 bits of `value`, which serves signed and unsigned fields alike. */
export function write64(bytes: Uint8Array, at: number, value: bigint): void {
  write32(bytes, at, highHalf(value))
  write32(bytes, at + 4, lowHalfOfLast())
}

/** @throws {WireError} `out-of-range` unless `value` is an integer from 0 to `max`. */
export function checkUint(value: number, max: number, field: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw outOfRange(value, `an integer from 0 to ${max}`, field)
}

/** @throws {WireError} `out-of-range` unless `value` fits a signed 32-bit field. */
export function checkI32(value: number, field: string): number {
  if ((value | 0) === value) return value
  throw outOfRange(value, 'a signed 32-bit integer', field)
}

/** @throws {WireError} `out-of-range` unless `value` is a bigint that fits an unsigned 64-bit field. */
export function checkU64(value: bigint, field: string): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= MAX_U64) return value
  throw outOfRange(value, 'an unsigned 64-bit bigint', field)
}

/** @throws {WireError} `out-of-range` unless `value` is a bigint that fits a signed 64-bit field. */
export function checkI64(value: bigint, field: string): bigint {
  if (typeof value === 'bigint' && value >= MIN_I64 && value <= MAX_I64) return value
  throw outOfRange(value, 'a signed 64-bit bigint', field)
}

/** @throws {WireError} `length` unless `bytes` is exactly `expected` bytes long. */
export function checkBytes(bytes: Uint8Array, expected: number, field: string): Uint8Array {
  if (bytes.length === expected) return bytes
  throw new WireError('length', `${field}: expected ${expected} bytes, got ${bytes.length}`, { field })
}

function outOfRange(value: unknown, expected: string, field: string): WireError {
  return new WireError('out-of-range', `${field}: expected ${expected}, got ${typeof value} ${String(value)}`, {
    field,
  })
}
