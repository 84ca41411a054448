import { Acks } from './acks.js'
import type { ConnectionHost } from './connection-host.js'
import { Handshake } from './handshake.js'
import { Inlet, type Receipt } from './inlet.js'
import type { Peer } from './peers.js'
import { Questions } from './questions.js'
import {
  createAck,
  createSegment,
  type FlowSegment,
  isNewer,
  ResetReason,
  readRanges,
  SegmentType,
  writeHead,
} from './segment.js'
import { Sender } from './sender.js'
import type { StreamEvents, StreamFailure } from './types.js'

/** After so long without a word, the other side may have lost the session. */
const RENEW_MS = 3000
const DEAF_TRIES = 3
/** Nobody is given up who was not asked so often. */
const LEAST_PINGS = 3
/** What the other side is told of a failure here. */
const RESETS: Partial<Record<StreamFailure, ResetReason>> = { broken: ResetReason.broken, busy: ResetReason.busy }

type Phase = 'opening' | 'half-open' | 'open' | 'closed'

/** One stream, without I/O. Events are told from {@link receive} and {@link advance} only. */
export class StreamConnection {
  readonly streamId: string
  readonly peer: Peer
  readonly #host: ConnectionHost
  readonly #handshake: Handshake
  readonly #inlet: Inlet
  readonly #sender: Sender
  readonly #acks = new Acks()
  readonly #questions = new Questions()
  #phase: Phase
  #events: StreamEvents | undefined
  #failure: StreamFailure | undefined
  #isClosedTold = false
  #isDrainOwed = false
  /** Last number sent, last number that came. */
  #number = 0
  #remoteNumber = 0
  #heardMs: number
  #renewMs: number

  /** @param opening - the OPEN that came; absent when this side opens */
  constructor(
    host: ConnectionHost,
    peer: Peer,
    streamId: string,
    nowMs: number,
    timeoutMs: number,
    opening?: FlowSegment,
  ) {
    this.#host = host
    this.peer = peer
    this.streamId = streamId
    this.#phase = opening === undefined ? 'opening' : 'half-open'
    this.#remoteNumber = opening?.number ?? 0
    this.#handshake = new Handshake(nowMs, timeoutMs)
    const { segmentBytes } = host
    this.#sender = new Sender(streamId, segmentBytes, opening?.window ?? 0)
    const sizes = { windowBytes: host.limits.windowBytes, segmentBytes }
    this.#inlet = new Inlet(host.memory, peer, sizes, { data: (chunk) => this.#tell((events) => events.data(chunk)) })
    this.#heardMs = nowMs
    this.#renewMs = nowMs + RENEW_MS
  }

  get phase(): Phase {
    return this.#phase
  }

  get isWritable(): boolean {
    return this.#phase !== 'closed' && this.#sender.heldBytes < this.#host.limits.writtenBytes
  }

  /** Set before anything is told. */
  attach(events: StreamEvents): void {
    this.#events = events
  }

  /** @returns whether more may follow at once; if not, `drain` is told when it may */
  write(chunk: Uint8Array): boolean {
    if (this.#phase === 'closed') return false
    this.#sender.write(chunk)
    this.#host.touch(this)
    if (this.isWritable) return true
    this.#isDrainOwed = true
    return false
  }

  end(): void {
    this.#sender.isEnded = true
    this.#host.touch(this)
  }

  pause(): void {
    this.#inlet.isPaused = true
  }

  resume(): void {
    this.#inlet.isPaused = false
    this.#host.touch(this)
  }

  /** Give it up; `closed` follows from {@link advance}. */
  abort(failure: StreamFailure = 'aborted'): void {
    if (this.#phase === 'closed') return
    this.#close(failure, { reset: RESETS[failure] ?? ResetReason.aborted })
    this.#host.touch(this)
  }

  /** A RESET came for it. */
  reset(reason: ResetReason): void {
    if (this.#isSettled) return
    if (reason === ResetReason.unknown && this.#sender.isOnlyFinLeft && this.#inlet.isComplete) {
      // It has forgotten a stream that ended in order: the answer to our end was lost.
      this.#sender.finish()
      this.#host.touch(this)
    } else if (this.#phase === 'opening') {
      this.#close(reason === ResetReason.busy ? 'busy' : 'refused')
    } else {
      this.#close(reason === ResetReason.broken ? 'broken' : 'reset')
    }
    this.#tellRest()
  }

  /** There is a session again: what was sent over the old one is sent anew. */
  sendAnew(nowMs: number): void {
    if (this.#phase === 'open') this.#sender.sendAnew()
    else this.#handshake.again(nowMs)
    this.#questions.askAnew(nowMs)
  }

  receive(segment: FlowSegment, nowMs: number): void {
    const { type, number } = segment
    this.#heardMs = nowMs
    this.#renewMs = nowMs + RENEW_MS
    if (this.#phase === 'opening') {
      if (type !== SegmentType.accept) return
      this.#open(nowMs)
      this.#tell((events) => events.opened())
    } else if (type === SegmentType.open) {
      return
    } else if (this.#phase === 'half-open') {
      this.#open(nowMs)
      if (!this.#host.accept(this)) {
        this.#close('refused', { reset: ResetReason.aborted })
        return
      }
    }
    // The user may have given it up in a callback.
    if (this.phase === 'closed') return
    const isNews = isNewer(number, this.#remoteNumber)
    if (isNews) this.#remoteNumber = number
    const ranges = type === SegmentType.ack && segment.body.length > 0 ? readRanges(segment.body) : []
    if (!this.#sender.acknowledge(segment.ack, ranges, segment.echo, this.#number, nowMs)) {
      this.abort('broken')
      return
    }
    if (isNews) this.#sender.allow(segment.ack + segment.window)
    this.#questions.heard(segment.echo)
    if (type === SegmentType.data) this.#take(this.#inlet.receive(segment.offset, segment.body), nowMs)
    else if (type === SegmentType.fin) this.#take(this.#inlet.receiveEnd(segment.offset), nowMs)
    else if (type !== SegmentType.ack) this.#acks.atOnce(nowMs)
  }

  /** Do what is due: send, repeat, ask, tell, give up. */
  advance(nowMs: number): void {
    if (this.#phase === 'open') this.#advanceOpen(nowMs)
    else if (this.#phase !== 'closed') this.#advanceHandshake(nowMs)
    this.#tellRest()
  }

  get deadlineMs(): number {
    if (this.#phase === 'closed') return Number.POSITIVE_INFINITY
    if (this.#phase !== 'open') return this.#handshake.deadlineMs
    if (this.#isSettled) return this.#acks.deadlineMs
    return Math.min(this.#sender.deadlineMs, this.#acks.deadlineMs, this.#questions.deadlineMs(this.#aliveMs))
  }

  get #aliveMs(): number {
    return this.#heardMs + this.#host.limits.keepAliveMs
  }

  /** Both directions have ended, and both sides know: only the reader is to come to the end. */
  get #isSettled(): boolean {
    return this.#sender.isFinAcked && this.#inlet.isComplete
  }

  #open(nowMs: number): void {
    this.#phase = 'open'
    if (this.#handshake.tries === 1) this.#sender.roundTrip.measure(nowMs - this.#handshake.sentMs, nowMs)
  }

  #take(receipt: Receipt, nowMs: number): void {
    if (receipt === 'broken') this.abort('broken')
    else this.#acks.received(receipt, !this.#inlet.hasGap && !this.#inlet.isComplete, nowMs)
  }

  #advanceHandshake(nowMs: number): void {
    if (nowMs >= this.#handshake.giveUpMs) {
      this.abort('timeout')
      return
    }
    if (!this.#handshake.isDue(nowMs)) return
    this.#handshake.sent(nowMs)
    const isOpening = this.#phase === 'opening'
    // A session that the other side lost takes everything, and brings nothing.
    if (isOpening && this.#handshake.tries === DEAF_TRIES) this.#host.renew(this)
    this.#send(createSegment(isOpening ? SegmentType.open : SegmentType.accept, this.streamId), 0)
  }

  #advanceOpen(nowMs: number): void {
    this.#inlet.deliver()
    if (this.#inlet.isEndDue) {
      this.#inlet.isEndTold = true
      this.#tell((events) => events.end())
    }
    this.#sender.advance(nowMs)
    if (!this.#isSettled && this.#isSilent(nowMs)) this.abort('timeout')
    // Or the user has given it up in a callback.
    if (this.phase === 'closed') return
    for (let flight = this.#sender.next(nowMs); flight !== undefined; flight = this.#sender.next(nowMs)) {
      const isSent = this.#send(flight.payload, flight.offset)
      this.#sender.sent(flight, this.#number, nowMs)
      if (!isSent) break
    }
    if (!this.#isSettled) this.#ask(nowMs)
    if (this.#inlet.isWidened || this.#acks.isDue(nowMs)) {
      this.#send(createAck(this.streamId, this.#inlet.ranges()), this.#sender.nextOffset)
      this.#acks.sent()
    }
    if (this.#sender.isFinAcked && this.#inlet.isEndTold) this.#close(undefined)
  }

  #ask(nowMs: number): void {
    const reasons = { isOpened: this.#inlet.isOpened, isBlocked: this.#sender.isBlocked, aliveMs: this.#aliveMs }
    if (!this.#questions.advance(reasons, nowMs)) return
    this.#send(createSegment(SegmentType.ping, this.streamId), this.#sender.nextOffset)
    this.#questions.sent(this.#number, nowMs + this.#sender.roundTrip.timeoutMs(this.#questions.tries))
  }

  /** Nobody is there any more, or takes nothing; before that, a new session is asked for. */
  #isSilent(nowMs: number): boolean {
    const { silentMs } = this.#host.limits
    if (nowMs >= this.#sender.stuckSinceMs + silentMs && this.#sender.isWaiting) return true
    if (nowMs >= this.#renewMs && (this.#sender.isWaiting || this.#questions.tries > 0)) {
      this.#renewMs = nowMs + RENEW_MS
      this.#host.renew(this)
    }
    return nowMs >= this.#heardMs + silentMs && this.#questions.tries >= LEAST_PINGS
  }

  #send(payload: Uint8Array, offset: number): boolean {
    this.#number = (this.#number + 1) >>> 0
    writeHead(payload, {
      number: this.#number,
      echo: this.#remoteNumber,
      offset,
      ack: this.#inlet.ack,
      window: this.#inlet.tellWindow(),
    })
    // What is behind a gap is told by an ACK only.
    if (!this.#inlet.hasGap) this.#acks.sent()
    return this.#host.send(this, payload)
  }

  #close(failure: StreamFailure | undefined, { reset }: { readonly reset?: ResetReason } = {}): void {
    this.#phase = 'closed'
    this.#failure = failure
    const words = { number: this.#number, offset: this.#sender.nextOffset, ack: this.#inlet.ack }
    this.#inlet.stop()
    this.#sender.stop()
    this.#host.ended(this, reset === undefined ? words : { ...words, reset })
  }

  #tellRest(): void {
    if (this.#isDrainOwed && this.#phase === 'open' && this.#sender.heldBytes <= this.#host.limits.writtenBytes / 2) {
      this.#isDrainOwed = false
      this.#tell((events) => events.drain())
    }
    if (this.#phase !== 'closed' || this.#isClosedTold) return
    this.#isClosedTold = true
    const failure = this.#failure
    this.#tell((events) => (failure === undefined ? events.closed() : events.closed(failure)))
  }

  #tell(call: (events: StreamEvents) => void): void {
    const events = this.#events
    if (events !== undefined) this.#host.guard(() => call(events))
  }
}
