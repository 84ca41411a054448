import type { CustomTypesConfig } from 'pg'

/** A value of a row, by its column's type: bytea, bigint, integer, boolean, text. */
export type Value = Uint8Array | bigint | number | boolean | string | null

export type Row = Record<string, Value>

/** What is given to a statement. Keys and blobs are bytes; `pg` sends them as they are. */
export type Parameter = Uint8Array | bigint | number | boolean | string | null | readonly bigint[]

// Type numbers of PostgreSQL's catalogue, pg_type.dat.
const PARSERS: Readonly<Record<number, (text: string) => Value>> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text.slice(2), 'hex'),
  20: BigInt,
  23: Number,
}

/** Whatever the program has set for `pg` elsewhere: integers of 64 bits are bigints here. */
export const types: CustomTypesConfig = {
  getTypeParser: ((oid: number) => PARSERS[oid] ?? ((text: string) => text)) as CustomTypesConfig['getTypeParser'],
}

/** A bytea of `pg` is a Buffer, perhaps a part of a pool that others share: plain bytes of the same memory. */
function bytesOf(value: Value | undefined, column: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column}: expected bytes, got ${typeof value}`)
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

export function bytesIn(row: Row, column: string): Uint8Array {
  return bytesOf(row[column], column)
}

export function bytesOrNone(row: Row, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : bytesOf(row[column], column)
}

export function bigintIn(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value !== 'bigint') throw new TypeError(`column ${column}: expected an integer, got ${typeof value}`)
  return value
}

export function bigintOrNone(row: Row, column: string): bigint | undefined {
  return row[column] === null ? undefined : bigintIn(row, column)
}

export function textIn(row: Row, column: string): string {
  return String(row[column])
}
