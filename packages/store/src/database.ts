import { writeBackup } from './backup.js'
import { classify } from './classify.js'
import type { DriverDatabase, DriverName } from './driver.js'
import { StoreError } from './error.js'
import { GroupCommit } from './group-commit.js'
import { countParameters } from './sql.js'
import { PreparedStatement, type Statement, type StatementOwner } from './statement.js'
import { synchronous } from './synchronous.js'

export interface StatementOptions {
  /**
   * Integer columns as bigint, exact over all 64 bits. Default `false`: as numbers, and `out-of-range` for one that a
   * number cannot hold.
   */
  readonly bigints?: boolean
}

/** An open SQLite database. All but `write`, `flush` and `backup` is synchronous. */
export interface Database {
  /** The driver in use. */
  readonly driver: DriverName
  /**
   * @param sql - one statement, its parameters plain `?`
   * @throws {StoreError} @throws {TypeError} several statements, or named or numbered parameters
   */
  prepare(sql: string, options?: StatementOptions): Statement
  /** Run statements without parameters. */
  exec(sql: string): void
  /**
   * Group commit: `work` runs at the end of this turn of the event loop, in one transaction with the works of others, in
   * order. Resolves after COMMIT. If `work` throws, it alone fails and leaves nothing behind. It may run twice, so it
   * does nothing but run statements and compute its result, synchronously.
   * @throws {StoreError} as a rejection: what `work` threw, what COMMIT threw, `closed`
   */
  write<T>(work: () => T): Promise<T>
  /** Run `work` now, in a transaction of its own; inside another one, in a savepoint. Undone if it throws. */
  transaction<T>(work: () => T): T
  /** Commit what {@link write} has queued. */
  flush(): Promise<void>
  /**
   * Write a consistent copy to a new file; it appears there when it is whole. Other work waits meanwhile.
   * @throws {StoreError} as a rejection: `exists`, `full`, `denied`, …
   */
  backup(path: string): Promise<void>
  /** Commit what is queued and close. Closing twice is no error. @throws {StoreError} `misuse` in a transaction */
  close(): void
}

export class SqliteDatabase implements Database, StatementOwner {
  readonly driver: DriverName
  readonly #inner: DriverDatabase
  readonly #path: string
  readonly #group: GroupCommit
  #closed = false
  /** How many transactions deep: 1 is BEGIN, above that are savepoints. */
  #depth = 0
  /** A failure that took the running transaction with it: nothing may run outside of it by mistake. */
  #lost: StoreError | undefined

  constructor(driver: DriverName, inner: DriverDatabase, path: string) {
    this.driver = driver
    this.#inner = inner
    this.#path = path
    this.#group = new GroupCommit({
      transaction: (body) => this.transaction(body),
      savepoint: (body) => this.transaction(body),
    })
  }

  prepare(sql: string, { bigints = false }: StatementOptions = {}): Statement {
    this.requireUsable()
    const parameterCount = countParameters(sql)
    try {
      return new PreparedStatement(this, this.#inner.prepare(sql, bigints), parameterCount)
    } catch (error) {
      throw classify(error, `cannot prepare a statement for ${this.#path}`)
    }
  }

  exec(sql: string): void {
    this.requireUsable()
    this.#exec(sql)
  }

  write<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError())
    return this.#group.add(work)
  }

  transaction<T>(work: () => T): T {
    this.requireUsable()
    const [begin, commit, rollback] = this.#depth === 0 ? OUTER : INNER
    this.#exec(begin)
    this.#depth++
    try {
      const result = synchronous(work())
      if (this.#lost !== undefined) throw this.#lost
      this.#exec(commit)
      return result
    } catch (error) {
      this.#undo(rollback)
      throw error
    } finally {
      this.#depth--
      if (this.#depth === 0) this.#lost = undefined
    }
  }

  async flush(): Promise<void> {
    if (this.#depth > 0) throw this.#insideError('flush')
    this.#group.flush()
  }

  async backup(path: string): Promise<void> {
    this.requireUsable()
    if (this.#depth > 0) throw this.#insideError('backup')
    this.#group.flush()
    try {
      await writeBackup(path, (target) => {
        this.prepare('VACUUM INTO ?').run(target)
      })
    } catch (error) {
      throw classify(error, `cannot back up ${this.#path} to ${path}`)
    }
  }

  close(): void {
    if (this.#closed) return
    if (this.#depth > 0) throw this.#insideError('close')
    this.#group.flush()
    this.#closed = true
    try {
      this.#inner.close()
    } catch (error) {
      throw classify(error, `cannot close ${this.#path}`)
    }
  }

  /** @internal */
  requireUsable(): void {
    if (this.#lost !== undefined) throw this.#lost
    if (this.#closed) throw this.#closedError()
  }

  /** @internal */
  failed(error: unknown): Error {
    const failure = classify(error, `a statement on ${this.#path} failed`)
    // SQLite rolls back by itself when it cannot go on. What follows would then run, and commit, on its own.
    if (this.#depth > 0 && failure.code !== 'constraint' && !this.#inTransaction()) this.#lost = failure
    return failure
  }

  #exec(sql: string): void {
    try {
      this.#inner.exec(sql)
    } catch (error) {
      throw this.failed(error)
    }
  }

  /** Not every driver tells, but SQLite refuses to begin inside a transaction. */
  #inTransaction(): boolean {
    try {
      this.#inner.exec('BEGIN')
    } catch {
      return true
    }
    this.#inner.exec('ROLLBACK')
    return false
  }

  #undo(rollback: string): void {
    try {
      this.#inner.exec(rollback)
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  #closedError(): StoreError {
    return new StoreError('closed', `${this.#path} is closed`)
  }

  #insideError(call: string): StoreError {
    return new StoreError('misuse', `${call} was called inside a transaction, which has to end first`)
  }
}

const OUTER = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const
const INNER = ['SAVEPOINT inner_work', 'RELEASE inner_work', 'ROLLBACK TO inner_work; RELEASE inner_work'] as const
