import type { KeyId } from '../key.js'
import type { TokenBucket } from '../router/token-bucket.js'

interface Window {
  readonly startMs: number
  taken: number
}

/**
 * So many in a span of time from each key, and so many from all together. Keys here are claimed by whoever sends, so the
 * table grows only as fast as the bucket for all of them allows, and forgets after the span.
 */
export class SourceRates {
  readonly #perSource: number
  readonly #spanMs: number
  readonly #windows = new Map<KeyId, Window>()

  constructor(perSource: number, spanMs: number) {
    this.#perSource = perSource
    this.#spanMs = spanMs
  }

  /** Keys remembered. */
  get size(): number {
    return this.#windows.size
  }

  /** @param all - taken from as well */
  take(source: KeyId, all: TokenBucket, nowMs: number): boolean {
    const window = this.#windows.get(source)
    if (window !== undefined && nowMs - window.startMs < this.#spanMs) {
      if (window.taken >= this.#perSource || !all.take(nowMs)) return false
      window.taken++
      return true
    }
    if (!all.take(nowMs)) return false
    this.#forget(nowMs)
    // Behind all others: the map is in the order of the start.
    this.#windows.delete(source)
    this.#windows.set(source, { startMs: nowMs, taken: 1 })
    return true
  }

  #forget(nowMs: number): void {
    for (const [source, { startMs }] of this.#windows) {
      if (nowMs - startMs < this.#spanMs) return
      this.#windows.delete(source)
    }
  }
}
