import type { Row } from '../memory/row.js'
import type { Snapshot } from '../memory/snapshot.js'
import type { Call } from './calls.js'

const VERSION = 1
/** Object stores: what has happened since the snapshot, the snapshot, and its messages in packets. */
const [CALLS, SNAPSHOT, ROWS] = ['calls', 'snapshot', 'rows'] as const
const ALL = [CALLS, SNAPSHOT, ROWS]
/** The only key of {@link SNAPSHOT}. */
const ONLY = 0
/** Messages in one packet: few enough to be cloned without a noticeable stop. */
const PACKET_ROWS = 500

export interface Kept {
  readonly snapshot: Snapshot | undefined
  /** Ascending by `seq`. */
  readonly rows: readonly Row[]
  /** What has happened since, in order: calls that were made together, together. */
  readonly calls: readonly (readonly Call[])[]
}

/** What a store keeps in IndexedDB. Every method is one transaction: all of it is there afterwards, or nothing. */
export class Journal {
  readonly #database: IDBDatabase

  private constructor(database: IDBDatabase) {
    this.#database = database
  }

  /** @param onLost - the browser closed the database: it was deleted, or the disk failed */
  static async open(name: string, factory: IDBFactory, onLost: () => void): Promise<Journal> {
    const request = factory.open(name, VERSION)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(CALLS, { autoIncrement: true })
      request.result.createObjectStore(SNAPSHOT)
      request.result.createObjectStore(ROWS)
    }
    const database = await done(request)
    database.onclose = onLost
    return new Journal(database)
  }

  async load(): Promise<Kept> {
    const transaction = this.#database.transaction(ALL, 'readonly')
    const [calls, snapshot, packets] = await Promise.all([
      done(transaction.objectStore(CALLS).getAll() as IDBRequest<Call[][]>),
      done(transaction.objectStore(SNAPSHOT).get(ONLY) as IDBRequest<Snapshot | undefined>),
      done(transaction.objectStore(ROWS).getAll() as IDBRequest<Row[][]>),
    ])
    return { calls, snapshot, rows: packets.flat() }
  }

  /** Resolves when all of them are on the disk. */
  append(calls: readonly Call[]): Promise<void> {
    const transaction = this.#database.transaction([CALLS], 'readwrite', { durability: 'strict' })
    return complete(transaction, () => transaction.objectStore(CALLS).add(calls))
  }

  /** Keep this in the place of everything before. */
  replace(snapshot: Snapshot, rows: readonly Row[]): Promise<void> {
    const transaction = this.#database.transaction(ALL, 'readwrite', { durability: 'strict' })
    return complete(transaction, () => {
      transaction.objectStore(CALLS).clear()
      transaction.objectStore(SNAPSHOT).put(snapshot, ONLY)
      const packets = transaction.objectStore(ROWS)
      packets.clear()
      for (let at = 0; at < rows.length; at += PACKET_ROWS) packets.put(rows.slice(at, at + PACKET_ROWS), at)
    })
  }

  close(): void {
    this.#database.close()
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB gave no reason'))
  })
}

/** What cannot be cloned undoes the transaction, too. */
function complete(transaction: IDBTransaction, work: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave no reason'))
    try {
      work()
    } catch (error) {
      transaction.abort()
      reject(error as Error)
    }
  })
}
