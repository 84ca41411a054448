/**
 * A rate with a burst, as two numbers: what a take may leave. Tokens come back evenly up to the burst; a clock that was set
 * back gives none, and takes none.
 */
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

  /** @returns `false`, and nothing taken, when there is less than `count` */
  take(nowMs: number, count = 1): boolean {
    if (nowMs > this.#atMs) this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
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
