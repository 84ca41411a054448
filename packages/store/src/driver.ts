/** What SQLite can hold. Numbers must be finite; integers beyond 2^53 are bigints. */
export type Value = null | number | bigint | string | Uint8Array

export interface RunResult {
  readonly changes: number
  readonly lastInsertRowid: bigint
}

/** A prepared statement of a driver, with rows as plain arrays in column order. */
export interface DriverStatement {
  readonly columns: readonly string[]
  run(params: readonly Value[]): RunResult
  get(params: readonly Value[]): Value[] | undefined
  all(params: readonly Value[]): Value[][]
}

/** An open database of a driver. Every method is synchronous and throws what the driver throws. */
export interface DriverDatabase {
  exec(sql: string): void
  /** @param bigints - integer columns as bigint, exact over 64 bits; else as numbers */
  prepare(sql: string, bigints: boolean): DriverStatement
  close(): void
}

/** One way to reach SQLite. The differences between the libraries end in its file. */
export interface Driver {
  readonly name: DriverName
  open(path: string): DriverDatabase
}

export type DriverName = 'node:sqlite' | 'better-sqlite3' | 'libsql'
