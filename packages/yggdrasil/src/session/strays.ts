import type { KeyId } from '../key.js'
import { TokenBucket } from '../token-bucket.js'

/** At most one throw-away Init to a key in this time. yggdrasil protocol §12 */
const PAUSE_MS = 5000

/**
 * To whom a throw-away Init was sent, and with which number: the Ack that follows has to have a higher one, or it is
 * ignored and the first packets are sealed with keys that nobody has. As small as the bucket makes it.
 */
export class Strays {
  readonly #bucket: TokenBucket
  /** In the order of time. */
  readonly #sent = new Map<KeyId, { readonly sentMs: number; readonly seq: number }>()

  constructor(perSecond: number) {
    this.#bucket = new TokenBucket(perSecond)
  }

  get size(): number {
    return this.#sent.size
  }

  /** @returns whether an Init with this number may be sent */
  take(id: KeyId, seq: number, nowMs: number): boolean {
    for (const [other, { sentMs }] of this.#sent) {
      if (nowMs - sentMs < PAUSE_MS) break
      this.#sent.delete(other)
    }
    if (this.#sent.has(id) || !this.#bucket.take(nowMs)) return false
    this.#sent.set(id, { sentMs: nowMs, seq })
    return true
  }

  /** The number of the last one; 0 without. */
  seqTo(id: KeyId): number {
    return this.#sent.get(id)?.seq ?? 0
  }
}
