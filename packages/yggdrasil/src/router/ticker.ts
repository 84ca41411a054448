/** yggdrasil protocol §4.5 */
const TICK_MS = 1000
/** News that should not wait for the next tick get one after so long, so that what comes together is seen together… */
const EARLY_TICK_MS = 100
/** …and not sooner after the last one than this. */
const TICK_GAP_MS = 250

/** When the router looks after itself: every second, and a little earlier when there is news. */
export class Ticker {
  #lastMs = Number.NEGATIVE_INFINITY
  #regularMs: number
  #earlyMs: number = Number.POSITIVE_INFINITY

  /** The first tick is due at once. */
  constructor(nowMs: number) {
    this.#regularMs = nowMs
  }

  get nextMs(): number {
    return Math.min(this.#regularMs, this.#earlyMs)
  }

  /** There is news. */
  soon(nowMs: number): void {
    const dueMs = Math.max(nowMs + EARLY_TICK_MS, this.#lastMs + TICK_GAP_MS)
    this.#earlyMs = Math.min(this.#earlyMs, dueMs)
  }

  /** Take the tick that is due, if there is one. */
  take(nowMs: number): 'regular' | 'early' | undefined {
    if (nowMs < this.nextMs) return undefined
    this.#lastMs = nowMs
    this.#earlyMs = Number.POSITIVE_INFINITY
    if (nowMs < this.#regularMs) return 'early'
    this.#regularMs += TICK_MS
    // After a sleep the ticks that were missed are not made up for.
    if (this.#regularMs <= nowMs) this.#regularMs = nowMs + TICK_MS
    return 'regular'
  }
}
