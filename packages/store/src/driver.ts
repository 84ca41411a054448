import type { BoundValue, Row } from './value.js'

export interface RunResult {
  /** Rows that the statement inserted, changed or deleted. */
  readonly changes: number
  readonly lastInsertRowid: bigint
}

/** A prepared statement of a driver. Parameters are as many as the statement has. */
export interface DriverStatement {
  run(params: BoundValue[]): RunResult
  get(params: BoundValue[]): Row | undefined
  all(params: BoundValue[]): Row[]
}

/** An open database of a driver. Every method is synchronous and throws what the library throws. */
export interface DriverDatabase {
  exec(sql: string): void
  /** @param bigints - integer columns as bigint, exact over 64 bits; else as numbers, perhaps rounded */
  prepare(sql: string, bigints: boolean): DriverStatement
  /** Close, and hold no lock on the file any more. */
  close(): void
}

/** One way to reach SQLite. What is peculiar to a library ends in its file under `drivers/`. */
export interface Driver {
  readonly name: DriverName
  open(path: string): DriverDatabase
}

export type DriverName = 'node:sqlite' | 'better-sqlite3' | 'libsql'

/** A library that the program has loaded itself, for bundlers and for packages in unusual places. */
export interface DriverModule {
  readonly name: DriverName
  /** What importing it gives: for better-sqlite3 and libsql the class, for node:sqlite the module. */
  readonly module: unknown
}

export type DriverChoice = 'auto' | DriverName | DriverModule
