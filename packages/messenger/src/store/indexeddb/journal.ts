import { done, openDatabase, transact } from '../../platform/browser/database.js'
import type { Row } from '../memory/row.js'
import type { Snapshot } from '../memory/snapshot.js'
import type { Call } from './calls.js'

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
    const database = await openDatabase(name, factory, (made) => {
      made.createObjectStore(CALLS, { autoIncrement: true })
      made.createObjectStore(SNAPSHOT)
      made.createObjectStore(ROWS)
    })
    database.onclose = onLost
    // Somebody deletes it, and would wait for us.
    database.onversionchange = () => {
      onLost()
      database.close()
    }
    return new Journal(database)
  }

  load(): Promise<Kept> {
    return transact(this.#database, ALL, 'readonly', async (transaction) => {
      const [calls, snapshot, packets] = await Promise.all([
        done(transaction.objectStore(CALLS).getAll() as IDBRequest<Call[][]>),
        done(transaction.objectStore(SNAPSHOT).get(ONLY) as IDBRequest<Snapshot | undefined>),
        done(transaction.objectStore(ROWS).getAll() as IDBRequest<Row[][]>),
      ])
      return { calls, snapshot, rows: packets.flat() }
    })
  }

  /** Resolves when all of them are on the disk. */
  async append(calls: readonly Call[]): Promise<void> {
    await transact(this.#database, [CALLS], 'strict', (transaction) => done(transaction.objectStore(CALLS).add(calls)))
  }

  /** Keep this in the place of everything before. */
  replace(snapshot: Snapshot, rows: readonly Row[]): Promise<void> {
    return transact(this.#database, ALL, 'strict', async (transaction) => {
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
