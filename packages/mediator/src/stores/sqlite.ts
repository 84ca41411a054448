import { type Database, type DriverChoice, openDatabase } from '@mimirjs/store'
import type { MediatorStore, Program } from '../operations.js'
import { storeFailure } from './failure.js'
import { runProgram } from './run-program.js'
import { adoptForeignChats } from './sqlite/foreign.js'
import { beginCopying, beginIds, type Durability, endCopying, endIds } from './sqlite/ids.js'
import { SqliteOperations } from './sqlite/operations.js'
import { FOREIGN_TABLES, STORE_APPLICATION_ID, STORE_MIGRATIONS } from './sqlite/schema.js'

/** Of the file, kept in memory: the history that was read last, and the branches of all tables. */
const CACHE_KIBIBYTES = 65_536

export interface SqliteStoreOptions {
  /**
   * 'power' (default): what was acknowledged survives a loss of power, at the price of one fsync for each turn of the
   * event loop that wrote something. 'process': it survives the death of the process; after any end but {@link
   * MediatorStore.close} message ids go on a million higher, because the last ones may be lost and must not come again.
   */
  readonly durability?: Durability | undefined
  /** Which SQLite library; default the best that is there. */
  readonly driver?: DriverChoice | undefined
}

/**
 * Everything in one SQLite file, which this process alone may have open. A database of the Go or the Rust server is taken
 * over (mediator protocol §17): after that it is ours.
 * @param path - a file, or `:memory:`
 * @throws {MediatorServerError} `store-in-use` | `store-foreign` | `store-newer` | `store`
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): MediatorStore {
  const { durability = 'power' } = options
  let database: Database | undefined
  try {
    database = openDatabase(path, {
      applicationId: STORE_APPLICATION_ID,
      migrations: STORE_MIGRATIONS,
      adopt: { tables: FOREIGN_TABLES },
      exclusive: true,
      durability,
      driver: options.driver ?? 'auto',
    })
    // What is deleted is overwritten where that costs no extra write: answered invites hold keys.
    database.exec(`PRAGMA secure_delete = FAST; PRAGMA cache_size = -${CACHE_KIBIBYTES}`)
    // Before chats of others come in, whose ids go on as they were.
    beginIds(database, durability)
    adoptForeignChats(database)
    return new SqliteStore(database)
  } catch (error) {
    database?.close()
    throw storeFailure(error)
  }
}

class SqliteStore implements MediatorStore {
  readonly shared = false
  readonly #database: Database
  readonly #operations: SqliteOperations
  #copies = 0
  #isClosed = false

  constructor(database: Database) {
    this.#database = database
    this.#operations = new SqliteOperations(database)
  }

  /** The programs of one turn share a commit; one that throws is undone alone, after all were undone and run again. */
  run<T>(program: () => Program<T>): Promise<T> {
    const done = this.#database.write(() => {
      try {
        return runProgram(program, this.#operations)
      } catch (error) {
        this.#operations.forget()
        throw error
      }
    })
    return done.catch((error: unknown) => {
      // A commit that fails undoes programs that went well.
      this.#operations.forget()
      throw storeFailure(error)
    })
  }

  async backup(path: string): Promise<void> {
    try {
      beginCopying(this.#database)
      this.#copies++
      try {
        await this.#database.backup(path)
      } finally {
        this.#copies--
        if (this.#copies === 0 && !this.#isClosed) endCopying(this.#database)
      }
    } catch (error) {
      throw storeFailure(error)
    }
  }

  /** What was asked for before is committed; the file is whole without its log afterwards. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    // In one commit with what was asked for before. A mark that stays makes ids skip some, and does no harm.
    this.#database.write(() => endIds(this.#database)).catch(() => {})
    this.#database.close()
  }
}
