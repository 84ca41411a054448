import { MessengerError } from './error.js'
import type {
  Contact,
  ContactChange,
  IncomingState,
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

interface Row extends StoredMessage {
  state: OutgoingState | IncomingState
  settledMs: number
  heldBy: number | undefined
}

class MemoryStore implements Store {
  readonly #settings = new Map<string, string>()
  readonly #contacts = new Map<string, Contact>()
  readonly #rows = new Map<number, Row>()
  readonly #byGuid = new Map<string, Row>()
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
    if (before) {
      if (before.state !== 'held' || before.heldBy !== heldBy)
        throw new MessengerError('store', `message id ${message.guid} to ${message.peer} is already taken`)
      return this.#put({ ...before, ...rest, payload: message.payload.slice() })
    }
    const state: OutgoingState = heldBy === undefined ? 'stored' : 'held'
    const seq = ++this.#lastSeq
    return this.#put({ ...rest, payload: message.payload.slice(), seq, outgoing: true, state, settledMs: 0, heldBy })
  }

  async pending(peer: string, limit: number): Promise<StoredMessage[]> {
    return this.#select((row) => row.peer === peer && row.outgoing && row.state === 'stored').slice(0, limit)
  }

  async pendingPeers(): Promise<string[]> {
    return [...new Set(this.#select((row) => row.outgoing && row.state === 'stored').map((row) => row.peer))]
  }

  async markDelivered(peer: string, guid: bigint, atMs: number): Promise<boolean> {
    const row = this.#byGuid.get(rowKey(peer, true, guid))
    if (row?.state !== 'stored') return false
    row.state = 'delivered'
    row.settledMs = atMs
    return true
  }

  async markFailed(seq: number): Promise<void> {
    const row = this.#rows.get(seq)
    if (row?.outgoing) row.state = 'failed'
  }

  async receive(message: NewIncoming): Promise<StoredMessage | undefined> {
    this.#known(message.peer)
    if (this.#byGuid.has(rowKey(message.peer, false, message.guid))) return undefined
    const { receivedMs, ...rest } = message
    return this.#put({
      ...rest,
      payload: message.payload.slice(),
      seq: ++this.#lastSeq,
      outgoing: false,
      state: 'unhandled',
      settledMs: receivedMs,
      heldBy: undefined,
    })
  }

  async nextUnhandled(peer: string): Promise<StoredMessage | undefined> {
    return this.#select((row) => row.peer === peer && row.state === 'unhandled')[0]
  }

  async unhandledPeers(): Promise<string[]> {
    return [...new Set(this.#select((row) => row.state === 'unhandled').map((row) => row.peer))]
  }

  async handled(seq: number): Promise<void> {
    const message = this.#rows.get(seq)
    if (message?.state === 'unhandled') message.state = 'handled'
    for (const row of this.#rows.values()) {
      if (row.state !== 'held' || row.heldBy !== seq) continue
      row.state = 'stored'
      row.heldBy = undefined
    }
  }

  async history(peer: string, options: { limit: number; beforeSeq?: number }): Promise<StoredMessage[]> {
    const before = options.beforeSeq ?? Number.POSITIVE_INFINITY
    return this.#select((row) => row.peer === peer && row.seq < before && row.state !== 'held')
      .reverse()
      .slice(0, options.limit)
  }

  async message(peer: string, guid: bigint, outgoing: boolean): Promise<StoredMessage | undefined> {
    const row = this.#byGuid.get(rowKey(peer, outgoing, guid))
    return row && { ...row }
  }

  async counts(): Promise<StoreCounts> {
    const count = (test: (row: Row) => boolean): number => this.#select(test).length
    return {
      undelivered: count((row) => row.outgoing && (row.state === 'held' || row.state === 'stored')),
      unhandled: count((row) => row.state === 'unhandled'),
      messages: this.#rows.size,
    }
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

  #put(row: Row): StoredMessage {
    this.#rows.set(row.seq, row)
    this.#byGuid.set(rowKey(row.peer, row.outgoing, row.guid), row)
    return { ...row }
  }

  /** Copies, so that nobody outside changes a row; in order of acceptance. */
  #select(test: (row: Row) => boolean): StoredMessage[] {
    const found: StoredMessage[] = []
    for (const row of this.#rows.values()) if (test(row)) found.push({ ...row })
    return found
  }
}

function rowKey(peer: string, outgoing: boolean, guid: bigint): string {
  return `${peer}${outgoing ? '>' : '<'}${guid}`
}
