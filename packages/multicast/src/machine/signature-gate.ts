import type { MachineLimits } from '../limits.js'
import { TokenBucket } from './token-bucket.js'

/**
 * How many signatures may be checked. Of each source so many, because that is who can be told apart before a check; of
 * all together so many, because a source can be forged. Responses to openings of ours have a share of their own, so that
 * a flood of strangers does not keep us from opening sessions. multicast protocol §10
 */
export class SignatureGate {
  readonly #limits: MachineLimits
  readonly #strangers: TokenBucket
  readonly #awaited: TokenBucket
  /** The one added last stands last. */
  readonly #sources = new Map<string, TokenBucket>()

  constructor(limits: MachineLimits) {
    this.#limits = limits
    this.#strangers = new TokenBucket(limits.signaturesPerSecond)
    this.#awaited = new TokenBucket(limits.signaturesPerSecond)
  }

  get sourceCount(): number {
    return this.#sources.size
  }

  /** @returns whether one signature of a datagram from `source` may be checked now */
  take(source: string, nowMs: number, isAwaited: boolean): boolean {
    const all = isAwaited ? this.#awaited : this.#strangers
    if (!all.has(nowMs)) return false
    return this.#sourceOf(source).take(nowMs) && all.take(nowMs)
  }

  #sourceOf(source: string): TokenBucket {
    const known = this.#sources.get(source)
    if (known !== undefined) return known
    const { sources, signaturesPerSourcePerSecond, signaturesPerSourceBurst } = this.#limits
    if (this.#sources.size >= sources) {
      const [oldest] = this.#sources.keys()
      if (oldest !== undefined) this.#sources.delete(oldest)
    }
    const bucket = new TokenBucket(signaturesPerSourcePerSecond, signaturesPerSourceBurst)
    this.#sources.set(source, bucket)
    return bucket
  }
}
