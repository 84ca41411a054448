import type { Driver, DriverDatabase, DriverStatement, RunResult } from '../driver.js'
import { type BoundValue, normaliseRow, type Row } from '../value.js'

/** The part of better-sqlite3's interface that we use. */
export type BetterSqlite3 = new (path: string) => BetterDatabase

interface BetterDatabase {
  exec(sql: string): unknown
  prepare(sql: string): BetterStatement
  close(): unknown
}

interface BetterStatement {
  readonly reader: boolean
  safeIntegers(on: boolean): BetterStatement
  run(params: BoundValue[]): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(params: BoundValue[]): Record<string, unknown> | undefined
  all(params: BoundValue[]): Record<string, unknown>[]
}

/** The fastest driver, native: used when the program has it installed. */
export function betterSqlite3Driver(Database: BetterSqlite3): Driver {
  return { name: 'better-sqlite3', open: (path) => new BetterSqlite3Database(new Database(path)) }
}

class BetterSqlite3Database implements DriverDatabase {
  readonly #inner: BetterDatabase

  constructor(inner: BetterDatabase) {
    this.#inner = inner
  }

  exec(sql: string): void {
    this.#inner.exec(sql)
  }

  prepare(sql: string, bigints: boolean): DriverStatement {
    const statement = this.#inner.prepare(sql)
    // A statement without rows has one integer to give, its row number: exact in any case.
    statement.safeIntegers(bigints || !statement.reader)
    return new BetterSqlite3Statement(statement)
  }

  close(): void {
    this.#inner.close()
  }
}

class BetterSqlite3Statement implements DriverStatement {
  readonly #inner: BetterStatement

  constructor(inner: BetterStatement) {
    this.#inner = inner
  }

  run(params: BoundValue[]): RunResult {
    const { changes, lastInsertRowid } = this.#inner.run(params)
    return { changes, lastInsertRowid: BigInt(lastInsertRowid) }
  }

  get(params: BoundValue[]): Row | undefined {
    // The library throws when it is asked for rows that a statement does not have; the other drivers run it.
    if (!this.#inner.reader) return this.#runForNothing(params)
    const row = this.#inner.get(params)
    return row && normaliseRow(row)
  }

  all(params: BoundValue[]): Row[] {
    if (!this.#inner.reader) return this.#runForNothing(params) ?? []
    const rows = this.#inner.all(params)
    for (const row of rows) normaliseRow(row)
    return rows as Row[]
  }

  #runForNothing(params: BoundValue[]): undefined {
    this.#inner.run(params)
  }
}
