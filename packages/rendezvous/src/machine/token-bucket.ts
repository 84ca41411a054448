/** So many a second, and `burst` at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** @returns `false`, and nothing is taken, when there is none */
  take(nowMs: number): boolean {
    // A clock that goes back gives nothing twice.
    if (nowMs > this.#filledMs) {
      if (this.#tokens < this.#burst)
        this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledMs) * this.#perSecond) / 1000)
      this.#filledMs = nowMs
    }
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
