import { AckWindow } from './frames/ack-window.js'
import type { PeerLimits } from './limits.js'

/** Messages written on a connection that have no OK: those in the window, and those the other side is silent about. */
export class Outstanding {
  readonly #limits: PeerLimits
  /** Value: when it was written. */
  readonly #window: AckWindow<bigint, number>
  /** Oldest first. */
  readonly #unanswered = new Set<bigint>()

  constructor(limits: PeerLimits) {
    this.#limits = limits
    this.#window = new AckWindow(limits.windowMessages)
  }

  /** Messages in the window. */
  get size(): number {
    return this.#window.size
  }

  /** When the message that waits longest was written. */
  get oldestMs(): number | undefined {
    return this.#window.oldest
  }

  has(guid: bigint): boolean {
    return this.#window.has(guid) || this.#unanswered.has(guid)
  }

  add(guid: bigint, writtenMs: number): void {
    this.#window.add(guid, writtenMs)
  }

  /** An OK came. @returns whether it was owed */
  acknowledge(guid: bigint): boolean {
    return this.#window.take(guid) !== undefined || this.#unanswered.delete(guid)
  }

  /** Take the oldest message out of the window, if it was written by then; a late OK for it still counts. */
  giveUpOldest(writtenUntilMs: number): bigint | undefined {
    const guid = this.#window.oldestId
    if (guid === undefined || this.#window.oldest! > writtenUntilMs) return undefined
    this.#window.takeOldest()
    if (this.#unanswered.size >= this.#limits.unansweredMessages) this.#forgetFirst()
    this.#unanswered.add(guid)
    return guid
  }

  #forgetFirst(): void {
    for (const first of this.#unanswered) {
      this.#unanswered.delete(first)
      return
    }
  }
}
