import { existsSync, statSync } from 'node:fs'
import { classify } from './classify.js'
import type { DriverDatabase, DriverName, DriverStatement, RunResult, Value } from './driver.js'
import { StoreError } from './error.js'
import { GroupCommit } from './group-commit.js'
import { loadDriver } from './load-driver.js'

export type Row = Record<string, Value>

/** A prepared statement. All methods are synchronous. @throws {StoreError} */
export interface Statement {
  run(...params: Value[]): RunResult
  get(...params: Value[]): Row | undefined
  all(...params: Value[]): Row[]
}

export interface StatementOptions {
  /** Integer columns as bigint, exact over all 64 bits. Default `false`: as numbers. */
  readonly bigints?: boolean
}

export interface Database {
  /** The driver in use. */
  readonly driver: DriverName
  prepare(sql: string, options?: StatementOptions): Statement
  exec(sql: string): void
  /**
   * Group commit: `work` runs at the end of this turn of the event loop, in one transaction with the works of others.
   * The promise resolves after COMMIT. `work` holds nothing but statements and may run more than once; if it throws, it
   * alone fails.
   * @throws {StoreError} as a rejection, also `closed`
   */
  write<T>(work: () => T): Promise<T>
  /** Run `work` in a transaction of its own, now. */
  transaction<T>(work: () => T): T
  /** Commit what {@link write} has queued. */
  flush(): Promise<void>
  /** Write a consistent copy to a new file, while work goes on. @throws {StoreError} as a rejection */
  backup(path: string): Promise<void>
  /** Commit what is queued and close. Closing twice is no error. */
  close(): void
}

export interface OpenOptions {
  /** Number that tells this program's files from others', 1 to 2^31 - 1 (`PRAGMA application_id`). */
  readonly applicationId: number
  /** SQL of each version of the schema, oldest first. Those that a file lacks are run, in one transaction. */
  readonly migrations: readonly string[]
  /**
   * 'power' (default): a commit survives the loss of power, for one fsync each. 'process': it survives the death of the
   * process; the last commits may be lost with the power.
   */
  readonly durability?: 'power' | 'process'
  /** Nobody else may open the file while we have it: a second opener fails at once with `in-use`. Default `false`. */
  readonly exclusive?: boolean
  readonly driver?: DriverName | 'auto'
}

/**
 * Open or make an SQLite database in WAL mode.
 * @param path - a file, or `:memory:`
 * @throws {StoreError} `foreign` | `newer` | `corrupt` | `in-use` | `denied` | `full` | `driver` | `io`
 */
export function openDatabase(path: string, options: OpenOptions): Database {
  const driver = loadDriver(options.driver ?? 'auto')
  const isNew = path === ':memory:' || !existsSync(path) || statSync(path).size === 0
  let inner: DriverDatabase
  try {
    inner = driver.open(path)
  } catch (error) {
    throw classify(error, `cannot open ${path}`)
  }
  try {
    prepareFile(inner, path, isNew, options)
    return new SqliteDatabase(driver.name, inner, path)
  } catch (error) {
    inner.close()
    throw classify(error, `cannot open ${path}`)
  }
}

function prepareFile(db: DriverDatabase, path: string, isNew: boolean, options: OpenOptions): void {
  const { applicationId, migrations, durability = 'power', exclusive = false } = options
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`, false).get([])![0])
  // A lock that is held for good shall be reported at once; one that is held for a transaction is waited for.
  db.exec(`PRAGMA busy_timeout = ${exclusive ? 0 : 5000}`)
  if (exclusive) db.exec('PRAGMA locking_mode = EXCLUSIVE')
  if (!isNew) {
    const owner = pragma('application_id')
    const tables = Number(db.prepare('SELECT count(*) FROM sqlite_schema', false).get([])![0])
    if (owner !== applicationId && (owner !== 0 || tables > 0))
      throw new StoreError('foreign', `${path} is the database of another program; choose another file`)
  }
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
  db.exec('PRAGMA foreign_keys = ON')
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = pragma('user_version')
    if (version > migrations.length)
      throw new StoreError(
        'newer',
        `${path} was written by a newer version (schema ${version}, known ${migrations.length})`,
      )
    for (const sql of migrations.slice(version)) db.exec(sql)
    if (version < migrations.length) {
      db.exec(`PRAGMA application_id = ${applicationId}`)
      db.exec(`PRAGMA user_version = ${migrations.length}`)
    }
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

class SqliteDatabase implements Database {
  readonly driver: DriverName
  readonly #inner: DriverDatabase
  readonly #path: string
  readonly #group: GroupCommit
  #closed = false
  #inTransaction = false

  constructor(driver: DriverName, inner: DriverDatabase, path: string) {
    this.driver = driver
    this.#inner = inner
    this.#path = path
    this.#group = new GroupCommit((work) => this.transaction(work))
  }

  prepare(sql: string, options: StatementOptions = {}): Statement {
    this.#requireOpen()
    return guard(`cannot prepare for ${this.#path}`, () => {
      return new PreparedStatement(this.#inner.prepare(sql, options.bigints ?? false), this.#path)
    })
  }

  exec(sql: string): void {
    this.#requireOpen()
    guard(`cannot write to ${this.#path}`, () => this.#inner.exec(sql))
  }

  write<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(closedError(this.#path))
    return this.#group.add(work)
  }

  transaction<T>(work: () => T): T {
    this.#requireOpen()
    if (this.#inTransaction) return work()
    this.exec('BEGIN IMMEDIATE')
    this.#inTransaction = true
    try {
      const result = work()
      this.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollback()
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** Some failures, a full disk among them, have rolled back by themselves. */
  #rollback(): void {
    try {
      this.#inner.exec('ROLLBACK')
    } catch {
      // There was no transaction left to roll back.
    }
  }

  async flush(): Promise<void> {
    if (!this.#closed) this.#group.flush()
  }

  async backup(path: string): Promise<void> {
    this.#requireOpen()
    this.#group.flush()
    guard(`cannot back up to ${path}`, () => this.#inner.prepare('VACUUM INTO ?', false).run([path]))
  }

  close(): void {
    if (this.#closed) return
    this.#group.flush()
    this.#closed = true
    this.#inner.close()
  }

  #requireOpen(): void {
    if (this.#closed) throw closedError(this.#path)
  }
}

class PreparedStatement implements Statement {
  readonly #inner: DriverStatement
  readonly #doing: string

  constructor(inner: DriverStatement, path: string) {
    this.#inner = inner
    this.#doing = `statement on ${path} failed`
  }

  run(...params: Value[]): RunResult {
    return guard(this.#doing, () => this.#inner.run(check(params)))
  }

  get(...params: Value[]): Row | undefined {
    return guard(this.#doing, () => {
      const row = this.#inner.get(check(params))
      return row && this.#toRow(row)
    })
  }

  all(...params: Value[]): Row[] {
    return guard(this.#doing, () => this.#inner.all(check(params)).map((row) => this.#toRow(row)))
  }

  #toRow(values: readonly Value[]): Row {
    const row: Row = {}
    const { columns } = this.#inner
    for (let i = 0; i < columns.length; i++) row[columns[i]!] = values[i]!
    return row
  }
}

/** Drivers differ in what they do with values that SQLite cannot hold; one of them ends the process. */
function check(params: readonly Value[]): readonly Value[] {
  for (const value of params) {
    const fits =
      value === null ||
      typeof value === 'string' ||
      value instanceof Uint8Array ||
      (typeof value === 'number' && Number.isFinite(value)) ||
      (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)
    if (!fits) throw new TypeError(`expected null, text, bytes or a number of 64 bits, got ${typeof value}`)
  }
  return params
}

function guard<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw classify(error, doing)
  }
}

function closedError(path: string): StoreError {
  return new StoreError('closed', `${path} is closed`)
}
