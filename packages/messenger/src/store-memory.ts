import { MessengerError } from './error.js'
import type {
  Contact,
  ContactChange,
  ContactKind,
  NewIncoming,
  NewOutgoing,
  OutgoingState,
  Store,
  StoreCounts,
  StoredMessage,
} from './store.js'

/** A {@link Store} that lives as long as the process: for tests and for programs that keep nothing. */
export function createMemoryStore(): Store {
  return new MemoryStore()
}

type Row = { -readonly [Key in keyof StoredMessage]: StoredMessage[Key] } & {
  heldBy: number | undefined
}

class MemoryStore implements Store {
  readonly #settings = new Map<string, string>()
  readonly #contacts = new Map<string, Contact>()
  readonly #rows = new Map<number, Row>()
  readonly #byGuid = new Map<string, Row>()
  /** Rows that are held or stored, and rows that are unhandled, by peer, in order: found without a look at the rest. */
  readonly #outbox = new OpenRows()
  readonly #inbox = new OpenRows()
  #lastSeq = 0

  async setting(name: string): Promise<string | undefined> {
    return this.#settings.get(name)
  }

  async setSetting(name: string, value: string): Promise<void> {
    this.#settings.set(name, value)
  }

  async contacts(): Promise<Contact[]> {
    return [...this.#contacts.values()]
  }

  async contactKinds(): Promise<ReadonlyMap<string, ContactKind>> {
    const known = [...this.#contacts.values()].filter(({ kind }) => kind !== 'stranger')
    return new Map(known.map(({ peer, kind }) => [peer, kind]))
  }

  async contact(peer: string): Promise<Contact | undefined> {
    return this.#contacts.get(peer)
  }

  async putContact(peer: string, change: ContactChange): Promise<Contact> {
    const contact = { ...this.#known(peer), ...change }
    this.#contacts.set(peer, contact)
    return contact
  }

  async enqueue(message: NewOutgoing): Promise<StoredMessage> {
    this.#known(message.peer)
    const { heldBy, ...rest } = message
    const before = this.#byGuid.get(rowKey(message.peer, true, message.guid))
    if (before) throw new MessengerError('store', `message id ${message.guid} to ${message.peer} is already taken`)
    const holds = heldBy !== undefined && this.#rows.get(heldBy)?.state === 'unhandled'
    const state: OutgoingState = holds ? 'held' : 'stored'
    const seq = ++this.#lastSeq
    const payload = new Uint8Array(message.payload)
    return this.#put({ ...rest, payload, seq, outgoing: true, state, settledMs: 0, heldBy }, this.#outbox)
  }

  async pending(peer: string, limit: number): Promise<StoredMessage[]> {
    return this.#outbox.first(peer, 'stored', limit)
  }

  async pendingPeers(): Promise<string[]> {
    return this.#outbox.peers('stored')
  }

  async markDelivered(peer: string, guid: bigint, atMs: number): Promise<boolean> {
    const row = this.#byGuid.get(rowKey(peer, true, guid))
    if (row?.state !== 'stored') return false
    row.state = 'delivered'
    row.settledMs = atMs
    this.#outbox.delete(row)
    return true
  }

  async markFailed(seq: number): Promise<void> {
    const row = this.#rows.get(seq)
    if (!row?.outgoing) return
    row.state = 'failed'
    this.#outbox.delete(row)
  }

  async receive(message: NewIncoming): Promise<StoredMessage | undefined> {
    this.#known(message.peer)
    if (this.#byGuid.has(rowKey(message.peer, false, message.guid))) return undefined
    const { receivedMs, ...rest } = message
    const row: Row = {
      ...rest,
      payload: new Uint8Array(message.payload),
      seq: ++this.#lastSeq,
      outgoing: false,
      state: 'unhandled',
      settledMs: receivedMs,
      heldBy: undefined,
    }
    return this.#put(row, this.#inbox)
  }

  async nextUnhandled(peer: string): Promise<StoredMessage | undefined> {
    return this.#inbox.first(peer, 'unhandled', 1)[0]
  }

  async unhandledPeers(): Promise<string[]> {
    return this.#inbox.peers('unhandled')
  }

  async discardHeld(): Promise<void> {
    for (const row of [...this.#outbox.all()]) {
      if (row.state !== 'held') continue
      this.#outbox.delete(row)
      this.#rows.delete(row.seq)
      this.#byGuid.delete(rowKey(row.peer, true, row.guid))
    }
  }

  async handled(seq: number): Promise<void> {
    const message = this.#rows.get(seq)
    if (message?.state === 'unhandled') {
      message.state = 'handled'
      this.#inbox.delete(message)
    }
    for (const row of this.#outbox.all()) {
      if (row.state !== 'held' || row.heldBy !== seq) continue
      row.state = 'stored'
      row.heldBy = undefined
    }
  }

  async history(peer: string, options: { limit: number; beforeSeq?: number }): Promise<StoredMessage[]> {
    const before = options.beforeSeq ?? Number.POSITIVE_INFINITY
    const rows = [...this.#rows.values()].filter((row) => row.peer === peer && row.seq < before && row.state !== 'held')
    return rows
      .reverse()
      .slice(0, options.limit)
      .map((row) => ({ ...row }))
  }

  async message(peer: string, guid: bigint, outgoing: boolean): Promise<StoredMessage | undefined> {
    const row = this.#byGuid.get(rowKey(peer, outgoing, guid))
    return row && { ...row }
  }

  async counts(): Promise<StoreCounts> {
    return { undelivered: this.#outbox.size, unhandled: this.#inbox.size, messages: this.#rows.size }
  }

  async close(): Promise<void> {}

  #known(peer: string): Contact {
    let contact = this.#contacts.get(peer)
    if (!contact) {
      contact = { peer, name: '', nickname: '', info: '', avatar: undefined, infoTimeSeconds: 0n, kind: 'stranger' }
      this.#contacts.set(peer, contact)
    }
    return contact
  }

  #put(row: Row, open: OpenRows): StoredMessage {
    this.#rows.set(row.seq, row)
    this.#byGuid.set(rowKey(row.peer, row.outgoing, row.guid), row)
    open.add(row)
    return { ...row }
  }
}

/** The rows of each peer that something is still to be done with, in order of acceptance. */
class OpenRows {
  readonly #byPeer = new Map<string, Set<Row>>()

  get size(): number {
    let size = 0
    for (const rows of this.#byPeer.values()) size += rows.size
    return size
  }

  add(row: Row): void {
    const rows = this.#byPeer.get(row.peer)
    if (rows) rows.add(row)
    else this.#byPeer.set(row.peer, new Set([row]))
  }

  delete(row: Row): void {
    const rows = this.#byPeer.get(row.peer)
    if (rows?.delete(row) && rows.size === 0) this.#byPeer.delete(row.peer)
  }

  *all(): Generator<Row> {
    for (const rows of this.#byPeer.values()) yield* rows
  }

  peers(state: Row['state']): string[] {
    return [...this.#byPeer].filter(([, rows]) => [...rows].some((row) => row.state === state)).map(([peer]) => peer)
  }

  /** Copies, so that nobody outside changes a row. */
  first(peer: string, state: Row['state'], limit: number): StoredMessage[] {
    const found: StoredMessage[] = []
    for (const row of this.#byPeer.get(peer) ?? []) {
      if (found.length === limit) break
      if (row.state === state) found.push({ ...row })
    }
    return found
  }
}

function rowKey(peer: string, outgoing: boolean, guid: bigint): string {
  return `${peer}${outgoing ? '>' : '<'}${guid}`
}
