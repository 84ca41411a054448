import type { Receipt } from './inlet.js'

const NEVER = Number.POSITIVE_INFINITY
/** Data in order is acknowledged after so many segments, or so many ms; everything else at once. */
const SEGMENTS = 4
const DELAY_MS = 5

/** When the other side is to be told what has come. */
export class Acks {
  #segments = 0
  #dueMs = NEVER

  get deadlineMs(): number {
    return this.#dueMs
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs
  }

  /** Something came that wants an answer. */
  atOnce(nowMs: number): void {
    this.#dueMs = nowMs
  }

  /** @param isWhole - no gap, and no end */
  received(receipt: Receipt, isWhole: boolean, nowMs: number): void {
    this.#segments++
    const isEarly = receipt === 'fresh' && isWhole && this.#segments < SEGMENTS
    this.#dueMs = Math.min(this.#dueMs, isEarly ? nowMs + DELAY_MS : nowMs)
  }

  /** All there is to say has been said. */
  sent(): void {
    this.#segments = 0
    this.#dueMs = NEVER
  }
}
