import { FIRST_RTO_MS, MAX_RTO_MS, MIN_RTO_MS } from './constants.js'

/** Least allowance for variation. */
const GRANULARITY_MS = 50

/** Smoothed round-trip time and what follows from it, after Jacobson and Karels. yggdrasil protocol §10.5 */
export class RoundTrip {
  /** -1 before the first measurement. */
  smoothedMs = -1
  variationMs = 0
  /** Retransmission timeout, not yet doubled. */
  rtoMs: number = FIRST_RTO_MS

  /** Take a measurement. Never of something that was sent more than once. */
  sample(ms: number): void {
    if (this.smoothedMs < 0) {
      this.smoothedMs = ms
      this.variationMs = ms / 2
    } else {
      this.variationMs += (Math.abs(this.smoothedMs - ms) - this.variationMs) / 4
      this.smoothedMs += (ms - this.smoothedMs) / 8
    }
    const rtoMs = this.smoothedMs + Math.max(4 * this.variationMs, GRANULARITY_MS)
    this.rtoMs = Math.min(MAX_RTO_MS, Math.max(MIN_RTO_MS, rtoMs))
  }
}
