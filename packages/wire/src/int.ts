import { WireError } from './error.js'

// One scratch word for the whole module: a DataView per message costs more than the message does (50 ns), and the engine
// turns these loads and stores into plain moves, also between bigint and halves (DataView's bigint methods: 8 ns).
const unsignedWord = new BigUint64Array(1)
const signedWord = new BigInt64Array(unsignedWord.buffer)
const halves = new Uint32Array(unsignedWord.buffer)
const HIGH: 0 | 1 = ((): 0 | 1 => {
  unsignedWord[0] = 1n
  return halves[0] === 1 ? 1 : 0
})()
const LOW: 0 | 1 = HIGH === 1 ? 0 : 1

// Two comparisons with round limits are the cheapest range check of a bigint: nothing is allocated.
const TWO_63 = 0x8000_0000_0000_0000n
const TWO_64 = 0x1_0000_0000_0000_0000n

/** The unsigned 64-bit integer of two 32-bit halves. */
export function u64FromHalves(high: number, low: number): bigint {
  halves[HIGH] = high
  halves[LOW] = low
  return unsignedWord[0]!
}

/** The signed (two's complement) 64-bit integer of two 32-bit halves. */
export function i64FromHalves(high: number, low: number): bigint {
  halves[HIGH] = high
  halves[LOW] = low
  return signedWord[0]!
}

/** Bits 32 to 63 of a 64-bit integer, signed or not, as an unsigned number. */
export function highHalf(value: bigint): number {
  unsignedWord[0] = value
  return halves[HIGH]!
}

/** Bits 0 to 31 of the value last given to {@link highHalf}: one conversion serves both halves. */
export function lowHalfOfLast(): number {
  return halves[LOW]!
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
  return u64FromHalves(readI32(bytes, at), readI32(bytes, at + 4))
}

export function readI64(bytes: Uint8Array, at: number): bigint {
  return i64FromHalves(readI32(bytes, at), readI32(bytes, at + 4))
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
  if (typeof value === 'bigint' && value >= 0n && value < TWO_64) return value
  throw outOfRange(value, 'an unsigned 64-bit bigint', field)
}

/** @throws {WireError} `out-of-range` unless `value` is a bigint that fits a signed 64-bit field. */
export function checkI64(value: bigint, field: string): bigint {
  if (typeof value === 'bigint' && value >= -TWO_63 && value < TWO_63) return value
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
