import { AckWindow } from './frames/ack-window.js'
import type { PeerLimits } from './limits.js'

interface Written {
  readonly atMs: number
  readonly byteLength: number
}

/** Messages written on a connection that have no OK: those in the window, and those the other side is silent about. */
export class Outstanding {
  readonly #limits: PeerLimits
  readonly #window: AckWindow<bigint, Written>
  /** Oldest first. */
  #unanswered: Set<bigint> | undefined = undefined
  /** Payload bytes of the messages in the window. */
  byteLength = 0

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
    return this.#window.oldest?.atMs
  }

  has(guid: bigint): boolean {
    return this.#window.has(guid) || this.#unanswered?.has(guid) === true
  }

  /** It has a place in the window: an OK for it is owed above all. */
  isInWindow(guid: bigint): boolean {
    return this.#window.has(guid)
  }

  /** One that was given up may be added again. */
  add(guid: bigint, atMs: number, byteLength: number): void {
    this.#unanswered?.delete(guid)
    this.#window.add(guid, { atMs, byteLength })
    this.byteLength += byteLength
  }

  /** An OK came. @returns whether it was owed */
  acknowledge(guid: bigint): boolean {
    const written = this.#window.take(guid)
    if (written === undefined) return this.#unanswered?.delete(guid) === true
    this.byteLength -= written.byteLength
    return true
  }

  /** Take the oldest message out of the window, if it was written by then; a late OK for it still counts. */
  giveUpOldest(writtenUntilMs: number): bigint | undefined {
    const guid = this.#window.oldestId
    if (guid === undefined || this.#window.oldest!.atMs > writtenUntilMs) return undefined
    this.byteLength -= this.#window.takeOldest()!.byteLength
    this.remember(guid)
    return guid
  }

  /** A late OK for this message counts. */
  remember(guid: bigint): void {
    this.#unanswered ??= new Set()
    if (this.#unanswered.size >= this.#limits.unansweredMessages) this.#forgetFirst(this.#unanswered)
    this.#unanswered.add(guid)
  }

  #forgetFirst(guids: Set<bigint>): void {
    for (const first of guids) {
      guids.delete(first)
      return
    }
  }
}
