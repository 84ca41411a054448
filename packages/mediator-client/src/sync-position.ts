import { KnownIds } from './known-ids.js'

/** Which messages of a chat are known, and up to where nothing is missing. */
export class SyncPosition {
  /** Of messages that went into the queue lately, and of our own. */
  readonly #recent: KnownIds
  /** Those of them above `syncedTo`, since the last disconnect. */
  readonly #ahead: KnownIds
  #syncedTo: bigint
  #highestId: bigint
  #settledTo = 0n
  #liveFrom: bigint | undefined

  constructor(syncedTo: bigint, knownIds: number) {
    this.#syncedTo = this.#highestId = syncedTo
    this.#recent = new KnownIds(knownIds)
    this.#ahead = new KnownIds(knownIds)
  }

  get syncedTo(): bigint {
    return this.#syncedTo
  }

  /** Highest id heard of, whether we have the message or not. */
  get highestId(): bigint {
    return this.#highestId
  }

  /** Lowest id pushed since the subscription, 0 before. */
  get liveFrom(): bigint {
    return this.#liveFrom ?? 0n
  }

  /** Something is missing below what we heard of, as far as we know. */
  get hasGap(): boolean {
    return this.#highestId > this.#syncedTo && this.#highestId > this.#settledTo
  }

  has(messageId: bigint): boolean {
    return this.#recent.has(messageId)
  }

  heardOf(messageId: bigint): void {
    if (messageId > this.#highestId) this.#highestId = messageId
  }

  /** We have this one, of a push or our own: it closes a gap, or is one of those behind it. */
  add(messageId: bigint): void {
    this.#recent.add(messageId)
    if (messageId === this.#syncedTo + 1n) this.moveTo(messageId)
    else if (messageId > this.#syncedTo) this.#ahead.add(messageId)
  }

  /** It was pushed on the connection that we have. */
  pushed(messageId: bigint): void {
    if (messageId > this.#syncedTo && (this.#liveFrom === undefined || messageId < this.#liveFrom)) {
      this.#liveFrom = messageId
    }
  }

  /** It is in a page that shows all there is up to it. @returns whether we did not have it */
  listed(messageId: bigint): boolean {
    this.heardOf(messageId)
    this.moveTo(messageId)
    return this.#recent.add(messageId)
  }

  /** Nothing is missing up to here. */
  moveTo(messageId: bigint): void {
    if (messageId <= this.#syncedTo) return
    this.#syncedTo = messageId
    while (this.#ahead.delete(this.#syncedTo + 1n)) this.#syncedTo++
  }

  /** It was seen that gaps up to here are nothing but deleted messages, or that they cannot be closed now. */
  settle(messageId: bigint): void {
    if (messageId > this.#settledTo) this.#settledTo = messageId
  }

  /** The connection is over: what was pushed on it proves nothing any more. */
  disconnected(): void {
    this.#ahead.clear()
    this.#liveFrom = undefined
  }
}
