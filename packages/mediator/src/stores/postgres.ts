import pg, { type Pool, type PoolConfig } from 'pg'
import { MediatorServerError } from '../error.js'
import type { MediatorStore, Program } from '../operations.js'
import { KeyedQueue, type Waiting } from './postgres/chat-queue.js'
import { mayBeCommitted, postgresFailure } from './postgres/failure.js'
import { migrate } from './postgres/migrate.js'
import { checkedSchemaName } from './postgres/schema.js'
import { statementsFor } from './postgres/statements.js'
import { Transactions } from './postgres/transactions.js'

/** A `Pool` of the library `pg`, in words of our own: its types are a package that not everybody has. */
export interface PostgresPool {
  connect(): Promise<object>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  end(): Promise<void>
}

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; without it and `pool`, what the variables `PGHOST` … say. */
  readonly connectionString?: string | undefined
  /** A pool of the program's own, which stays open when the store is closed. */
  readonly pool?: PostgresPool | undefined
  /** Connections at most, without a pool of your own. Default 10. */
  readonly maxConnections?: number | undefined
  /** The schema that holds the tables: lower-case letters, digits and `_`. Made if it is not there. */
  readonly schema?: string | undefined
}

type AnyProgram = () => Program<unknown>

/**
 * Everything in PostgreSQL (13 or newer), which several mediators may share.
 *
 * When the connection is lost the program at work fails with `store`, and whether it was committed is not known: to be
 * asked for again, as the commands of the protocol can be. The pool connects anew by itself.
 * @throws {MediatorServerError} `store` | `store-newer`, {TypeError} a schema's name that is none
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<MediatorStore> {
  const schema = checkedSchemaName(options.schema ?? 'mimir_mediator')
  const pool = options.pool === undefined ? new pg.Pool(poolConfig(options)) : (options.pool as Pool)
  // Without a listener an idle connection that breaks ends the process.
  pool.on('error', ignore)
  const close = async (): Promise<void> => {
    pool.off('error', ignore)
    if (options.pool === undefined) {
      pool.on('error', ignore)
      await pool.end()
    }
  }
  try {
    const client = await pool.connect()
    try {
      await migrate(client, schema)
    } finally {
      client.release()
    }
    return new PostgresStore(pool, schema, close)
  } catch (error) {
    await close()
    throw postgresFailure(error)
  }
}

function poolConfig({ connectionString, maxConnections = 10 }: PostgresStoreOptions): PoolConfig {
  return {
    ...(connectionString !== undefined && { connectionString }),
    max: maxConnections,
    application_name: 'mimir mediator',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    // A mediator that hangs in the middle of a transaction must not hold a chat's lock for ever.
    idle_in_transaction_session_timeout: 30_000,
  }
}

class PostgresStore implements MediatorStore {
  readonly shared = true
  readonly #transactions: Transactions
  readonly #queue: KeyedQueue<AnyProgram>
  readonly #close: () => Promise<void>
  readonly #alone = new Set<Promise<unknown>>()
  #closed = false

  constructor(pool: Pool, schema: string, close: () => Promise<void>) {
    this.#transactions = new Transactions(pool, schema, statementsFor(schema))
    this.#queue = new KeyedQueue((chatId, batch) => this.#runBatch(chatId, batch))
    this.#close = close
  }

  async run<T>(program: () => Program<T>, options: { readonly chatId?: bigint | undefined } = {}): Promise<T> {
    if (this.#closed) throw new MediatorServerError('closed', 'the store of the mediator is closed')
    if (options.chatId !== undefined) return this.#queue.add<T>(options.chatId, program)
    const done = this.#transactions.run([program], undefined)
    this.#alone.add(done)
    try {
      const [result] = await done
      return result as T
    } catch (error) {
      throw postgresFailure(error)
    } finally {
      this.#alone.delete(done)
    }
  }

  async backup(): Promise<void> {
    throw new MediatorServerError('unsupported', 'PostgreSQL is backed up by its own tools, such as pg_dump')
  }

  /** What was asked for before is done first. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#queue.idle()
    await Promise.allSettled(this.#alone)
    await this.#close()
  }

  /** All in one transaction; should that fail and be undone, each in its own, so that one that fails fails alone. */
  async #runBatch(chatId: bigint, batch: readonly Waiting<AnyProgram>[]): Promise<void> {
    const programs = batch.map(({ item }) => item)
    try {
      const results = await this.#transactions.run(programs, chatId)
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as never)
    } catch (error) {
      if (batch.length === 1 || mayBeCommitted(error)) {
        for (const { reject } of batch) reject(postgresFailure(error))
      } else {
        for (const waiting of batch) await this.#runBatch(chatId, [waiting])
      }
    }
  }
}

function ignore(): void {}
