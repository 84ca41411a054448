import { StoreError } from './error.js'

/** What SQLite can hold. Numbers must be finite; integers beyond 2^53 are bigints. */
export type Value = null | number | bigint | string | Uint8Array

/** One row, by column name. Of two columns with one name the last counts. */
export type Row = Record<string, Value>

/** What a driver is given: integers are always bigints, because as numbers they would be stored as reals. */
export type BoundValue = null | number | bigint | string | Uint8Array

// Two of the drivers read text only up to the first NUL, one writes half surrogate pairs as bytes that are no UTF-8, and
// one of them ends the process on reading such bytes.
const UNSTORABLE = /[\0\ud800-\udfff]/
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * Check parameters and bring them into the form that every driver treats alike. Some drivers store nonsense for a value
 * that SQLite cannot hold, or for one too few; one ends the process.
 * @param count - how many parameters the statement has
 * @throws {TypeError} another count, or a value that SQLite cannot hold
 */
export function bindAll(params: readonly Value[], count: number): BoundValue[] {
  if (params.length !== count) throw new TypeError(`expected ${count} parameters, got ${params.length}`)
  const bound = new Array<BoundValue>(count)
  for (let index = 0; index < count; index++) bound[index] = bind(params[index]!, index)
  return bound
}

function bind(value: Value, index: number): BoundValue {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'string') {
    return UNSTORABLE.test(value) ? value.replaceAll('\0', '\ufffd').replaceAll(LONE_SURROGATE, '\ufffd') : value
  }
  const fits =
    value === null ||
    value instanceof Uint8Array ||
    (typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value === 'bigint' && BigInt.asIntN(64, value) === value)
  if (fits) return value
  const got = typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value
  throw new TypeError(`expected null, text, Uint8Array or a 64-bit number as parameter ${index + 1}, got ${got}`)
}

/**
 * A row as a driver gave it, in place, in the form that all have in common: bytes as plain `Uint8Array`.
 * @throws {StoreError} `out-of-range` for a number that may be a rounded integer
 */
export function normaliseRow(row: Record<string, unknown>): Row {
  for (const name in row) {
    const value = row[name]
    if (typeof value === 'number') {
      if ((value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) && Number.isFinite(value)) {
        throw outOfRange(name)
      }
    } else if (typeof value === 'object' && value !== null) {
      row[name] = toBytes(value)
    }
  }
  return row as Row
}

export function outOfRange(column: string): StoreError {
  return new StoreError('out-of-range', `${column} holds a number beyond 2^53: prepare with { bigints: true }`)
}

function toBytes(value: object): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  const { buffer, byteOffset, byteLength } = value as Uint8Array
  return new Uint8Array(buffer, byteOffset, byteLength)
}
