import { TokenBucket } from '../machine/token-bucket.js'

/** Sources remembered at a time; the one that came first goes first, and what all may do together stands all the same. */
const MAX_SOURCES = 1_024

/** How many signatures may be checked a second, of each source and of all together; twice as many at once after a pause. */
export class SignatureBudget {
  readonly #perSource: number
  readonly #total: TokenBucket
  readonly #sources = new Map<string, TokenBucket>()

  constructor(perSourcePerSecond: number, perSecond: number) {
    this.#perSource = perSourcePerSecond
    this.#total = new TokenBucket(perSecond, 2 * perSecond)
  }

  /** Take one; `false` when all together, or this source, had their share. A source that had its own costs others nothing. */
  take(source: string, nowMs: number): boolean {
    return this.#total.has(nowMs) && this.#of(source).take(nowMs) && this.#total.take(nowMs)
  }

  #of(source: string): TokenBucket {
    const known = this.#sources.get(source)
    if (known !== undefined) return known
    if (this.#sources.size >= MAX_SOURCES) {
      const [first] = this.#sources.keys()
      if (first !== undefined) this.#sources.delete(first)
    }
    const bucket = new TokenBucket(this.#perSource, 2 * this.#perSource)
    this.#sources.set(source, bucket)
    return bucket
  }
}
