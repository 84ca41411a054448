import { isMessengerError, MessengerError } from '../../error.js'
import type { Store } from '../../store.js'
import { memoryStore } from '../../store-memory.js'
import { restoreTables, takeSnapshot } from '../memory/snapshot.js'
import { Tables } from '../memory/tables.js'
import { type Call, carryOut, lineOf, overtaking } from './calls.js'
import type { Journal } from './journal.js'

interface Content {
  readonly store: Store
  readonly tables: Tables
}

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
  readonly #content: Promise<Content>
  readonly #snapshotCalls: number
  /** Since the last snapshot, or the last attempt at one. */
  #callCount = 0
  #waiting: Waiting[] = []
  #isWriting = false
  /** Of those who wait for the end of the writing. */
  readonly #ends: (() => void)[] = []
  #closed: MessengerError | undefined

  /** @param snapshotCalls - after so many calls, when they are more than the messages, a snapshot is taken */
  constructor(journal: Promise<Journal>, snapshotCalls: number) {
    this.#journal = journal
    this.#snapshotCalls = snapshotCalls
    this.#content = journal.then((opened) => this.#load(opened))
    // Whoever asks first is told.
    this.#content.catch(() => {})
  }

  /** Look at what is there. What was changed before this call is in it. */
  async look<T>(work: (store: Store) => Promise<T>): Promise<T> {
    this.#demandOpen()
    return work((await this.#open()).store)
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

  async #write(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const { store, tables } = await this.#open()
        const journal = await this.#journal
        const calls = batch.map(({ call }) => call)
        await journal.append(calls)
        // They are kept now, whatever becomes of each.
        const outcomes = await carryOut(store, calls)
        this.#callCount += calls.length
        for (const [at, { call, resolve, reject }] of batch.entries()) {
          const outcome = outcomes[at]
          if (outcome === undefined || 'error' in outcome) {
            this.#breakLine(call)
            reject(outcome?.error)
          } else resolve(outcome.result)
        }
        await this.#tidy(journal, tables)
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

  async #load(journal: Journal): Promise<Content> {
    const { snapshot, rows, calls } = await journal.load()
    const tables = snapshot === undefined ? new Tables() : restoreTables(snapshot, rows)
    const store = memoryStore(tables)
    // Those that failed then fail again, and change nothing again.
    for (const batch of calls) await carryOut(store, batch)
    this.#callCount = calls.reduce((sum, batch) => sum + batch.length, 0)
    await this.#tidy(journal, tables)
    return { store, tables }
  }

  /** Calls that outnumber what came of them give way to it: also what was deleted is gone from the disk then. */
  async #tidy(journal: Journal, tables: Tables): Promise<void> {
    if (this.#callCount <= Math.max(this.#snapshotCalls, tables.rows.size)) return
    this.#callCount = 0
    // The calls are there still if there is no room for it.
    await journal.replace(takeSnapshot(tables), [...tables.rows.values()]).catch(() => {})
  }

  async #open(): Promise<Content> {
    try {
      return await this.#content
    } catch (cause) {
      throw storeError(cause)
    }
  }

  #demandOpen(): void {
    if (this.#closed) throw this.#closed
  }
}

function storeError(cause: unknown): MessengerError {
  if (isMessengerError(cause)) return cause
  const isFull = cause instanceof Error && cause.name === 'QuotaExceededError'
  const why = isFull ? 'there is no room left' : cause instanceof Error ? cause.message : String(cause)
  const advice = isFull ? ': delete something, or let this site keep more' : ''
  return new MessengerError('store', `the browser cannot keep it: ${why}${advice}`, { cause })
}
