/** So many a second, and as many at once after a quiet second. */
export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  #filledMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
  }

  /** @returns `false`, and nothing is taken, when there is not so much */
  take(nowMs: number, tokens = 1): boolean {
    if (this.#tokens < this.#perSecond) {
      this.#tokens = Math.min(this.#perSecond, this.#tokens + ((nowMs - this.#filledMs) * this.#perSecond) / 1000)
    }
    this.#filledMs = nowMs
    if (this.#tokens < tokens) return false
    this.#tokens -= tokens
    return true
  }

  /** Give back what was taken and not used. */
  give(tokens: number): void {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + tokens)
  }
}
