import { MAX_SEGMENT_BYTES } from './constants.js'
import type { Remote } from './remote.js'

/** What may always be sent to a connection that is read at once: else it could not go on at all. */
const LEAST_WINDOW_BYTES: number = 2 * MAX_SEGMENT_BYTES
/** Bytes behind a gap, which no reader can take, have this part of everything. */
const EARLY_PART = 0.5

/**
 * Bytes that came and were not read, of all connections: how much there may be of them together, and of one other node.
 * Windows are told so that it is enough; but windows told before cannot be taken back, and who tells how much of them is
 * used is the other side. What is above is as if it had been lost. yggdrasil protocol §12
 */
export class StreamMemory {
  readonly #limitBytes: number
  readonly #perKeyBytes: number
  #heldBytes = 0
  #earlyBytes = 0

  /** @param limitBytes - of all nodes @param perKeyBytes - of one */
  constructor(limitBytes: number, perKeyBytes: number) {
    this.#limitBytes = limitBytes
    this.#perKeyBytes = Math.min(limitBytes, perKeyBytes)
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** What a connection with that node may hold besides. */
  room({ heldBytes }: Remote): number {
    return Math.max(0, Math.min(this.#limitBytes - this.#heldBytes, this.#perKeyBytes - heldBytes))
  }

  /** The same, of bytes behind a gap. */
  earlyRoom(remote: Remote): number {
    const ofAll = EARLY_PART * this.#limitBytes - this.#earlyBytes
    const ofKey = EARLY_PART * this.#perKeyBytes - remote.earlyBytes
    return Math.max(0, Math.min(ofAll, ofKey, this.room(remote)))
  }

  /**
   * The window to tell for a connection that has so much free.
   * @param isRead - what comes goes to the application at once
   */
  window(remote: Remote, freeBytes: number, isRead: boolean): number {
    const room = this.room(remote)
    if (isRead) return Math.min(freeBytes, Math.max(room, LEAST_WINDOW_BYTES))
    // Where no segment fits there is no window: one who is told of some would take what is not taken for lost.
    return room < MAX_SEGMENT_BYTES && room < freeBytes ? 0 : Math.min(freeBytes, room)
  }

  /** So much more, or less, is held. */
  account(remote: Remote, heldBytes: number, earlyBytes: number): void {
    remote.heldBytes += heldBytes
    remote.earlyBytes += earlyBytes
    this.#heldBytes += heldBytes
    this.#earlyBytes += earlyBytes
  }
}
