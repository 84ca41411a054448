/** Bookkeeping adds this much to what a piece of its own holds. */
export const PIECE_BYTES = 96

/** What is held for one peer. */
export interface Account {
  heldBytes: number
}

/**
 * Bytes that came and were not read, those behind a gap among them: how much there may be of them in all, and of one peer.
 * What is above is dropped as if it had been lost. What a reader takes at once is never held, so that a stream goes on
 * however much others hold.
 */
export class StreamMemory {
  readonly #limitBytes: number
  readonly #perPeerBytes: number
  #heldBytes = 0

  constructor(limitBytes: number, perPeerBytes: number) {
    this.#limitBytes = limitBytes
    this.#perPeerBytes = perPeerBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** What may be held besides for that peer. */
  room({ heldBytes }: Account): number {
    return Math.max(0, Math.min(this.#limitBytes - this.#heldBytes, this.#perPeerBytes - heldBytes))
  }

  /** So much more, or less, is held for that peer. */
  change(account: Account, sizeBytes: number): void {
    account.heldBytes += sizeBytes
    this.#heldBytes += sizeBytes
  }
}
