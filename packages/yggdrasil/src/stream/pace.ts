/** Bursts are kept to this long, or to two segments: timers are coarse, and old nodes drop what waits for 25 ms. */
const BURST_MS = 2

/** Spreads packets over time. yggdrasil protocol §10.6 */
export class Pace {
  /** The next packet may leave then. */
  nextMs = 0

  /** A packet leaves. @param bytesPerMs - 0: as fast as can be */
  spend(sizeBytes: number, segmentBytes: number, bytesPerMs: number, nowMs: number): void {
    if (bytesPerMs === 0) return
    const burstMs = Math.max(BURST_MS, (2 * segmentBytes) / bytesPerMs)
    this.nextMs = Math.max(this.nextMs, nowMs - burstMs) + sizeBytes / bytesPerMs
  }

  /**
   * What left at another pace is reckoned at the new one; and whatever was measured, nothing waits for very long.
   * @param mostMs - longest wait for the next packet
   */
  change(beforeBytesPerMs: number, bytesPerMs: number, mostMs: number, nowMs: number): void {
    const waitMs = this.nextMs - nowMs
    if (waitMs <= 0) return
    const isFaster = beforeBytesPerMs > 0 && bytesPerMs > beforeBytesPerMs
    this.nextMs = nowMs + Math.min(isFaster ? (waitMs * beforeBytesPerMs) / bytesPerMs : waitMs, mostMs)
  }
}
