import { StreamFlag, type StreamPacket } from '../wire/stream-packet.js'
import { Closing } from './closing.js'
import { FIRST_RTO_MS, MAX_DIRECTION_BYTES, RESET_TRIES, WINDOW_BYTES } from './constants.js'
import type { Scheduled } from './deadlines.js'
import { Inlet } from './inlet.js'
import type { Opening } from './opening.js'
import type { Remote } from './remote.js'
import type { SendBuffer } from './send-buffer.js'
import { Sender, type SenderOutput } from './sender.js'
import type { StreamEvents, StreamFailure, StreamState } from './types.js'

const NEVER = Number.POSITIVE_INFINITY
const { syn: SYN, ack: ACK, fin: FIN, rst: RST } = StreamFlag

/** What a connection needs of its stack. */
export interface ConnectionHost {
  readonly windowBytes: number
  readonly outOfOrderSegments: number
  /** Send a packet without data. */
  control(connection: StreamConnection, flags: number, seq: number, ack: number, window: number, nowMs: number): void
  /** Send bytes of a buffer, with {@link StreamConnection.ack} and the window. */
  data(
    connection: StreamConnection,
    seq: number,
    length: number,
    buffer: SendBuffer,
    isAgain: boolean,
    nowMs: number,
  ): void
  /** A reset; there is a limit to them. */
  reset(remote: Remote, localPort: number, remotePort: number, nowMs: number): void
  /** Call {@link StreamConnection.work} at the next `advance`. */
  needsWork(connection: StreamConnection): void
  /** Call {@link StreamConnection.onDeadline} then, or earlier. */
  wakeAt(connection: StreamConnection, dueMs: number): void
  /** It has something for a way that is full. */
  awaitsDrain(connection: StreamConnection): void
  /** The opening of a connection that came in is complete. */
  accepted(connection: StreamConnection, nowMs: number): void
  /** It has failed here, and stays in the table until {@link forget}. */
  closed(connection: StreamConnection): void
  /** Nothing more is to be done for it. */
  forget(connection: StreamConnection): void
  /** A packet, or what it carried, was not taken. */
  ignored(): void
  /** Run a callback of the application. */
  guard(callback: () => void): void
}

type Phase =
  | 'opening'
  | 'open'
  | 'cut' // failed on this side; the reset is still repeated
  | 'closed'

/**
 * One connection: a machine that is told packets, calls of the application and the time. Calls of the application change
 * its state only; what follows from them is sent, and told, by the next `advance` of the stack.
 */
export class StreamConnection implements Scheduled, SenderOutput {
  readonly remote: Remote
  readonly localPort: number
  readonly remotePort: number
  /** The other side has opened it. */
  readonly incoming: boolean
  /** @internal Of the stack's deadlines. */
  dueMs: number = NEVER
  /** @internal */
  heapIndex = -1
  /** @internal It is among those that need work. */
  isListed = false
  /** @internal When the last packet came. */
  heardMs: number
  readonly #host: ConnectionHost
  readonly #opening: Opening
  readonly #closing: Closing = new Closing()
  readonly #inlet: Inlet
  #sender: Sender | undefined
  #phase: Phase = 'opening'
  #events: StreamEvents | undefined
  #isOpenedTold = false
  #isClosedTold = false
  #failure: StreamFailure | undefined
  #isTooLong = false
  /** Window of the other side, and the time its answer took, until there is a sender. */
  #peerWindowBytes: number
  #openRoundTripMs = -1
  #resets = 0
  #resetAtMs = NEVER
  #resetPauseMs = 0

  constructor(host: ConnectionHost, remote: Remote, localPort: number, remotePort: number, opening: Opening) {
    this.#host = host
    this.remote = remote
    this.localPort = localPort
    this.remotePort = remotePort
    this.incoming = opening.incoming
    this.heardMs = opening.startMs
    this.#opening = opening
    this.#peerWindowBytes = opening.peerWindowBytes
    this.#inlet = new Inlet(host.windowBytes, host.outOfOrderSegments, host.guard)
  }

  get remoteKey(): Uint8Array {
    return this.remote.key
  }

  get state(): StreamState {
    const { isSent, isAnswered, wasFirst } = this.#closing
    if (this.#phase === 'opening') return this.incoming ? 'syn-received' : 'syn-sent'
    if (this.#phase !== 'open') return 'closed'
    if (!this.#inlet.receiver.isComplete) return isSent ? (isAnswered ? 'fin-wait-2' : 'fin-wait-1') : 'established'
    if (!isSent) return 'close-wait'
    return isAnswered ? 'time-wait' : wasFirst ? 'closing' : 'last-ack'
  }

  /** It failed or ended. */
  get isClosed(): boolean {
    return this.#phase === 'cut' || this.#phase === 'closed'
  }

  /** @internal Closed, and kept only to repeat the reset. */
  get isCut(): boolean {
    return this.#phase === 'cut'
  }

  /** @internal */
  get isOpening(): boolean {
    return this.#phase === 'opening'
  }

  /** Writes are welcome. */
  get isWritable(): boolean {
    return !this.isClosed && !this.#closing.isWanted && !this.#isTooLong && this.#sender?.isDrainOwed !== true
  }

  /** Nothing of ours waits or is on its way. */
  get isSettled(): boolean {
    return this.#sender === undefined || this.#sender.isSettled
  }

  /** Bytes held: unread, early, and not acknowledged. */
  get heldBytes(): number {
    return this.#inlet.receiver.heldBytes + (this.#sender?.buffer.sizeBytes ?? 0)
  }

  /** Of {@link SenderOutput}. */
  get isBlocked(): boolean {
    return this.remote.isBlocked
  }

  /** Who is told; to be called once. What came before is told then. */
  attach(events: StreamEvents): void {
    this.#events = events
    this.#host.needsWork(this)
  }

  /** Send. `chunk` belongs to the connection from now on. @returns `false`: wait for the drain, or closed */
  write(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return this.isWritable
    if (this.isClosed || this.#closing.isWanted || this.#isTooLong) return false
    const sender = (this.#sender ??= this.#createSender())
    this.#host.needsWork(this)
    this.#isTooLong = sender.buffer.endOffset + chunk.length > MAX_DIRECTION_BYTES
    return !this.#isTooLong && sender.write(chunk)
  }

  /** No more writes; the end follows what was written. */
  end(): void {
    if (this.isClosed || this.#closing.isWanted) return
    this.#closing.isWanted = true
    this.#host.needsWork(this)
  }

  pause(): void {
    this.#inlet.isPaused = true
  }

  resume(): void {
    this.#inlet.isPaused = false
    this.#host.needsWork(this)
  }

  /** Cut it. The reset leaves at once. */
  abort(nowMs: number): void {
    if (!this.isClosed) this.#cut('aborted', nowMs)
  }

  /** @internal Begin to open. */
  start(nowMs: number): void {
    if (this.incoming) this.#answerOpening(nowMs)
    else this.#stepOpening(nowMs)
    this.#schedule()
  }

  /** @internal Gone without a word to the other side, which has begun a new one. */
  replaced(): void {
    if (!this.isClosed) this.#fail('reset')
    this.#host.forget(this)
    this.#host.needsWork(this)
  }

  /** @internal Make room for another. */
  discard(): void {
    if (!this.isClosed) this.#fail('timeout')
    this.#host.forget(this)
    this.#host.needsWork(this)
  }

  /** @internal A packet of this connection. */
  receive(packet: StreamPacket, nowMs: number): void {
    this.heardMs = nowMs
    if (this.#phase === 'opening') this.#receiveOpening(packet, nowMs)
    else if (this.#phase === 'open') this.#receiveOpen(packet, nowMs)
    else if (this.#phase === 'cut') this.#receiveCut(packet, nowMs)
    this.work(nowMs)
  }

  /** @internal Do what calls or packets have left to do. */
  work(nowMs: number): void {
    if (this.#isTooLong && !this.isClosed) this.#cut('too-long', nowMs)
    const events = this.#events
    if (events !== undefined) this.#tell(events, nowMs)
    if (this.#phase === 'open') {
      this.transmit(nowMs)
      this.#stepClosing(nowMs)
    }
    if (events !== undefined) this.#tellRest(events)
    this.#schedule()
  }

  /** @internal Send at most so many packets. @returns whether more might follow at once */
  transmit(nowMs: number, packets?: number): boolean {
    const sender = this.#sender
    if (sender === undefined || this.#phase !== 'open') return false
    const more = sender.transmit(nowMs, packets)
    if (this.isBlocked && !sender.isSettled) this.#host.awaitsDrain(this)
    return more
  }

  /** @internal Something is due, or was. */
  onDeadline(nowMs: number): void {
    if (this.#phase === 'opening') this.#stepOpening(nowMs)
    else if (this.#phase === 'open') this.#stepOpen(nowMs)
    else if (this.#phase === 'cut') this.#stepCut(nowMs)
    this.work(nowMs)
  }

  /** Of {@link SenderOutput}. */
  sendSegment(seq: number, length: number, isAgain: boolean, nowMs: number): void {
    const sender = this.#sender
    if (sender !== undefined) this.#host.data(this, seq, length, sender.buffer, isAgain, nowMs)
  }

  /** @internal What a packet with data tells besides. */
  get ack(): number {
    return this.#inlet.ack
  }

  /** @internal */
  tellWindow(): number {
    return this.#inlet.tellWindow()
  }

  #createSender(): Sender {
    const sender = new Sender(this, this.#peerWindowBytes)
    if (this.#openRoundTripMs >= 0) sender.measured(this.#openRoundTripMs, this.heardMs)
    return sender
  }

  #acknowledge(nowMs: number): void {
    this.#host.control(this, ACK, 0, this.#inlet.ack, this.#inlet.tellWindow(), nowMs)
  }

  #answerOpening(nowMs: number): void {
    this.#opening.answered(nowMs)
    this.#host.control(this, SYN | ACK, 0, 0, WINDOW_BYTES, nowMs)
  }

  #stepOpening(nowMs: number): void {
    const step = this.#opening.onDeadline(nowMs)
    if (step === 'send') this.#host.control(this, SYN, 0, 0, WINDOW_BYTES, nowMs)
    if (step === 'fail') this.#cut('timeout', nowMs)
  }

  #receiveOpening(packet: StreamPacket, nowMs: number): void {
    const { flags } = packet
    const isAck = (flags & ACK) !== 0
    if ((flags & RST) !== 0) {
      this.#fail('refused')
      this.#host.forget(this)
    } else if (!this.incoming) {
      // Anything but the answer belongs to a connection that the other side had with these ports before.
      if ((flags & SYN) === 0 || !isAck) return
      this.#open(packet, nowMs)
      this.#acknowledge(nowMs)
    } else if (isAck && (flags & SYN) === 0) {
      this.#open(packet, nowMs)
      this.#host.accepted(this, nowMs)
      if (this.#phase === 'open') this.#receiveOpen(packet, nowMs)
    } else {
      this.#answerOpening(nowMs)
    }
  }

  #open({ window }: StreamPacket, nowMs: number): void {
    this.#phase = 'open'
    this.#peerWindowBytes = window
    this.#openRoundTripMs = this.#opening.opened(nowMs)
    // Written while it was opening.
    const sender = this.#sender
    if (sender === undefined) return
    if (this.#openRoundTripMs >= 0) sender.measured(this.#openRoundTripMs, nowMs)
    sender.acknowledged(0, window, false, nowMs)
  }

  #receiveOpen(packet: StreamPacket, nowMs: number): void {
    const { flags, seq, ack, window, data } = packet
    if ((flags & RST) !== 0) return this.#receiveReset()
    if ((flags & SYN) !== 0) {
      // Our acknowledgement of the opening was lost.
      if ((flags & ACK) !== 0 && !this.incoming) this.#acknowledge(nowMs)
      return
    }
    if ((flags & ACK) !== 0 && !this.#receiveAck(ack, window, data.length === 0, nowMs)) {
      this.#host.ignored()
      return
    }
    this.#opening.heard()
    if (data.length > 0) {
      const receipt = this.#inlet.receive(seq, data, this.#events)
      if (receipt === 'ignored') this.#host.ignored()
      if (this.#phase === 'open' && (flags & FIN) === 0) this.#acknowledge(nowMs)
    }
    if ((flags & FIN) !== 0 && this.#phase === 'open') {
      if (!this.#inlet.receiver.finish(seq + data.length)) this.#host.ignored()
      this.#acknowledge(nowMs)
    }
  }

  /** @returns `false` for what was never sent */
  #receiveAck(ack: number, window: number, isBare: boolean, nowMs: number): boolean {
    const sender = this.#sender
    const closing = this.#closing
    const sentEnd = sender?.board.nxt ?? 0
    if (ack > sentEnd) {
      if (!closing.isSent || ack > sentEnd + 1) return false
      closing.answered()
    }
    if (sender === undefined) this.#peerWindowBytes = window
    const told = sender?.acknowledged(Math.min(ack, sentEnd), window, isBare, nowMs) ?? 'nothing'
    // What the reference says to an end: the number, in which it does not count it. Said too soon, it is about data.
    if (isBare && ack === sentEnd && told === 'nothing' && closing.isSent && !closing.isAnswered) {
      const roundTripMs = Math.max(0, this.#openRoundTripMs)
      if (nowMs >= closing.sentMs + Math.min(roundTripMs, sender?.rate.minRoundTripMs ?? NEVER) / 2) closing.answered()
    }
    return true
  }

  /** From a side that has told its end and knows ours it is no failure: it has forgotten the connection already. */
  #receiveReset(): void {
    if (this.#closing.isSent && this.#inlet.receiver.isComplete) {
      this.#closing.answered()
      return
    }
    this.#fail('reset')
    this.#host.forget(this)
  }

  #receiveCut({ flags }: StreamPacket, nowMs: number): void {
    if ((flags & RST) === 0) this.#host.reset(this.remote, this.localPort, this.remotePort, nowMs)
    else this.#host.forget(this)
  }

  #stepOpen(nowMs: number): void {
    if (this.#opening.onDeadline(nowMs) === 'send') this.#acknowledge(nowMs)
    if (this.#inlet.onDeadline(nowMs)) this.#acknowledge(nowMs)
    const sender = this.#sender
    if (sender?.isStalled(nowMs)) this.#cut('timeout', nowMs)
    else sender?.onDeadline(nowMs)
  }

  /** Our end leaves when everything before it is acknowledged: one that came early would hide data from the reference. */
  #stepClosing(nowMs: number): void {
    const closing = this.#closing
    if (!closing.isWanted || closing.isAnswered || !this.isSettled) return
    if (closing.isSent && nowMs < closing.deadlineMs) return
    const rtoMs = this.#sender?.roundTrip.rtoMs ?? FIRST_RTO_MS
    if (closing.send(nowMs, rtoMs, this.#inlet.receiver.isComplete)) {
      this.#host.control(this, FIN, this.#sender?.board.nxt ?? 0, 0, 0, nowMs)
    } else if (this.heardMs < closing.sentMs && !this.#inlet.receiver.isComplete) {
      this.#cut('timeout', nowMs)
    } else {
      closing.answered()
    }
  }

  #tell(events: StreamEvents, nowMs: number): void {
    if (this.#phase !== 'open') return
    if (!this.#isOpenedTold) {
      this.#isOpenedTold = true
      if (!this.incoming) this.#host.guard(() => events.opened?.())
    }
    if (this.#inlet.deliver(events, nowMs) && this.#phase === 'open') this.#acknowledge(nowMs)
  }

  #tellRest(events: StreamEvents): void {
    if (this.#phase === 'open' && this.#sender?.takeDrain()) this.#host.guard(() => events.drain())
    if (this.#phase === 'open' && this.#closing.isAnswered && this.#inlet.isEndTold) {
      this.#phase = 'closed'
      this.#host.forget(this)
    }
    if (!this.isClosed || this.#isClosedTold) return
    this.#isClosedTold = true
    const failure = this.#failure
    this.#host.guard(() => (failure === undefined ? events.closed() : events.closed(failure)))
  }

  /** End it from this side. A reset is not acknowledged: it is repeated, in case it is lost. */
  #cut(failure: StreamFailure, nowMs: number): void {
    const rtoMs = this.#sender?.roundTrip.rtoMs ?? FIRST_RTO_MS
    this.#fail(failure)
    this.#phase = 'cut'
    this.#host.closed(this)
    this.#resets = failure === 'timeout' ? RESET_TRIES : 0
    this.#resetPauseMs = rtoMs
    this.#sendReset(nowMs)
    this.#host.needsWork(this)
  }

  #sendReset(nowMs: number): void {
    this.#host.control(this, RST, 0, 0, WINDOW_BYTES, nowMs)
    this.#resets++
    this.#resetAtMs = nowMs + this.#resetPauseMs
    this.#resetPauseMs *= 2
  }

  #stepCut(nowMs: number): void {
    if (nowMs < this.#resetAtMs) return
    if (this.#resets >= RESET_TRIES) this.#host.forget(this)
    else this.#sendReset(nowMs)
  }

  #fail(failure: StreamFailure): void {
    this.#phase = 'closed'
    this.#failure = failure
    this.#inlet.stop()
    this.#sender = undefined
  }

  #schedule(): void {
    this.#host.wakeAt(this, this.#deadlineMs())
  }

  #deadlineMs(): number {
    switch (this.#phase) {
      case 'opening':
        return this.#opening.deadlineMs
      case 'open': {
        const sendingMs = Math.min(this.#sender?.deadlineMs ?? NEVER, this.#closing.deadlineMs)
        return Math.min(sendingMs, this.#opening.deadlineMs, this.#inlet.deadlineMs)
      }
      case 'cut':
        return this.#resetAtMs
      case 'closed':
        return NEVER
    }
  }
}
