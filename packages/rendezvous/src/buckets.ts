import { TokenBucket } from './token-bucket.js'

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
    return this.#of(name).take(nowMs)
  }

  #of(name: string): TokenBucket {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const bucket = this.#old.get(name) ?? new TokenBucket(this.#perSecond, this.#burst)
    this.#old.delete(name)
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, bucket)
    return bucket
  }
}
