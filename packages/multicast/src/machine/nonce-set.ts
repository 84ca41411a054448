import { mix, readI32, type Salt } from './mix.js'

export const Used = { never: 0, received: 1, sent: 2 } as const
export type Used = (typeof Used)[keyof typeof Used]

const NONE = new Int32Array(0)
const FIRST_SLOTS = 16
const SENT_BIT = 1

/**
 * The nonces of one session, of both directions. Of each, 63 of its 96 bits are kept: nonces are random, so a genuine
 * one is taken for another once in 2^30 sessions that are used to their end. Nothing is held before the first.
 */
export class NonceSet {
  readonly #salt: Salt
  /** Two words a slot; the lowest bit of the second tells the direction. No used slot begins with zero. */
  #words: Int32Array = NONE
  #size = 0

  constructor(salt: Salt) {
    this.#salt = salt
  }

  get sizeBytes(): number {
    return this.#words.byteLength
  }

  /** How the nonce at `offset` was used. */
  find(bytes: Uint8Array, offset: number): Used {
    if (this.#size === 0) return Used.never
    const high = highOf(bytes, offset)
    const low = readI32(bytes, offset + 4) & ~SENT_BIT
    const slot = this.#slotOf(high, low)
    if (this.#words[slot] === 0) return Used.never
    return ((this.#words[slot + 1] as number) & SENT_BIT) === 0 ? Used.received : Used.sent
  }

  /** @returns `false`, and nothing changes, when it was used already */
  add(bytes: Uint8Array, offset: number, direction: typeof Used.received | typeof Used.sent): boolean {
    if (this.#size * 3 >= this.#words.length) this.#grow()
    const high = highOf(bytes, offset)
    const low = readI32(bytes, offset + 4) & ~SENT_BIT
    const slot = this.#slotOf(high, low)
    if (this.#words[slot] !== 0) return false
    this.#words[slot] = high
    this.#words[slot + 1] = low | (direction === Used.sent ? SENT_BIT : 0)
    this.#size += 1
    return true
  }

  clear(): void {
    this.#words = NONE
    this.#size = 0
  }

  /** The slot that holds it, or the free one where it would be. */
  #slotOf(high: number, low: number): number {
    const words = this.#words
    const mask = words.length / 2 - 1
    let slot = mix(this.#salt, high, low) & mask
    for (;;) {
      const first = words[2 * slot] as number
      if (first === 0) return 2 * slot
      if (first === high && ((words[2 * slot + 1] as number) & ~SENT_BIT) === low) return 2 * slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    const old = this.#words
    this.#words = new Int32Array(Math.max(2 * FIRST_SLOTS, 2 * old.length))
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at] as number
      if (high === 0) continue
      const second = old[at + 1] as number
      const slot = this.#slotOf(high, second & ~SENT_BIT)
      this.#words[slot] = high
      this.#words[slot + 1] = second
    }
  }
}

/** Never zero, which means a free slot. */
function highOf(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset) || 1
}
