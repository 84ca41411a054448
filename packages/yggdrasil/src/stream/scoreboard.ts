import { Flight, type Transmission } from './flight.js'

/** Bytes that are sent as one packet, and again as the same packet: the other side knows segments by their start. */
export class Segment {
  seq: number
  length: number
  /** Position of the earliest transmission that may have arrived. */
  first: number
  /** Position and time of the latest transmission. */
  last: number
  sentMs: number
  wasResent = false
  /** It was sent again without proof that it was lost: nobody knows which one is acknowledged. */
  isAmbiguous = false
  /** It is taken for lost, without proof. */
  isGivenUp = false
  /** It was counted as arrived, by a repeated number. */
  isCounted = false

  constructor(seq: number, length: number, nowMs: number) {
    this.seq = seq
    this.length = length
    this.first = 0
    this.last = 0
    this.sentMs = nowMs
  }

  get end(): number {
    return this.seq + this.length
  }
}

/** What one acknowledgement told. Reused: valid until the next one. */
export interface Arrival {
  /** The transmission that caused it, or one before that. */
  trigger: Transmission | undefined
  /** Bytes that are known to have arrived since the last one. */
  freshBytes: number
  /** Time from sending to acknowledgement, -1 when it cannot be told; and what it is at least, -1 when not even that. */
  roundTripMs: number
  leastRoundTripMs: number
  /** Something is acknowledged that was taken for lost and not sent again, or too soon for that: it was only late. */
  isLate: boolean
}

/**
 * What is on its way, and what an acknowledgement says about it.
 *
 * There is no selective acknowledgement, but there is order: sessions drop what was overtaken (yggdrasil protocol §8.6),
 * and every segment that arrives is acknowledged at once (§10.4). So acknowledgements come in the order of the
 * transmissions that caused them, one for each that arrived. From a number that advances follows which transmission it
 * was; a number that is repeated was caused by a later transmission than the acknowledgement before. Everything that
 * left before the cause is settled: arrived or lost, not on its way any more. A gap at the front that is older than the
 * cause is a loss for certain, at the first repetition; and what a retransmission repairs and what it does not is told
 * by the next advance, without waiting for three of anything.
 */
export class Scoreboard {
  /** First byte not acknowledged, and first byte not sent. */
  una = 0
  nxt = 0
  readonly flight: Flight = new Flight()
  /** The other side tells which segments have come behind a gap. */
  hasReports = false
  /** Arrivals above `una` that were counted: not to be counted again when `una` passes them. */
  #creditBytes = 0
  #creditCount = 0
  #givenUpCount = 0
  #segments: Segment[] = []
  #head = 0
  readonly #arrival: Arrival = {
    trigger: undefined,
    freshBytes: 0,
    roundTripMs: -1,
    leastRoundTripMs: -1,
    isLate: false,
  }

  /** Segments sent and not acknowledged. */
  get count(): number {
    return this.#segments.length - this.#head
  }

  /** The oldest of them. */
  get front(): Segment | undefined {
    return this.#segments[this.#head]
  }

  /** The oldest segment is lost: nothing else could have been answered as it was. */
  get isFrontLost(): boolean {
    const { front } = this
    return front !== undefined && front.last <= this.flight.settled
  }

  /**
   * The oldest segment that is lost for certain. Without reports only the first one of all can be known to be; with
   * reports everything that is settled and was not reported is.
   */
  get nextLost(): Segment | undefined {
    if (this.isFrontLost) return this.front
    if (!this.hasReports || this.#creditCount === 0) return undefined
    for (let index = this.#head + 1; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!
      if (segment.last <= this.flight.settled && !segment.isCounted) return segment
    }
    return undefined
  }

  /** The oldest segment that is given up. */
  get nextGivenUp(): Segment | undefined {
    if (this.#givenUpCount === 0) return undefined
    for (let index = this.#head; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!
      if (segment.isGivenUp) return segment
    }
    return undefined
  }

  /** A segment leaves for the first time. */
  send(length: number, nowMs: number): void {
    const segment = new Segment(this.nxt, length, nowMs)
    segment.first = segment.last = this.flight.depart(segment, nowMs)
    this.nxt += length
    this.#segments.push(segment)
  }

  /** A segment leaves again. */
  resend(segment: Segment, nowMs: number): void {
    // Of others than the first the report may be lost.
    const isLost = segment === this.front && this.isFrontLost
    segment.last = this.flight.depart(segment, nowMs)
    if (isLost) segment.first = segment.last
    else segment.isAmbiguous = true
    segment.sentMs = nowMs
    segment.wasResent = true
    this.#takeBack(segment)
  }

  /** `ack` is above `una` and not above `nxt`. */
  advance(ack: number, nowMs: number, minRoundTripMs: number): Arrival {
    const { flight } = this
    const first = this.front
    let isPlain = true
    let position = 0
    let passed = 0
    let isLate = false
    let cause = first
    for (let segment = first; segment !== undefined && segment.seq < ack; segment = this.front) {
      if (segment.wasResent) isPlain = false
      // What was settled before has arrived before; but the one that was asked for has arrived now.
      const isOld = !isPlain && segment !== first && segment.first <= flight.settled
      const since = segment.first > flight.settled ? segment.first : segment.last
      if (!isOld && since >= position) {
        position = since
        cause = segment
      }
      if (segment.isGivenUp) isLate = true
      this.#takeBack(segment)
      passed++
      if (segment.end > ack) {
        // Cut by the other side, which the reference never does: go on behind the cut.
        segment.length = segment.end - ack
        segment.seq = ack
        break
      }
      this.#head++
    }
    this.#compact()
    const newly = ack - this.una
    this.una = ack
    // The cause has come just now; only what lies around it can have been counted before.
    const creditBytes = Math.min(this.#creditBytes, Math.max(0, newly - (cause?.length ?? 0)))
    this.#spendCredit(creditBytes, passed - 1)
    const trigger = flight.settle(position)
    if (isPlain) {
      // Segments that were sent once came in order: that tells exactly how far things are, whatever was thought before.
      flight.settled = position
      this.#spendCredit(this.#creditBytes, this.#creditCount)
    }
    // What is left are second copies of what has arrived.
    if (this.count === 0) flight.forget()
    const arrival = this.#arrived(trigger, newly - creditBytes, nowMs)
    // Others may have come long ago, behind the gap.
    if (cause !== undefined && (isPlain || cause === first)) {
      const tookMs = nowMs - cause.sentMs
      arrival.leastRoundTripMs = tookMs
      // An answer that came sooner than any is to a transmission before, whatever was thought to be proven.
      if (!cause.wasResent || (!cause.isAmbiguous && tookMs >= minRoundTripMs)) arrival.roundTripMs = tookMs
      else if (tookMs < minRoundTripMs / 2) isLate = true
    }
    arrival.isLate = isLate
    return arrival
  }

  /**
   * The number `una` again, caused by something that is not the segment it asks for. `undefined` when nothing that is on
   * its way can have caused it: then it tells nothing.
   */
  repeat(nowMs: number, minRoundTripMs: number): Arrival | undefined {
    const cause = this.flight.next(this.front, nowMs - 0.9 * minRoundTripMs)
    if (cause === undefined) return undefined
    this.flight.settle(cause.position)
    // One who reports, and did not, has not kept it.
    const isKept = !this.hasReports && cause.segment.seq >= this.una
    return this.#arrived(cause, isKept ? this.#count(cause.segment) : 0, nowMs)
  }

  /** The segment that begins at `seq` has come behind the gap. `undefined` when none begins there. */
  report(seq: number, nowMs: number): Arrival | undefined {
    const segment = this.#find(seq)
    if (segment === undefined || segment === this.front) return undefined
    this.hasReports = true
    this.#takeBack(segment)
    const cause = this.flight.settle(segment.first > this.flight.settled ? segment.first : segment.last)
    const arrival = this.#arrived(cause, this.#count(segment), nowMs)
    if (!segment.wasResent && cause !== undefined) arrival.roundTripMs = nowMs - segment.sentMs
    return arrival
  }

  /** @returns bytes that were not counted before */
  #count(segment: Segment): number {
    if (segment.isCounted) return 0
    segment.isCounted = true
    this.#creditBytes += segment.length
    this.#creditCount++
    return segment.length
  }

  #find(seq: number): Segment | undefined {
    let low = this.#head
    let high = this.#segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = this.#segments[middle]!
      if (segment.seq === seq) return segment
      if (segment.seq < seq) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  /** Segments behind the first that are settled, and how many of them are missing, as far as can be counted. */
  countMissing(): { readonly settled: number; readonly missing: number } {
    let settled = 0
    for (let index = this.#head + 1; index < this.#segments.length; index++) {
      if (this.#segments[index]!.last <= this.flight.settled) settled++
    }
    return { settled, missing: Math.max(0, settled - this.#creditCount) }
  }

  /** Take the first segment for lost. */
  giveUpFront(): void {
    const { front } = this
    if (front !== undefined) this.#giveUp(front)
  }

  /** Take everything for lost: nothing is on its way any more. */
  giveUpAll(): void {
    for (let index = this.#head; index < this.#segments.length; index++) this.#giveUp(this.#segments[index]!)
    this.flight.forget()
  }

  /** Take what is settled and not acknowledged for lost. @returns where the last such segment ends */
  giveUpSettled(): number {
    let end = this.una
    for (let index = this.#head; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!
      if (segment.last > this.flight.settled) continue
      this.#giveUp(segment)
      end = segment.end
    }
    return end
  }

  /** Take nothing for lost any more. */
  takeBackAll(): void {
    for (let index = this.#head; index < this.#segments.length; index++) this.#takeBack(this.#segments[index]!)
  }

  #giveUp(segment: Segment): void {
    if (segment.isGivenUp || (this.hasReports && segment.isCounted && segment !== this.front)) return
    segment.isGivenUp = true
    this.#givenUpCount++
  }

  #takeBack(segment: Segment): void {
    if (!segment.isGivenUp) return
    segment.isGivenUp = false
    this.#givenUpCount--
  }

  #spendCredit(bytes: number, count: number): void {
    this.#creditBytes = this.count === 0 ? 0 : this.#creditBytes - bytes
    this.#creditCount = this.count === 0 ? 0 : Math.max(0, this.#creditCount - count)
  }

  #compact(): void {
    if (this.#head <= 32 || this.#head * 2 <= this.#segments.length) return
    this.#segments.splice(0, this.#head)
    this.#head = 0
  }

  #arrived(trigger: Transmission | undefined, freshBytes: number, nowMs: number): Arrival {
    this.flight.arrived(freshBytes, trigger, nowMs)
    const arrival = this.#arrival
    arrival.trigger = trigger
    arrival.freshBytes = freshBytes
    arrival.roundTripMs = -1
    arrival.leastRoundTripMs = -1
    arrival.isLate = false
    return arrival
  }
}
