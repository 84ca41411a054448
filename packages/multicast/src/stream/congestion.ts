import type { RoundTrip } from './round-trip.js'
import { isNewer } from './segment.js'

const FIRST_SEGMENTS = 8
const LEAST_SEGMENTS = 4
const MAX_WINDOW_BYTES = 1024 * 1024
/** Round trips longer than the shortest by half and this come from a queue: answers are held back for some ms, too. */
const QUEUE_MS = 12
/** Losses of one round trip that are no chance: so many, and this part. A wireless network loses some all the time. */
const MANY_LOSSES = 4
const MANY_PART = 0.2
const CUT = 0.7
/** A part of the window added in a round trip. */
const GROWTH = 1 / 16
/** A burst is so many segments, or as much as leaves in this time: timers are coarse. */
const BURST_SEGMENTS = 4
const BURST_MS = 2
/** Whatever was measured, the next segment leaves after this. */
const MOST_PAUSE_MS = 50

/**
 * How much may be on the way, and how fast it leaves. It begins small and doubles with every round trip; a queue that
 * shows in the round trips, or many losses at once, cut it. Few losses do not: over the air they say nothing.
 */
export class Congestion {
  /** Most bytes on the way. */
  windowBytes: number
  /** The next segment may leave then. */
  nextMs = 0
  #thresholdBytes = MAX_WINDOW_BYTES
  readonly #leastBytes: number
  readonly #segmentBytes: number
  readonly #roundTrip: RoundTrip
  /** The last segment that had left when this round began. */
  #roundEnd = 0
  #minMs = Number.POSITIVE_INFINITY
  #arrived = 0
  #lost = 0
  #peakBytes = 0

  constructor(segmentBytes: number, roundTrip: RoundTrip) {
    this.#segmentBytes = segmentBytes
    this.#roundTrip = roundTrip
    this.windowBytes = FIRST_SEGMENTS * segmentBytes
    this.#leastBytes = LEAST_SEGMENTS * segmentBytes
  }

  onSent(sizeBytes: number, inFlightBytes: number, nowMs: number): void {
    this.#peakBytes = Math.max(this.#peakBytes, inFlightBytes)
    const { smoothedMs } = this.#roundTrip
    if (smoothedMs <= 0) return
    const gain = this.windowBytes < this.#thresholdBytes ? 2 : 1.25
    const bytesPerMs = (gain * this.windowBytes) / smoothedMs
    const burstMs = Math.max(BURST_MS, (BURST_SEGMENTS * this.#segmentBytes) / bytesPerMs)
    this.nextMs = Math.min(Math.max(this.nextMs, nowMs - burstMs) + sizeBytes / bytesPerMs, nowMs + MOST_PAUSE_MS)
  }

  onLost(segments: number): void {
    this.#lost += segments
  }

  /**
   * Segments arrived.
   * @param sampleMs - the round trip measured, -1 without one
   * @param echo - the last number that the other side knows
   * @param lastNumber - the last one that has left
   */
  onArrived(segments: number, sampleMs: number, echo: number, lastNumber: number): void {
    this.#arrived += segments
    if (sampleMs >= 0) this.#minMs = Math.min(this.#minMs, sampleMs)
    if (!isNewer(echo, this.#roundEnd)) return
    this.#judge()
    this.#roundEnd = lastNumber
    this.#minMs = Number.POSITIVE_INFINITY
    this.#arrived = 0
    this.#lost = 0
    this.#peakBytes = 0
  }

  /** Nothing came back for long. */
  onSilence(): void {
    this.#thresholdBytes = Math.max(this.#leastBytes, this.windowBytes / 2)
    this.windowBytes = this.#leastBytes
  }

  #judge(): void {
    const isMany = this.#lost >= MANY_LOSSES && this.#lost > MANY_PART * (this.#arrived + this.#lost)
    const isQueueing = this.#minMs !== Number.POSITIVE_INFINITY && this.#minMs > 1.5 * this.#roundTrip.minMs + QUEUE_MS
    if (isMany || isQueueing) {
      this.#thresholdBytes = Math.max(this.#leastBytes, CUT * Math.min(this.windowBytes, this.#peakBytes))
      this.windowBytes = this.#thresholdBytes
    } else if (this.#peakBytes + this.#segmentBytes >= this.windowBytes) {
      const isStarting = this.windowBytes < this.#thresholdBytes
      const moreBytes = isStarting ? this.windowBytes : Math.max(this.#segmentBytes, GROWTH * this.windowBytes)
      this.windowBytes = Math.min(MAX_WINDOW_BYTES, this.windowBytes + moreBytes)
    }
  }
}
