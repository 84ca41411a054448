import type { ReceivedBatch, ReceivedMessage } from './types.js'

interface Entry {
  /** Absent: only `syncedTo` moved. */
  readonly message: ReceivedMessage | undefined
  readonly syncedTo: bigint
}

/** What was received and is not stored yet, in the order in which it has to be stored. */
export class SyncQueue {
  readonly #batchMessages: number
  /** What the last entry says: it never goes back. */
  #syncedTo: bigint
  #entries: Entry[] = []
  #messages = 0
  #bytes = 0
  /** Handed out, not confirmed. */
  #batch: { readonly value: ReceivedBatch; readonly entries: number } | undefined

  constructor(batchMessages: number, syncedTo: bigint) {
    this.#batchMessages = batchMessages
    this.#syncedTo = syncedTo
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get messages(): number {
    return this.#messages
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param syncedTo - holds as soon as this message and all before it are stored; what is lower than before says nothing */
  push(message: ReceivedMessage | undefined, syncedTo: bigint): void {
    if (syncedTo > this.#syncedTo) this.#syncedTo = syncedTo
    if (message === undefined) {
      this.#moveLast()
      return
    }
    this.#entries.push({ message, syncedTo: this.#syncedTo })
    this.#messages++
    this.#bytes += message.blob.length
  }

  /** Many positions without a message in between are one, unless they are with the store already. */
  #moveLast(): void {
    const isHeld = this.#batch !== undefined && this.#entries.length === this.#batch.entries
    const last = isHeld ? undefined : this.#entries.pop()
    this.#entries.push({ message: last?.message, syncedTo: this.#syncedTo })
  }

  /** The next batch; the same one until it is {@link confirm}ed. */
  batch(): ReceivedBatch | undefined {
    if (this.#batch !== undefined) return this.#batch.value
    const entries = this.#entries.slice(0, this.#batchMessages)
    const last = entries.at(-1)
    if (last === undefined) return undefined
    const messages = entries.flatMap(({ message }) => (message === undefined ? [] : [message]))
    this.#batch = { value: { messages, syncedTo: last.syncedTo }, entries: entries.length }
    return this.#batch.value
  }

  /** The batch is stored. */
  confirm(): void {
    if (this.#batch === undefined) return
    const { value, entries } = this.#batch
    this.#entries = this.#entries.slice(entries)
    this.#messages -= value.messages.length
    this.#bytes -= value.messages.reduce((bytes, { blob }) => bytes + blob.length, 0)
    this.#batch = undefined
  }
}
