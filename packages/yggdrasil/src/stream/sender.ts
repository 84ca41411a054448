import {
  MAX_RTO_MS,
  MAX_SEGMENT_BYTES,
  MIN_PROBE_MS,
  STALL_MS,
  segmentsOut,
  WINDOW_BYTES,
  WINDOW_UPDATE_BYTES,
  WRITE_HIGH_BYTES,
  WRITE_LOW_BYTES,
} from './constants.js'
import { Pace } from './pace.js'
import { RateControl, segmentBytes } from './rate.js'
import { Recovery } from './recovery.js'
import { RoundTrip } from './rtt.js'
import { type Arrival, Scoreboard, type Segment } from './scoreboard.js'
import { SendBuffer } from './send-buffer.js'

const NEVER = Number.POSITIVE_INFINITY
/** Timers that fire so much later than they should tell that the process stood still. */
const STANDSTILL_MS = 1000

/** What a {@link Sender} needs of its connection. */
export interface SenderOutput {
  /** Send these bytes of the buffer as one packet. */
  sendSegment(seq: number, length: number, isAgain: boolean, nowMs: number): void
  /** The way there is full: nothing more may be sent now. */
  readonly isBlocked: boolean
}

/** What an acknowledgement was about: data that arrived, space, or nothing that is known. */
export type Told = 'data' | 'window' | 'nothing'

/** The sending half of a connection: when which bytes leave, and leave again. yggdrasil protocol §10.5, §10.6 */
export class Sender {
  readonly buffer: SendBuffer = new SendBuffer()
  readonly board: Scoreboard = new Scoreboard()
  readonly rate: RateControl = new RateControl()
  readonly roundTrip: RoundTrip = new RoundTrip()
  readonly #recovery: Recovery = new Recovery(this.board, this.rate)
  readonly #pace = new Pace()
  readonly #output: SenderOutput
  /** Free space of the other side as last told, and the offset behind it. */
  #windowBytes: number
  #edge: number
  /** Segments that may be on the way. */
  #segmentsOut: number
  #rtoAtMs = NEVER
  #doublings = 0
  #probeAtMs = NEVER
  #paceAtMs = NEVER
  /** The way was full, and nothing of ours is on it that would bring word. */
  #retryAtMs = NEVER
  #progressMs = 0
  #heardMs = 0
  #isDrainOwed = false

  constructor(output: SenderOutput, windowBytes: number) {
    this.#output = output
    this.#windowBytes = windowBytes
    this.#edge = windowBytes
    this.#segmentsOut = segmentsOut(windowBytes)
  }

  /** Bytes written and not sent yet. */
  get unsentBytes(): number {
    return this.buffer.endOffset - this.board.nxt
  }

  /** All that was written is acknowledged. */
  get isSettled(): boolean {
    return this.board.una === this.buffer.endOffset
  }

  /** When {@link onDeadline} has something to do. */
  get deadlineMs(): number {
    return Math.min(this.#rtoAtMs, this.#probeAtMs, this.#paceAtMs, this.#retryAtMs, this.#stallAtMs())
  }

  /** Nothing was heard, or nothing acknowledged, for too long. To be asked when something is due. */
  isStalled(nowMs: number): boolean {
    this.#excuse(nowMs)
    return nowMs >= this.#stallAtMs()
  }

  /** @returns `false`: wait for the drain */
  write(chunk: Uint8Array): boolean {
    this.buffer.push(chunk)
    if (this.unsentBytes < WRITE_HIGH_BYTES) return true
    this.#isDrainOwed = true
    return false
  }

  /** A write was answered with `false`, and the drain has not come. */
  get isDrainOwed(): boolean {
    return this.#isDrainOwed
  }

  /** Whether a drain that was promised is due; it is then no more. */
  takeDrain(): boolean {
    if (!this.#isDrainOwed || this.unsentBytes > WRITE_LOW_BYTES) return false
    this.#isDrainOwed = false
    return true
  }

  /** The opening was answered after this time. */
  measured(roundTripMs: number, nowMs: number): void {
    this.roundTrip.sample(roundTripMs)
    this.rate.start(roundTripMs, nowMs)
  }

  /**
   * An acknowledgement came. `ack` is not above what was sent.
   * @param isBare - the packet carried no data: then a repeated number tells of an arrival
   * @param report - where the segment begins that has come behind a gap, 0 when that is not told
   * @returns what it was about
   */
  acknowledged(ack: number, windowBytes: number, isBare: boolean, report: number, nowMs: number): Told {
    const { board } = this
    if (ack < board.una) return 'window'
    this.#heardMs = nowMs
    // Space that opens is told without a cause of ours.
    const isUpdate = this.#windowBytes < WINDOW_UPDATE_BYTES && windowBytes >= WINDOW_UPDATE_BYTES
    if (this.#edge <= board.una) this.#opening(ack + windowBytes > board.una, nowMs)
    this.#windowBytes = windowBytes
    this.#edge = ack + windowBytes
    if (windowBytes > WINDOW_BYTES) {
      this.rate.allow(windowBytes)
      this.#segmentsOut = Math.max(this.#segmentsOut, segmentsOut(windowBytes))
    }
    if (this.#edge > board.nxt) this.#probeAtMs = NEVER
    if (ack > board.una) {
      const arrival = board.advance(ack, nowMs, this.rate.minRoundTripMs)
      this.buffer.release(ack)
      this.#advanced(ack, arrival, nowMs)
      if (isBare && report > ack) this.#reported(board.report(report, nowMs), nowMs)
      return 'data'
    }
    if (!isBare || isUpdate) return 'window'
    if (this.#isLostAgain(nowMs)) board.giveUpFront()
    const { minRoundTripMs } = this.rate
    const isReport = report > ack
    const arrival = isReport
      ? board.report(report, nowMs)
      : board.repeat(nowMs, minRoundTripMs === NEVER ? 0 : minRoundTripMs)
    return this.#reported(arrival, nowMs) ? 'data' : 'nothing'
  }

  /** @returns whether it told anything */
  #reported(arrival: Arrival | undefined, nowMs: number): boolean {
    if (arrival === undefined) return false
    if (arrival.roundTripMs >= 0) this.roundTrip.sample(arrival.roundTripMs)
    this.#told(arrival, nowMs)
    this.#recovery.repeated()
    if (this.board.count > 0) this.#rtoAtMs = nowMs + this.#timeoutMs()
    return true
  }

  /** Send what may be sent now, at most so many packets. @returns whether more might follow at once */
  transmit(nowMs: number, packets: number = NEVER): boolean {
    this.#paceAtMs = NEVER
    for (let left = packets; left > 0; left--) {
      if (this.#output.isBlocked) {
        const isIdle = this.board.count === 0 && this.unsentBytes > 0
        if (isIdle && this.#retryAtMs === NEVER) this.#retryAtMs = nowMs + MIN_PROBE_MS
        return false
      }
      if (!this.#sendOne(nowMs)) return false
    }
    return true
  }

  onDeadline(nowMs: number): void {
    if (nowMs >= this.#retryAtMs) {
      this.#retryAtMs = NEVER
      if (this.board.count === 0) this.#sendOne(nowMs)
    }
    if (nowMs >= this.#rtoAtMs) this.#timedOut(nowMs)
    if (nowMs >= this.#probeAtMs) this.#probe(nowMs)
    this.transmit(nowMs)
  }

  #sendOne(nowMs: number): boolean {
    const { board } = this
    const again = this.#nextAgain()
    if (again === undefined) {
      const length = this.#nextLength(nowMs)
      if (length === 0 || !this.#mayLeave(nowMs)) return false
      const { nxt } = board
      if (board.count === 0) this.#progressMs = this.#heardMs = nowMs
      board.send(length, nowMs)
      this.#leave(nxt, length, false, nowMs)
      return true
    }
    if (!this.#mayLeave(nowMs)) return false
    this.#sendAgain(again, nowMs)
    return true
  }

  #sendAgain(segment: Segment, nowMs: number): void {
    if (segment === this.board.nextLost) this.rate.onLoss(1)
    this.board.resend(segment, nowMs)
    this.#leave(segment.seq, segment.length, true, nowMs)
  }

  #leave(seq: number, length: number, isAgain: boolean, nowMs: number): void {
    const { paceBytesPerMs, windowBytes } = this.rate
    this.#pace.spend(length, segmentBytes(windowBytes), paceBytesPerMs, nowMs)
    if (this.#rtoAtMs === NEVER) this.#rtoAtMs = nowMs + this.#timeoutMs()
    this.#output.sendSegment(seq, length, isAgain, nowMs)
  }

  /** The window was closed until now: what was not taken then is asked for anew. */
  #opening(isOpen: boolean, nowMs: number): void {
    this.#progressMs = nowMs
    if (!isOpen || this.board.count === 0) return
    this.#doublings = 0
    this.#rtoAtMs = Math.min(this.#rtoAtMs, nowMs + this.#timeoutMs())
  }

  /** Time in which this process did not run is no silence of others: it does not count, and one more try is made. */
  #excuse(nowMs: number): void {
    const lateMs = nowMs - this.deadlineMs
    if (lateMs < STANDSTILL_MS) return
    const leastMs = nowMs - STALL_MS + MAX_RTO_MS
    this.#heardMs = Math.max(this.#heardMs + lateMs, leastMs)
    this.#progressMs = Math.max(this.#progressMs + lateMs, leastMs)
  }

  #mayLeave(nowMs: number): boolean {
    if (this.#pace.nextMs <= nowMs) return true
    this.#paceAtMs = this.#pace.nextMs
    return false
  }

  /** The segment to send again now, if any. The first one always may: without it nothing advances. */
  #nextAgain(): Segment | undefined {
    const { board } = this
    const lost = board.nextLost
    if (lost === undefined && !this.#recovery.isToBeSent(this.#canSendNew)) return undefined
    const segment = lost ?? board.nextGivenUp
    if (segment === undefined || segment === board.front) return segment
    return board.flight.bytes + segment.length <= this.rate.windowBytes ? segment : undefined
  }

  get #canSendNew(): boolean {
    const { board } = this
    return this.unsentBytes > 0 && this.#edge - board.nxt >= MAX_SEGMENT_BYTES && board.count < this.#segmentsOut
  }

  /** Bytes of a new segment, 0 when none may leave. */
  #nextLength(nowMs: number): number {
    const { board, rate } = this
    const pending = this.buffer.endOffset - board.nxt
    if (pending === 0) {
      if (board.flight.bytes < rate.windowBytes) board.flight.markAppLimited()
      return 0
    }
    if (board.count >= this.#segmentsOut) return 0
    const want = Math.min(pending, segmentBytes(rate.windowBytes))
    const open = this.#edge - board.nxt
    // A rate at which the other side reads says nothing about the path.
    if (open < want && this.#windowBytes < WINDOW_UPDATE_BYTES) board.flight.markAppLimited()
    if (open < want && board.count > 0) return 0
    if (open <= 0) {
      if (this.#probeAtMs === NEVER) this.#probeAtMs = nowMs + Math.max(this.roundTrip.rtoMs, MIN_PROBE_MS)
      return 0
    }
    if (board.flight.bytes > 0 && board.flight.bytes + want > rate.windowBytes) return 0
    return Math.min(want, open)
  }

  #advanced(ack: number, arrival: Arrival, nowMs: number): void {
    const { board } = this
    this.#progressMs = nowMs
    // A timeout that was too short stays doubled until something shows how long it really takes.
    if (arrival.roundTripMs >= 0) {
      this.#doublings = 0
      this.roundTrip.sample(arrival.roundTripMs)
    } else if (this.roundTrip.smoothedMs < 0 && arrival.leastRoundTripMs >= 0) {
      // Better than nothing, where losses let nothing else be measured.
      this.measured(arrival.leastRoundTripMs, nowMs)
    }
    this.#recovery.advanced(ack, arrival.isLate)
    this.#told(arrival, nowMs)
    this.#rtoAtMs = board.count === 0 ? NEVER : nowMs + this.#timeoutMs()
  }

  #told(arrival: Arrival, nowMs: number): void {
    const { trigger } = arrival
    const { board } = this
    const paceBefore = this.rate.paceBytesPerMs
    this.rate.onArrival({
      nowMs,
      freshBytes: arrival.freshBytes,
      delivered: board.flight.delivered,
      deliveredBefore: trigger?.delivered ?? 0,
      position: trigger?.position ?? 0,
      lastPosition: board.flight.position,
      intervalMs:
        trigger === undefined ? 0 : Math.max(trigger.sentMs - trigger.firstSentMs, nowMs - trigger.deliveredMs),
      isAppLimited: trigger?.isAppLimited ?? true,
      roundTripMs: arrival.roundTripMs,
      inFlightBytes: board.flight.bytes,
    })
    this.#pace.change(paceBefore, this.rate.paceBytesPerMs, this.roundTrip.rtoMs, nowMs)
  }

  /**
   * A repeated number settles one transmission, so that where acknowledgements are lost it falls behind. What was sent
   * again and is still missing after the time it takes was lost again, if anything comes back at all.
   */
  #isLostAgain(nowMs: number): boolean {
    const { front } = this.board
    if (front === undefined || !front.wasResent || this.roundTrip.smoothedMs < 0) return false
    const allowanceMs = Math.max(4 * this.roundTrip.variationMs, this.roundTrip.smoothedMs / 4, 10)
    return nowMs - front.sentMs > this.roundTrip.smoothedMs + allowanceMs
  }

  #stallAtMs(): number {
    if (this.board.count === 0) return NEVER
    const isClosed = this.#edge <= this.board.una
    return STALL_MS + (isClosed ? this.#heardMs : Math.min(this.#heardMs, this.#progressMs))
  }

  #timeoutMs(): number {
    return Math.min(MAX_RTO_MS, this.roundTrip.rtoMs * 2 ** this.#doublings)
  }

  #timedOut(nowMs: number): void {
    const { board } = this
    const { front } = board
    if (front === undefined) {
      this.#rtoAtMs = NEVER
      return
    }
    this.#doublings++
    const isClosed = this.#edge <= board.una
    // Behind a full link of our own, and where there is no room for more, waiting is no loss.
    if (this.#recovery.isUnderWay || (!isClosed && !this.#output.isBlocked)) this.#recovery.timedOut()
    this.#sendAgain(front, nowMs)
    this.#rtoAtMs = nowMs + (isClosed ? Math.max(MIN_PROBE_MS, this.#timeoutMs()) : this.#timeoutMs())
  }

  /** The other side has no room and will say so once, if that is not lost: one byte asks again. §10.5 */
  #probe(nowMs: number): void {
    this.#probeAtMs = NEVER
    const { board } = this
    if (board.count > 0 || this.unsentBytes === 0) return
    const { nxt } = board
    this.#progressMs = this.#heardMs = nowMs
    board.flight.markAppLimited()
    board.send(1, nowMs)
    this.#leave(nxt, 1, false, nowMs)
    this.#rtoAtMs = nowMs + Math.max(MIN_PROBE_MS, this.#timeoutMs())
  }
}
