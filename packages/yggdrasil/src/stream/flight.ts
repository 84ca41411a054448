import type { Segment } from './scoreboard.js'

/** One packet with data on its way, with the state of delivery when it left: what rates are computed from. */
export interface Transmission {
  readonly position: number
  readonly segment: Segment
  readonly sizeBytes: number
  /** What it counts for among what is on its way: its size, or nothing once it was given up. */
  weightBytes: number
  readonly sentMs: number
  /** Bytes delivered until then, and when the last of them were. */
  readonly delivered: number
  readonly deliveredMs: number
  /** When the transmission left whose delivery was the last one known. */
  readonly firstSentMs: number
  /** There was nothing more to send: the rate says nothing about the path. */
  readonly isAppLimited: boolean
}

/** Transmissions in the order in which they left, which is that in which they arrive. */
export class Flight {
  /** Everything that left at this position or before is settled: arrived or lost. */
  settled = 0
  /** Bytes of what is not settled. */
  bytes = 0
  /** Bytes known to have arrived. */
  delivered = 0
  /** Position of the last transmission. */
  position = 0
  #deliveredMs = 0
  #firstSentMs = 0
  #appLimitedUntil = -1
  #queue: Transmission[] = []
  #head = 0

  /** @returns its position */
  depart(segment: Segment, nowMs: number): number {
    if (this.bytes === 0) {
      this.#firstSentMs = nowMs
      this.#deliveredMs = nowMs
    }
    const sizeBytes = segment.length
    this.bytes += sizeBytes
    this.#queue.push({
      position: ++this.position,
      segment,
      sizeBytes,
      weightBytes: sizeBytes,
      sentMs: nowMs,
      delivered: this.delivered,
      deliveredMs: this.#deliveredMs,
      firstSentMs: this.#firstSentMs,
      isAppLimited: this.#appLimitedUntil > this.delivered,
    })
    return this.position
  }

  /** The first one that is not settled, left until then, and is not of `segment`. */
  next(segment: Segment | undefined, latestMs: number): Transmission | undefined {
    for (let index = this.#head; index < this.#queue.length; index++) {
      const candidate = this.#queue[index]!
      if (candidate.sentMs > latestMs) return undefined
      if (candidate.segment !== segment) return candidate
    }
    return undefined
  }

  /** Everything up to `position` is not on its way any more. @returns the transmission of that position */
  settle(position: number): Transmission | undefined {
    let found: Transmission | undefined
    const queue = this.#queue
    while (this.#head < queue.length) {
      const transmission = queue[this.#head]!
      if (transmission.position > position) break
      this.bytes -= transmission.weightBytes
      found = transmission
      this.#head++
    }
    if (this.#head === queue.length) {
      queue.length = 0
      this.#head = 0
    } else if (this.#head > 32 && this.#head * 2 > queue.length) {
      queue.splice(0, this.#head)
      this.#head = 0
    }
    if (position > this.settled) this.settled = position
    return found?.position === position ? found : undefined
  }

  /** So much arrived; what told it is `trigger`. */
  arrived(freshBytes: number, trigger: Transmission | undefined, nowMs: number): void {
    this.delivered += freshBytes
    this.#deliveredMs = nowMs
    if (trigger !== undefined) this.#firstSentMs = trigger.sentMs
  }

  /** What is on its way may still be answered, and is told apart by that; but nothing waits for it. */
  forget(): void {
    this.bytes = 0
    for (let index = this.#head; index < this.#queue.length; index++) this.#queue[index]!.weightBytes = 0
  }

  /** There is nothing to send, and room for more. */
  markAppLimited(): void {
    this.#appLimitedUntil = this.delivered + Math.max(1, this.bytes)
  }
}
