import type { Transfers } from './files/transfers.js'
import { toEntry, withoutFile } from './history-entry.js'
import type { HistoryEntry } from './message.js'
import { parseMessageId } from './message-id.js'
import type { Store } from './store.js'
import type { StoreAccess } from './store-access.js'
import type { ConversationSummary } from './types.js'

export interface ConversationsContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly transfers: Pick<Transfers, 'remove'>
  /** Our public key, 64 lower-case hex digits. */
  readonly publicKey: string
  /** The group of this id, if it is one. */
  group(id: string): ConversationSummary['group']
}

/** What was said, with whom: read, searched, taken away. A conversation is named by a key, or by the id of a group. */
export class Conversations {
  readonly #context: ConversationsContext

  constructor(context: ConversationsContext) {
    this.#context = context
  }

  /** Newest first. @throws {MessengerError} `bad-content` | `store` | `closed` */
  async history(peer: string, options: { limit?: number; before?: HistoryEntry } = {}): Promise<HistoryEntry[]> {
    const { access, store } = this.#context
    const { limit = 100, before: last } = options
    const beforeSeq = last && (await access.ask(() => store.placeOf(peer, parseMessageId(last.id), last.outgoing)))
    if (last && beforeSeq === undefined) return []
    const range = { limit, ...(beforeSeq === undefined ? {} : { beforeSeq }) }
    const rows = await access.ask(() => store.history(peer, range))
    return rows.map((row) => toEntry(row, this.#context.publicKey))
  }

  /** @returns whether there was such a message. @throws {MessengerError} `store` */
  remove(peer: string, guid: bigint, outgoing: boolean): Promise<boolean> {
    return this.#context.transfers.remove(peer, guid, outgoing)
  }

  /** Newest first, with what is unread. @throws {MessengerError} `store` | `closed` */
  async list(): Promise<ConversationSummary[]> {
    const { access, store, publicKey, group } = this.#context
    const rows = await access.ask(() => store.conversations())
    return rows.map(({ contact, unread, last }) => ({
      contact,
      group: contact.kind === 'group' ? group(contact.peer) : undefined,
      unread,
      last: last && withoutFile(toEntry(last, publicKey)),
    }))
  }

  /** Everything up to now has been read. @throws {MessengerError} `store` | `closed` */
  async markRead(peer: string): Promise<void> {
    const { access, store } = this.#context
    await access.ask(() => store.markRead(peer))
  }

  /** Newest first. @throws {MessengerError} `store` | `closed` */
  async search(text: string, options: { peer?: string; limit: number }): Promise<HistoryEntry[]> {
    const { access, store, publicKey } = this.#context
    return (await access.ask(() => store.search(text, options))).map((row) => toEntry(row, publicKey))
  }
}
