import type { Pool, PoolClient } from 'pg'
import type { Program, StoreCall } from '../../operations.js'
import { isWorthAnotherTry } from './failure.js'
import { type AsyncOperations, PostgresOperations } from './operations.js'
import type { PreparedText, StatementName } from './statements.js'

/** How often a transaction is tried that others' transactions got in the way of. */
const MAX_TRIES = 5

/** Runs programs in transactions, on connections of a pool. */
export class Transactions {
  readonly #pool: Pool
  readonly #lockKey: bigint
  /** Of those that are tried again. */
  readonly #againKey: bigint
  readonly #statements: Readonly<Record<StatementName, PreparedText>>

  constructor(pool: Pool, schema: string, statements: Readonly<Record<StatementName, PreparedText>>) {
    this.#pool = pool
    this.#lockKey = hash64(schema)
    this.#againKey = BigInt.asIntN(64, hash64(`${schema} again`))
    this.#statements = statements
  }

  /**
   * Run the programs one after the other in one transaction, which begins by locking the chat: across all processes,
   * programs of one chat follow each other. The lock is an advisory one: locking a row would be a write, and cost
   * transactions that only read an fsync. What others got in the way of is tried again, one such after the other across all
   * processes: those that met at once do not meet again.
   * @returns their results
   * @throws what a program or `pg` threw; all are undone then, unless `mayBeCommitted`
   */
  async run(programs: readonly (() => Program<unknown>)[], chatId: bigint | undefined): Promise<unknown[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(programs, chatId, attempt > 1)
      } catch (error) {
        if (attempt === MAX_TRIES || !isWorthAnotherTry(error)) throw error
      }
    }
  }

  async #attempt(
    programs: readonly (() => Program<unknown>)[],
    chatId: bigint | undefined,
    isAgain: boolean,
  ): Promise<unknown[]> {
    const client = await this.#pool.connect()
    // A connection that breaks between two queries says so here; the next query fails for the same reason.
    client.on('error', ignore)
    let broken: Error | undefined
    try {
      return await this.#transaction(client, programs, chatId, isAgain)
    } catch (error) {
      broken = await rollback(client)
      throw error
    } finally {
      client.off('error', ignore)
      client.release(broken)
    }
  }

  async #transaction(
    client: PoolClient,
    programs: readonly (() => Program<unknown>)[],
    chatId: bigint | undefined,
    isAgain: boolean,
  ): Promise<unknown[]> {
    const locks = [
      ...(isAgain ? [this.#againKey] : []),
      ...(chatId === undefined ? [] : [BigInt.asIntN(64, this.#lockKey ^ chatId)]),
    ]
    await client.query(['BEGIN', ...locks.map((key) => `SELECT pg_advisory_xact_lock(${key})`)].join('; '))
    const operations = new PostgresOperations(client, this.#statements)
    const results: unknown[] = []
    for (const program of programs) results.push(await runAsync(program, operations))
    await client.query('COMMIT')
    return results
  }
}

async function runAsync<T>(program: () => Program<T>, operations: AsyncOperations): Promise<T> {
  const running = program()
  for (let step = running.next(); ; ) {
    if (step.done === true) return step.value
    step = running.next(await answer(operations, step.value))
  }
}

function answer(operations: AsyncOperations, { op, args }: StoreCall): Promise<unknown> {
  return (operations[op] as (...args: unknown[]) => Promise<unknown>)(...args)
}

/** @returns why the connection is of no more use, if so */
async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** FNV-1a, so that schemas of one database do not wait for each other. */
function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const unit of text) hash = BigInt.asUintN(64, (hash ^ BigInt(unit.codePointAt(0) ?? 0)) * 0x100000001b3n)
  return hash
}

function ignore(): void {}
