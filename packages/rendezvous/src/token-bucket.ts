/**
 * A rate with a burst: full at first, then tokens come back evenly. A clock that was set back gives none and takes none, and
 * from then on counts anew: nobody waits until it has caught up.
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number | undefined

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** @returns `false`, and nothing is taken, when there is none */
  take(nowMs: number): boolean {
    const passedMs = nowMs - (this.#atMs ?? nowMs)
    this.#atMs = nowMs
    if (passedMs > 0) this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1000)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
