import type { Driver, DriverDatabase, DriverStatement, RunResult } from '../driver.js'
import { type BoundValue, normaliseRow, type Row } from '../value.js'

/** The part of libsql's interface that we use. Parameters go in one array: a lone Uint8Array would be taken for it. */
export type Libsql = new (path: string) => LibsqlDatabase

interface LibsqlDatabase {
  exec(sql: string): unknown
  prepare(sql: string): LibsqlStatement
  close(): unknown
}

interface LibsqlStatement {
  readonly reader: boolean
  safeIntegers(on: boolean): LibsqlStatement
  run(params: BoundValue[]): { readonly changes: number; readonly lastInsertRowid: number }
  all(params: BoundValue[]): Record<string, unknown>[]
}

/** The driver that needs no compiler and comes with this package. */
export function libsqlDriver(Database: Libsql): Driver {
  return { name: 'libsql', open: (path) => new LibsqlFile(new Database(path)) }
}

class LibsqlFile implements DriverDatabase {
  readonly #inner: LibsqlDatabase

  constructor(inner: LibsqlDatabase) {
    this.#inner = inner
  }

  exec(sql: string): void {
    this.#inner.exec(sql)
  }

  prepare(sql: string, bigints: boolean): DriverStatement {
    const statement = this.#inner.prepare(sql)
    if (statement.reader) statement.safeIntegers(bigints)
    return new LibsqlStatementAdapter(statement, () => this.#counts())
  }

  #counts(): RunResult {
    const statement = this.#inner.prepare('SELECT changes() AS changes, last_insert_rowid() AS rowid')
    const row = statement.safeIntegers(true).all([])[0]!
    return { changes: Number(row['changes']), lastInsertRowid: BigInt(row['rowid'] as number | bigint) }
  }

  /**
   * The library keeps the file open, with its locks, for as long as a statement has not been collected as garbage.
   * Leaving WAL mode and exclusive locking lets go of every lock, and writes back what the log holds, as a real close
   * would; should it fail, the next opener recovers the log as after a crash.
   */
  close(): void {
    for (const sql of ['PRAGMA busy_timeout = 0', 'PRAGMA journal_mode = DELETE', 'PRAGMA locking_mode = NORMAL']) {
      try {
        this.#inner.prepare(sql).all([])
      } catch {
        break
      }
    }
    try {
      this.#inner.prepare('SELECT count(*) FROM sqlite_schema').all([])
    } finally {
      this.#inner.close()
    }
  }
}

class LibsqlStatementAdapter implements DriverStatement {
  readonly #inner: LibsqlStatement
  readonly #counts: () => RunResult

  /** @param counts - asks SQLite what the last statement did */
  constructor(inner: LibsqlStatement, counts: () => RunResult) {
    this.#inner = inner
    this.#counts = counts
  }

  run(params: BoundValue[]): RunResult {
    if (this.#inner.reader) {
      // Only a statement that was read to its end has done all its changes.
      this.#inner.all(params)
      return this.#counts()
    }
    const { changes, lastInsertRowid } = this.#inner.run(params)
    // The library gives row numbers as rounded numbers.
    return Number.isSafeInteger(lastInsertRowid)
      ? { changes, lastInsertRowid: BigInt(lastInsertRowid) }
      : this.#counts()
  }

  /** The library's own `get` leaves the statement in the middle of its rows, and its transaction open with it. */
  get(params: BoundValue[]): Row | undefined {
    const row = this.#inner.all(params)[0]
    return row && normaliseRow(row)
  }

  all(params: BoundValue[]): Row[] {
    const rows = this.#inner.all(params)
    for (const row of rows) normaliseRow(row)
    return rows as Row[]
  }
}
