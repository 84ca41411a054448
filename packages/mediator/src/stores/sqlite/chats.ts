import type { Database, Statement } from '@mimirjs/store'
import { Chat } from './chat.js'

/** Chats whose statements are kept. A statement costs some kilobytes and, to prepare, some tens of microseconds. */
const MAX_CHATS = 256

interface Entry {
  readonly chat: Chat
  /** In which epoch its state was read. */
  epoch: number
}

/**
 * The chats in use, the least recently used one dropped first. What is remembered of a chat holds while all transactions
 * succeed; after one that did not, {@link forget} has everything read again.
 */
export class Chats {
  readonly #database: Database
  readonly #entries = new Map<bigint, Entry>()
  readonly #state: Statement
  #epoch = 0

  constructor(database: Database) {
    this.#database = database
    this.#state = database.prepare(
      `SELECT last_id, largest, expired_to, bytes, counted_to
       FROM chat_state JOIN chats ON chats.id = chat_id WHERE chat_id = ?`,
      { bigints: true },
    )
  }

  /** `undefined`: there is no such chat. Its tables exist if this answers. */
  get(chatId: bigint): Chat | undefined {
    const known = this.#entries.get(chatId)
    if (known?.epoch === this.#epoch) {
      // Last in the map's order: used last.
      this.#entries.delete(chatId)
      this.#entries.set(chatId, known)
      return known.chat
    }
    this.#entries.delete(chatId)
    const state = this.#state.get(chatId)
    if (state === undefined) return undefined
    const chat = known?.chat ?? new Chat(this.#database, chatId)
    chat.remember(state)
    this.#entries.set(chatId, { chat, epoch: this.#epoch })
    if (this.#entries.size > MAX_CHATS) this.#entries.delete(this.#entries.keys().next().value!)
    return chat
  }

  /** The chat was deleted, or is not what it was. */
  drop(chatId: bigint): void {
    this.#entries.delete(chatId)
  }

  /** A transaction was rolled back. */
  forget(): void {
    this.#epoch++
  }
}
