import type { KeyId } from '../key.js'
import type { TokenBucket } from '../token-bucket.js'

interface Source {
  tokens: number
  filledMs: number
}

/**
 * So many a second from each key, some more at once after a pause, and so many from all together. Anybody can have any
 * number of keys, so the table grows only as fast as the bucket for all of them allows, and forgets who was quiet.
 */
export class SourceRates {
  readonly #perSecond: number
  readonly #burst: number
  /** In the order of the last taking. */
  readonly #sources = new Map<KeyId, Source>()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Keys remembered. */
  get size(): number {
    return this.#sources.size
  }

  /** @param all - taken from as well */
  take(id: KeyId, all: TokenBucket, nowMs: number): boolean {
    const source = this.#sources.get(id)
    const filled = source === undefined ? this.#burst : this.#filled(source, nowMs)
    if (filled < 1 || !all.take(nowMs)) return false
    this.#forget(nowMs)
    this.#sources.delete(id)
    this.#sources.set(id, { tokens: filled - 1, filledMs: nowMs })
    return true
  }

  #filled({ tokens, filledMs }: Source, nowMs: number): number {
    return Math.min(this.#burst, tokens + ((nowMs - filledMs) * this.#perSecond) / 1000)
  }

  #forget(nowMs: number): void {
    for (const [id, { filledMs }] of this.#sources) {
      if (((nowMs - filledMs) * this.#perSecond) / 1000 < this.#burst) return
      this.#sources.delete(id)
    }
  }
}
