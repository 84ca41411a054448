/** A rate with a burst. Tokens come back evenly up to the burst; a clock that was set back gives none, and takes none. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  readonly #resume: number
  #tokens: number
  #atMs: number
  #isSpent = false

  /** @param resume - tokens that have to be there before anything is granted again after a refusal; default 0 */
  constructor(perSecond: number, burst: number, nowMs: number, resume = 0) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#resume = Math.min(resume, burst)
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** As if nothing had ever been taken. */
  isFull(nowMs: number): boolean {
    return this.#tokens + (nowMs - this.#atMs) * this.#perMs >= this.#burst
  }

  /**
   * @param needed - what has to be there; what is taken beyond that is owed. Default `count`
   * @returns `false`, and nothing taken, when there is less
   */
  take(nowMs: number, count = 1, needed: number = count): boolean {
    if (nowMs > this.#atMs) this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    this.#isSpent = this.#tokens < (this.#isSpent ? Math.max(needed, this.#resume) : needed)
    if (!this.#isSpent) this.#tokens -= count
    return !this.#isSpent
  }
}

/**
 * A map that forgets: at most `capacity` entries, those not touched for longest dropped half at a time. Two generations of
 * half the size; reading an old entry moves it to the young one.
 */
export class RotatingMap<Key, Value> {
  readonly #half: number
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2))
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#old.delete(key)
    this.set(key, old)
    return old
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
