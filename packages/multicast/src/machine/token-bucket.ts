/** So many a second, and `burst` at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, burst: number = perSecond) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  has(nowMs: number, tokens = 1): boolean {
    this.#fill(nowMs)
    return this.#tokens >= tokens
  }

  /** @returns `false`, and nothing is taken, when there is none */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false
    this.#tokens -= 1
    return true
  }

  /** Take the next one, and wait for it. @returns when it will be there */
  reserve(nowMs: number): number {
    this.#fill(nowMs)
    this.#tokens -= 1
    return this.#tokens >= 0 ? nowMs : nowMs - (this.#tokens * 1000) / this.#perSecond
  }

  #fill(nowMs: number): void {
    // A clock that goes back gives nothing twice.
    if (nowMs <= this.#filledMs) return
    if (this.#tokens < this.#burst)
      this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledMs) * this.#perSecond) / 1000)
    this.#filledMs = nowMs
  }
}
