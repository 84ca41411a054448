import { isMessengerError, MessengerError } from '../../error.js'
import type { Store } from '../../store.js'
import { isFull } from '../../store-access.js'
import { memoryStore } from '../../store-memory.js'
import { restoreTables, takeSnapshot } from '../memory/snapshot.js'
import { Tables } from '../memory/tables.js'
import { type Call, type Came, cameOf, carryOut, lineOf, type Outcome, overtaking } from './calls.js'
import type { Journal } from './journal.js'
import { replay } from './replay.js'

interface Content {
  readonly store: Store
  readonly tables: Tables
}

export interface RecorderOptions {
  /** After so many calls, when they are more than the messages, a snapshot is taken. */
  readonly snapshotCalls: number
  /** Something failed, and nothing was lost. */
  onError(this: void, error: MessengerError): void
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
  readonly #options: RecorderOptions
  /** Since the last snapshot, or the last attempt at one. */
  #callCount = 0
  /** Of the last ones that are kept, when it is not written down yet. */
  #came: Came | undefined
  /** Carried out, and to be written down before anything else. */
  #owed: readonly Call[] = []
  #waiting: Waiting[] = []
  #isWriting = false
  /** Of those who wait for the end of the writing. */
  readonly #ends: (() => void)[] = []
  /** Why nothing is done any more. */
  #refusal: MessengerError | undefined
  #closing: Promise<void> | undefined

  constructor(journal: Promise<Journal>, options: RecorderOptions) {
    this.#journal = journal
    this.#options = options
    this.#content = journal.then((opened) => this.#load(opened))
    // Whoever asks first is told.
    this.#content.catch(() => {})
  }

  /** Look at what is there: every change whose promise has resolved. */
  async look<T>(work: (store: Store) => Promise<T>): Promise<T> {
    this.#demandOpen()
    return work((await this.#open()).store)
  }

  /** @param call - whose arguments nobody else changes */
  change(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#demandOpen()
      this.#waiting.push({ call, resolve, reject })
      if (!this.#isWriting) void this.#write()
    })
  }

  /** Nothing can be kept any more. */
  lost(why: MessengerError): void {
    this.#refusal ??= why
  }

  close(): Promise<void> {
    this.#refusal ??= new MessengerError('store', 'the store is closed')
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
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
        const content = await this.#open()
        const journal = await this.#journal
        const outcomes = await this.#carryOut(
          journal,
          content,
          batch.map(({ call }) => call),
        )
        for (const [at, { call, resolve, reject }] of batch.entries()) {
          const outcome = outcomes[at]
          if (outcome === undefined || 'error' in outcome) {
            this.#breakLine(call)
            reject(outcome?.error)
          } else resolve(outcome.result)
        }
        await this.#tidy(journal, content.tables)
        await this.#settle(journal)
      } catch (cause) {
        // Also what came meanwhile: of one person nothing may be kept behind what was not.
        const error = storeError(cause)
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error)
      }
    }
    this.#isWriting = false
    for (const end of this.#ends.splice(0)) end()
  }

  /** Keep calls, then do what they say. Rejects when they cannot be kept. */
  async #carryOut(journal: Journal, { store, tables }: Content, calls: readonly Call[]): Promise<Outcome[]> {
    const owed = this.#owed
    const all = [...owed, ...calls]
    try {
      await journal.append({ calls: all, before: this.#came }, 'strict')
    } catch (cause) {
      // It is asked of us at every start, and nobody would see anything where there is no room.
      if (!isFull(cause) || !calls.every(({ method }) => method === 'discardHeld')) throw cause
      this.#owed = calls
      return carryOut(store, calls)
    }
    this.#owed = []
    // They are kept now, whatever becomes of each.
    const outcomes = await carryOut(store, all)
    this.#came = cameOf(outcomes, tables)
    this.#callCount += all.length
    return outcomes.slice(owed.length)
  }

  /** Nothing more is to be done for now, and perhaps never by this version: write down what came of the last calls. */
  async #settle(journal: Journal): Promise<void> {
    if (this.#came === undefined || this.#waiting.length > 0) return
    const before = this.#came
    // If there is no room for it, it goes with what comes next.
    await journal.append({ calls: [], before }, 'relaxed').then(
      () => {
        this.#came = undefined
      },
      () => {},
    )
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
    const { snapshot, rows, entries } = await journal.load()
    const tables = snapshot === undefined ? new Tables() : restoreTables(snapshot, rows)
    const store = memoryStore(tables)
    this.#came = await replay(store, tables, entries)
    this.#callCount = entries.reduce((sum, { calls }) => sum + calls.length, 0)
    await this.#tidy(journal, tables)
    return { store, tables }
  }

  /** Calls that outnumber what came of them give way to it: also what was deleted is gone from the disk then. */
  async #tidy(journal: Journal, tables: Tables): Promise<void> {
    if (this.#callCount <= Math.max(this.#options.snapshotCalls, tables.rows.size)) return
    this.#callCount = 0
    try {
      await journal.replace(takeSnapshot(tables), tables.rows.values())
      this.#came = undefined
    } catch (cause) {
      // The calls are there still, and grow until the next attempt.
      const { message } = storeError(cause)
      this.#options.onError(new MessengerError('store', `no snapshot could be taken: ${message}`, { cause }))
    }
  }

  async #open(): Promise<Content> {
    try {
      return await this.#content
    } catch (cause) {
      throw storeError(cause)
    }
  }

  #demandOpen(): void {
    if (this.#refusal) throw this.#refusal
  }
}

function storeError(cause: unknown): MessengerError {
  if (isMessengerError(cause)) return cause
  const why = isFull(cause) ? 'there is no room left' : cause instanceof Error ? cause.message : String(cause)
  const advice = isFull(cause) ? ': delete something, or let this site keep more' : ''
  return new MessengerError('store', `the browser cannot keep it: ${why}${advice}`, { cause })
}
