/** A rate with a burst. Tokens come back evenly up to the burst; a clock that was set back gives none, and takes none. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** @returns `false`, and nothing taken, when there is no token */
  take(nowMs: number): boolean {
    if (nowMs > this.#atMs) this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

/**
 * Buckets by name that forget: at most `capacity`, those not touched for longest dropped half at a time. Two generations
 * of half the size; reading an old one moves it to the young ones.
 */
export class Buckets {
  readonly #half: number
  readonly #perSecond: number
  readonly #burst: number
  #young = new Map<string, TokenBucket>()
  #old = new Map<string, TokenBucket>()

  constructor(perSecond: number, burst: number, capacity: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#half = Math.max(1, Math.floor(capacity / 2))
  }

  take(name: string, nowMs: number): boolean {
    return this.#of(name, nowMs).take(nowMs)
  }

  #of(name: string, nowMs: number): TokenBucket {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const bucket = this.#old.get(name) ?? new TokenBucket(this.#perSecond, this.#burst, nowMs)
    this.#old.delete(name)
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, bucket)
    return bucket
  }
}
