/** An answer that was held back, or a computer that was busy, takes so much longer, in ms. */
const SLACK_MS = 25
const FIRST_TIMEOUT_MS = 300
const MAX_TIMEOUT_MS = 3000
/** The shortest round trip is forgotten after one to two of these. */
const SPAN_MS = 10_000

/** How long the other side takes to answer. */
export class RoundTrip {
  /** -1 before the first measurement. */
  smoothedMs = -1
  #deviationMs = 0
  #minMs = Number.POSITIVE_INFINITY
  #minBeforeMs = Number.POSITIVE_INFINITY
  #spanSinceMs = 0

  /** The shortest of the last 10 to 20 s, `Infinity` before the first. */
  get minMs(): number {
    return Math.min(this.#minMs, this.#minBeforeMs)
  }

  /** After so long without an answer something is lost. It doubles with every time, and never becomes long. */
  timeoutMs(tries: number): number {
    const onceMs = this.smoothedMs < 0 ? FIRST_TIMEOUT_MS : this.smoothedMs + 4 * this.#deviationMs + SLACK_MS
    return Math.min(MAX_TIMEOUT_MS, onceMs * 2 ** Math.min(tries, 16))
  }

  measure(sampleMs: number, nowMs: number): void {
    if (nowMs - this.#spanSinceMs > SPAN_MS) {
      this.#minBeforeMs = this.#minMs
      this.#minMs = Number.POSITIVE_INFINITY
      this.#spanSinceMs = nowMs
    }
    this.#minMs = Math.min(this.#minMs, sampleMs)
    if (this.smoothedMs < 0) {
      this.smoothedMs = sampleMs
      this.#deviationMs = sampleMs / 2
    } else {
      this.#deviationMs += (Math.abs(sampleMs - this.smoothedMs) - this.#deviationMs) / 4
      this.smoothedMs += (sampleMs - this.smoothedMs) / 8
    }
  }
}
