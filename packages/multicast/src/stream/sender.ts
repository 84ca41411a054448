import { Congestion } from './congestion.js'
import { RoundTrip } from './round-trip.js'
import { createSegment, isNewer, type Range, SEGMENT_HEAD_BYTES, SegmentType } from './segment.js'
import { SendQueue } from './send-queue.js'

const NEVER = Number.POSITIVE_INFINITY
/** What a segment costs the network besides its bytes. */
const COST_BYTES = 90
/** A segment is lost when one that left so much later has arrived. */
const FIRST_REORDERING = 3
const MAX_REORDERING = 256
/** Timers are no finer than this. */
const TIMER_MS = 1

/** A segment that takes up a place in the stream, until it is acknowledged. */
export interface Flight {
  readonly payload: Uint8Array
  readonly offset: number
  /** A FIN counts as one byte. */
  readonly end: number
  readonly isFin: boolean
  number: number
  sentMs: number
  tries: number
  state: 'unsent' | 'sent' | 'lost' | 'arrived'
}

/** The way from the writer to the network: what is on the way, what is lost, what may leave now. */
export class Sender {
  readonly roundTrip: RoundTrip = new RoundTrip()
  readonly congestion: Congestion
  /** The writer has ended this direction. */
  isEnded = false
  /** Since when the other side has taken nothing of what it has room for. */
  stuckSinceMs = 0
  /** Times in a row that nothing came back. */
  timeouts = 0
  readonly #streamId: string
  readonly #segmentBytes: number
  readonly #queue = new SendQueue()
  /** By offset. */
  readonly #flights: Flight[] = []
  #nextOffset = 0
  #finAt = NEVER
  #acked = 0
  /** End of what the other side has room for. */
  #limit: number
  #unackedBytes = 0
  #onWayBytes = 0
  #onWay = 0
  #lost = 0
  #echo = 0
  #reordering = FIRST_REORDERING
  /** When the oldest that was overtaken counts as lost. */
  #overtakenMs = NEVER
  #waitSinceMs = 0

  constructor(streamId: string, segmentBytes: number, windowBytes: number) {
    this.#streamId = streamId
    this.#segmentBytes = segmentBytes
    this.#limit = windowBytes
    this.congestion = new Congestion(segmentBytes + COST_BYTES, this.roundTrip)
  }

  /** Place of the next byte to leave for the first time. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** What was written and is not acknowledged. */
  get heldBytes(): number {
    return this.#queue.sizeBytes + this.#unackedBytes
  }

  get isFinAcked(): boolean {
    return this.#acked > this.#finAt
  }

  /** All bytes are acknowledged, and the end is on its way. */
  get isOnlyFinLeft(): boolean {
    return this.#finAt !== NEVER && this.#acked >= this.#finAt
  }

  /** The other side has room for something that it has not acknowledged. */
  get isWaiting(): boolean {
    const first = this.#flights[0]
    return first !== undefined && this.#fits(first)
  }

  /** There is something to send, nothing is on the way, and the other side has no room: it has to be asked. */
  get isBlocked(): boolean {
    if (this.#onWay > 0) return false
    const first = this.#flights[0]
    return first === undefined ? this.#queue.sizeBytes > 0 && this.#limit <= this.#nextOffset : !this.#fits(first)
  }

  get deadlineMs(): number {
    const timeoutMs = this.#onWay > 0 ? this.#waitSinceMs + this.roundTrip.timeoutMs(this.timeouts) : NEVER
    const paceMs = this.#isReady ? this.congestion.nextMs : NEVER
    return Math.min(timeoutMs, this.#overtakenMs, paceMs)
  }

  write(chunk: Uint8Array): void {
    this.#queue.push(chunk)
  }

  /** The other side has room up to there, as its newest segment says. */
  allow(limit: number): void {
    this.#limit = limit
  }

  /**
   * The other side says what has come.
   * @param lastNumber - of all that have left
   * @returns whether this can be
   */
  acknowledge(ack: number, ranges: readonly Range[], echo: number, lastNumber: number, nowMs: number): boolean {
    if (ack > this.#nextOffset || isNewer(echo, lastNumber)) return false
    const flights = this.#flights
    let arrived = 0
    let sampleMs = -1
    const arrive = (flight: Flight): void => {
      if (flight.state === 'arrived') return
      if (flight.number === echo) sampleMs = nowMs - flight.sentMs
      if (flight.tries > 1) this.#judgeRepeat(flight, nowMs)
      this.#leaveWay(flight)
      flight.state = 'arrived'
      arrived++
    }
    let count = 0
    for (const flight of flights) {
      if (flight.end > ack) break
      arrive(flight)
      this.#unackedBytes -= flight.isFin ? 0 : flight.end - flight.offset
      count++
    }
    if (count > 0) flights.splice(0, count)
    this.#acked = Math.max(this.#acked, ack)
    let at = 0
    for (const { start, end } of ranges) {
      if (start >= end || end > this.#nextOffset) return false
      while (at < flights.length && (flights[at] as Flight).offset < start) at++
      for (; at < flights.length && (flights[at] as Flight).end <= end; at++) arrive(flights[at] as Flight)
    }
    const isNews = isNewer(echo, this.#echo)
    if (isNews) this.#echo = echo
    if (sampleMs >= 0) this.roundTrip.measure(sampleMs, nowMs)
    if (arrived > 0) {
      this.timeouts = 0
      this.#waitSinceMs = nowMs
      this.stuckSinceMs = nowMs
    }
    if (arrived > 0 || isNews) this.#findLost(nowMs)
    if (arrived === 0) return true
    this.congestion.onArrived(arrived, sampleMs, this.#echo, lastNumber)
    return true
  }

  /** The other side is known to have all, its word for it was lost. */
  finish(): void {
    this.#acked = this.#nextOffset
    this.stop()
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#queue.clear()
    this.#flights.length = 0
    this.#unackedBytes = 0
    this.#onWayBytes = 0
    this.#onWay = 0
    this.#lost = 0
  }

  /** What may leave now. It has left with {@link sent}. */
  next(nowMs: number): Flight | undefined {
    if (!this.#isReady || nowMs < this.congestion.nextMs) return undefined
    return this.#lost > 0 ? this.#flights.find(({ state }) => state === 'lost') : this.#cut(nowMs)
  }

  sent(flight: Flight, number: number, nowMs: number): void {
    if (flight.state === 'lost') this.#lost--
    flight.state = 'sent'
    flight.number = number
    flight.sentMs = nowMs
    flight.tries++
    this.#onWay++
    this.#onWayBytes += costOf(flight)
    this.#waitSinceMs = nowMs
    this.congestion.onSent(costOf(flight), this.#onWayBytes, nowMs)
  }

  /** Look for what is lost because nothing came back in time. */
  advance(nowMs: number): void {
    if (!this.isWaiting) this.stuckSinceMs = nowMs
    if (nowMs >= this.#overtakenMs) this.#findLost(nowMs)
    if (this.#onWay === 0 || nowMs < this.#waitSinceMs + this.roundTrip.timeoutMs(this.timeouts)) return
    this.timeouts++
    this.#waitSinceMs = nowMs
    if (this.timeouts > 1) this.congestion.onSilence()
    this.#loseAll(this.timeouts === 1 ? 1 : NEVER)
  }

  /** There is a way to the other side again: what was on the old one is sent anew. */
  sendAnew(): void {
    this.timeouts = 0
    this.#loseAll(NEVER)
  }

  /** Something may leave, apart from the pace. */
  get #isReady(): boolean {
    const roomBytes = this.congestion.windowBytes - this.#onWayBytes
    if (roomBytes < this.#segmentBytes && this.#onWay > 0) return false
    // The first that is lost has the lowest place: when there is no room for it, there is none for others.
    if (this.#lost > 0) {
      const first = this.#flights.find(({ state }) => state === 'lost')
      return first !== undefined && this.#fits(first)
    }
    if (this.#queue.sizeBytes === 0) return this.isEnded && this.#finAt === NEVER
    const sizeBytes = Math.min(this.#segmentBytes, this.#queue.sizeBytes)
    const windowBytes = this.#limit - this.#nextOffset
    // Crumbs are sent only when nothing else will widen the window.
    return windowBytes >= sizeBytes || (windowBytes > 0 && this.#flights.length === 0)
  }

  #cut(nowMs: number): Flight {
    const sizeBytes = Math.min(this.#segmentBytes, this.#queue.sizeBytes, this.#limit - this.#nextOffset)
    const isFin = this.#queue.sizeBytes === 0
    const payload = createSegment(isFin ? SegmentType.fin : SegmentType.data, this.#streamId, isFin ? 0 : sizeBytes)
    const offset = this.#nextOffset
    const end = isFin ? offset + 1 : offset + sizeBytes
    if (isFin) {
      this.#finAt = offset
    } else {
      this.#queue.take(payload, SEGMENT_HEAD_BYTES)
      this.#unackedBytes += sizeBytes
    }
    this.#nextOffset = end
    if (this.#flights.length === 0) this.stuckSinceMs = nowMs
    const flight: Flight = { payload, offset, end, isFin, number: 0, sentMs: 0, tries: 0, state: 'unsent' }
    this.#flights.push(flight)
    return flight
  }

  #fits(flight: Flight): boolean {
    return flight.isFin || flight.end <= this.#limit
  }

  #leaveWay(flight: Flight): void {
    if (flight.state === 'lost') this.#lost--
    if (flight.state !== 'sent') return
    this.#onWay--
    this.#onWayBytes -= costOf(flight)
  }

  #lose(flight: Flight): void {
    this.#leaveWay(flight)
    flight.state = 'lost'
    this.#lost++
  }

  #loseAll(most: number): void {
    let count = 0
    for (const flight of this.#flights) {
      if (count >= most) return
      if (flight.state !== 'sent') continue
      this.#lose(flight)
      count++
    }
  }

  /** What was overtaken by many, or long ago, is lost. */
  #findLost(nowMs: number): void {
    this.#overtakenMs = NEVER
    if (this.#onWay === 0) return
    const afterMs = 1.25 * Math.max(this.roundTrip.smoothedMs, 0) + TIMER_MS
    let lost = 0
    for (const flight of this.#flights) {
      if (flight.state !== 'sent' || !isNewer(this.#echo, flight.number)) continue
      if (((this.#echo - flight.number) | 0) >= this.#reordering || nowMs >= flight.sentMs + afterMs) {
        this.#lose(flight)
        lost++
      } else {
        this.#overtakenMs = Math.min(this.#overtakenMs, flight.sentMs + afterMs)
      }
    }
    if (lost > 0) this.congestion.onLost(lost)
  }

  /** What arrived sooner than its repetition can have was never lost: this network reorders more than was thought. */
  #judgeRepeat(flight: Flight, nowMs: number): void {
    if (nowMs - flight.sentMs >= this.roundTrip.minMs / 2) return
    this.#reordering = Math.min(MAX_REORDERING, 2 * this.#reordering)
  }
}

function costOf({ offset, end }: Flight): number {
  return end - offset + COST_BYTES
}
