import { classify } from './classify.js'
import { type Database, SqliteDatabase } from './database.js'
import type { DriverChoice, DriverDatabase } from './driver.js'
import { MEMORY, prepareFile } from './file.js'
import { loadDriver } from './load-driver.js'
import { checkOwner, migrate, type SchemaOptions } from './schema.js'

export interface OpenOptions extends SchemaOptions {
  /**
   * 'power' (default): what was committed survives a loss of power, at the price of one fsync for each commit.
   * 'process': it survives the death of the process; a loss of power may take the last commits.
   */
  readonly durability?: 'power' | 'process'
  /**
   * Nobody else may open the file while we have it: a second opener, in this process or another, fails at once with
   * `in-use`. The system lets go of the lock when the process dies. Default `false`.
   */
  readonly exclusive?: boolean
  /** Default `auto`: node:sqlite where Node has it, else better-sqlite3 where it is installed, else libsql. */
  readonly driver?: DriverChoice
}

/** Time that a statement waits for another process to end its transaction, in milliseconds, unless exclusive. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * Open an SQLite database in WAL mode, or make it, for its owner alone to read.
 * @param path - a file, or `:memory:`
 * @throws {StoreError} `foreign` | `newer` | `corrupt` | `in-use` | `full` | `read-only` | `denied` | `driver` | `io`
 */
export function openDatabase(path: string, options: OpenOptions): Database {
  const { applicationId } = options
  if (!Number.isInteger(applicationId) || applicationId < 1 || applicationId > 0x7fffffff) {
    throw new RangeError(`expected an applicationId from 1 to 2^31 - 1, got ${applicationId}`)
  }
  const driver = loadDriver(options.driver ?? 'auto')
  const file = prepareFile(path)
  let inner: DriverDatabase | undefined
  try {
    inner = driver.open(file)
    configure(inner, file, options)
    return new SqliteDatabase(driver.name, inner, file)
  } catch (error) {
    // What went wrong says more than a close that fails for the same reason.
    try {
      inner?.close()
    } catch {}
    throw classify(error, `cannot open ${file}`)
  }
}

/** The order holds: nothing is written before it is certain that the file is ours, and that we may have it. */
function configure(db: DriverDatabase, path: string, options: OpenOptions): void {
  const { durability = 'power', exclusive = false } = options
  // A lock held for good is reported at once; one held for the length of a transaction is waited for.
  pragma(db, `busy_timeout = ${exclusive ? 0 : BUSY_TIMEOUT_MS}`)
  if (exclusive && path !== MEMORY) pragma(db, 'locking_mode = EXCLUSIVE')
  checkOwner(db, path, options)
  pragma(db, 'journal_mode = WAL')
  pragma(db, `synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
  pragma(db, 'foreign_keys = ON')
  // In WAL mode the exclusive lock comes with the first write; take it before we say that we have it.
  if (exclusive && path !== MEMORY) db.exec('BEGIN IMMEDIATE; COMMIT')
  migrate(db, options)
}

/** A pragma that answers is a statement with rows, to be read to its end. */
function pragma(db: DriverDatabase, setting: string): void {
  db.prepare(`PRAGMA ${setting}`, false).all([])
}
