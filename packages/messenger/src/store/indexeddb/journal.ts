import type { MessengerError } from '../../error.js'
import { type AddVersion, done } from '../../platform/browser/database.js'
import { addOwner, OwnedDatabase } from '../../platform/browser/owned-database.js'
import type { Row } from '../memory/row.js'
import type { Snapshot } from '../memory/snapshot.js'
import type { Call, Came } from './calls.js'

/** Object stores: what has happened since the snapshot, the snapshot, and its messages in packets. */
const [CALLS, SNAPSHOT, ROWS] = ['calls', 'snapshot', 'rows'] as const
const ALL = [CALLS, SNAPSHOT, ROWS]
/** The only key of {@link SNAPSHOT}. */
const ONLY = 0
/** Messages in one packet, and bytes, when the last one has begun: cloned without a noticeable stop, far from what browsers refuse. */
const [PACKET_ROWS, PACKET_BYTES] = [500, 8_388_608]

const VERSIONS: readonly AddVersion[] = [
  (database) => {
    database.createObjectStore(CALLS, { autoIncrement: true })
    database.createObjectStore(SNAPSHOT)
    database.createObjectStore(ROWS)
  },
  // From here on a row of calls is an entry; it was the calls alone.
  addOwner,
]

/** Calls that were made together. */
export interface Entry {
  readonly calls: readonly Call[]
  /** What came of the calls of the entry before; `undefined` when there is none, or nobody has written it down. */
  readonly before?: Came | undefined
}

export interface Kept {
  readonly snapshot: Snapshot | undefined
  /** Ascending by `seq`. */
  readonly rows: readonly Row[]
  /** What has happened since, in order. */
  readonly entries: readonly Entry[]
}

/** What a store keeps in IndexedDB. Every method is one transaction: all of it is there afterwards, or nothing. */
export class Journal {
  readonly #database: OwnedDatabase

  private constructor(database: OwnedDatabase) {
    this.#database = database
  }

  /** @param onLost - nothing can be kept any more */
  static async open(name: string, factory: IDBFactory, onLost: (why: MessengerError) => void): Promise<Journal> {
    return new Journal(await OwnedDatabase.open(name, factory, VERSIONS, onLost))
  }

  load(): Promise<Kept> {
    return this.#database.read(ALL, async (transaction) => {
      const [entries, snapshot, packets] = await Promise.all([
        done(transaction.objectStore(CALLS).getAll() as IDBRequest<(Entry | Call[])[]>),
        done(transaction.objectStore(SNAPSHOT).get(ONLY) as IDBRequest<Snapshot | undefined>),
        done(transaction.objectStore(ROWS).getAll() as IDBRequest<Row[][]>),
      ])
      return { entries: entries.map(toEntry), snapshot, rows: packets.flat() }
    })
  }

  /** @param how - `strict`: it is on the disk when it resolves */
  async append(entry: Entry, how: 'strict' | 'relaxed'): Promise<void> {
    await this.#database.change([CALLS], (transaction) => done(transaction.objectStore(CALLS).add(entry)), how)
  }

  /** Keep this in the place of everything before. */
  replace(snapshot: Snapshot, rows: Iterable<Row>): Promise<void> {
    return this.#database.change(ALL, async (transaction) => {
      transaction.objectStore(CALLS).clear()
      transaction.objectStore(SNAPSHOT).put(snapshot, ONLY)
      const packets = transaction.objectStore(ROWS)
      packets.clear()
      let at = 0
      for (const packet of packetsOf(rows)) packets.put(packet, at++)
    })
  }

  close(): void {
    this.#database.close()
  }
}

function toEntry(kept: Entry | Call[]): Entry {
  return Array.isArray(kept) ? { calls: kept } : kept
}

function* packetsOf(rows: Iterable<Row>): Generator<Row[]> {
  let packet: Row[] = []
  let bytes = 0
  for (const row of rows) {
    packet.push(row)
    bytes += row.payload.length + (row.beside?.blob?.length ?? 0)
    if (packet.length < PACKET_ROWS && bytes < PACKET_BYTES) continue
    yield packet
    packet = []
    bytes = 0
  }
  if (packet.length > 0) yield packet
}
