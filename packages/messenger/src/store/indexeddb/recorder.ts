import { isMessengerError, MessengerError } from '../../error.js'
import type { Store } from '../../store.js'
import { memoryStore } from '../../store-memory.js'
import { restoreTables, takeSnapshot } from '../memory/snapshot.js'
import { Tables } from '../memory/tables.js'
import { type Call, carryOut, lineOf, overtaking } from './calls.js'
import type { Journal } from './journal.js'

interface Waiting {
  readonly call: Call
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * A store in memory whose every change is on the disk before it happens: what changed it is written down as the call that
 * it was, and carried out again at the next start. Calls that come while a transaction is under way share the next one.
 */
export class Recorder {
  readonly #journal: Promise<Journal>
  readonly #memory: Promise<Store>
  #waiting: Waiting[] = []
  #isWriting = false
  #closed: MessengerError | undefined

  /** @param snapshotCalls - from so many calls on, when they are more than the messages, a snapshot is taken at the start */
  constructor(journal: Promise<Journal>, snapshotCalls: number) {
    this.#journal = journal
    this.#memory = journal.then((opened) => load(opened, snapshotCalls))
    // Whoever asks first is told.
    this.#memory.catch(() => {})
  }

  /** Look at what is there. What was changed before this call is in it. */
  async look<T>(work: (store: Store) => Promise<T>): Promise<T> {
    this.#demandOpen()
    return work(await this.#open())
  }

  /** @param call - whose arguments nobody else changes */
  change(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed
      this.#waiting.push({ call, resolve, reject })
      if (!this.#isWriting) void this.#write()
    })
  }

  /** The browser took the database away. */
  lost(): void {
    this.#closed ??= new MessengerError('store', 'the browser closed the database: load the page again')
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    this.#closed = new MessengerError('store', 'the store is closed')
    while (this.#isWriting) await new Promise<void>((resolve) => this.#ends.push(resolve))
    await this.#journal.then(
      (journal) => journal.close(),
      () => {},
    )
  }

  readonly #ends: (() => void)[] = []

  async #write(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const memory = await this.#open()
        const journal = await this.#journal
        await journal.append(batch.map(({ call }) => call))
        // They are kept now, whatever becomes of each.
        const outcomes = await carryOut(
          memory,
          batch.map(({ call }) => call),
        )
        for (const [at, { call, resolve, reject }] of batch.entries()) {
          const outcome = outcomes[at]
          if (outcome === undefined || 'error' in outcome) {
            this.#breakLine(call)
            reject(outcome?.error)
          } else resolve(outcome.result)
        }
      } catch (cause) {
        // Also what came meanwhile: of one person nothing may be kept behind what was not.
        const error = storeError(cause)
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error)
      }
    }
    this.#isWriting = false
    for (const end of this.#ends.splice(0)) end()
  }

  /** What was handed over before anybody knew of the failure must not get before it. */
  #breakLine(failed: Call): void {
    const line = lineOf(failed)
    if (line === undefined) return
    const behind = this.#waiting.filter(({ call }) => lineOf(call) === line)
    this.#waiting = this.#waiting.filter(({ call }) => lineOf(call) !== line)
    for (const { reject } of behind) reject(overtaking())
  }

  async #open(): Promise<Store> {
    try {
      return await this.#memory
    } catch (cause) {
      throw storeError(cause)
    }
  }

  #demandOpen(): void {
    if (this.#closed) throw this.#closed
  }
}

async function load(journal: Journal, snapshotCalls: number): Promise<Store> {
  const { snapshot, rows, calls } = await journal.load()
  const tables = snapshot === undefined ? new Tables() : restoreTables(snapshot, rows)
  const store = memoryStore(tables)
  // Those that failed then fail again, and change nothing again.
  for (const batch of calls) await carryOut(store, batch)
  const count = calls.reduce((sum, batch) => sum + batch.length, 0)
  if (count > Math.max(snapshotCalls, tables.rows.size)) {
    await journal.replace(takeSnapshot(tables), [...tables.rows.values()])
  }
  return store
}

function storeError(cause: unknown): MessengerError {
  if (isMessengerError(cause)) return cause
  const isFull = cause instanceof Error && cause.name === 'QuotaExceededError'
  const why = isFull ? 'there is no room left' : cause instanceof Error ? cause.message : String(cause)
  const advice = isFull ? ': delete something, or let this site keep more' : ''
  return new MessengerError('store', `the browser cannot keep it: ${why}${advice}`, { cause })
}
