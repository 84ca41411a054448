import { type Row, StoreError, type Value } from '@mimirjs/store'

// SQLite keeps any value in any column, and a file may have been written by another program.

/** @throws {StoreError} `corrupt` */
export function bytesIn(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw wrongType(column, 'bytes', value)
}

export function bytesOrNone(row: Row, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : bytesIn(row, column)
}

/** Of a statement prepared with `bigints`. @throws {StoreError} `corrupt` */
export function bigintIn(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value === 'bigint') return value
  throw wrongType(column, 'an integer', value)
}

export function bigintOrNone(row: Row, column: string): bigint | undefined {
  return row[column] === null ? undefined : bigintIn(row, column)
}

function wrongType(column: string, expected: string, value: Value | undefined): StoreError {
  const got = value === null ? 'null' : typeof value
  return new StoreError('corrupt', `column ${column}: expected ${expected}, got ${got}: restore a backup`)
}
