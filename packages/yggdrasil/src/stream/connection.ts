import { StreamFlag, type StreamPacket } from '../wire/stream-packet.js'
import { Closing } from './closing.js'
import type { ConnectionHost } from './connection-host.js'
import { FIRST_RTO_MS, MAX_DIRECTION_BYTES, WINDOW_BYTES } from './constants.js'
import type { Scheduled } from './deadlines.js'
import { Inlet } from './inlet.js'
import type { Opening } from './opening.js'
import type { Remote } from './remote.js'
import { Resets } from './resets.js'
import { Sender, type SenderOutput } from './sender.js'
import type { StreamEvents, StreamFailure, StreamState } from './types.js'

const NEVER = Number.POSITIVE_INFINITY
const { syn: SYN, ack: ACK, fin: FIN, rst: RST } = StreamFlag

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
  #resets: Resets | undefined
  #phase: Phase = 'opening'
  #events: StreamEvents | undefined
  #isOpenedTold = false
  #isClosedTold = false
  #failure: StreamFailure | undefined
  #isTooLong = false
  /** Window of the other side, and the time its answer took, until there is a sender. */
  #peerWindowBytes: number
  #openRoundTripMs = -1

  constructor(host: ConnectionHost, remote: Remote, localPort: number, remotePort: number, opening: Opening) {
    this.#host = host
    this.remote = remote
    this.localPort = localPort
    this.remotePort = remotePort
    this.incoming = opening.incoming
    this.heardMs = opening.startMs
    this.#opening = opening
    this.#peerWindowBytes = opening.peerWindowBytes
    this.#inlet = new Inlet(host, remote)
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

  /** @internal Failed, and kept only to repeat the reset. */
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

  /** @internal What its window has grown by; nothing from then on. */
  takeGrownWindow(): number {
    const { grownBytes } = this.#inlet
    this.#inlet.grownBytes = 0
    return grownBytes
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
    this.#sender ??= this.#createSender()
    this.#host.needsWork(this)
    this.#isTooLong = this.#sender.buffer.endOffset + chunk.length > MAX_DIRECTION_BYTES
    return !this.#isTooLong && this.#sender.write(chunk)
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

  /** @internal The other side has begun a new one in its place, or another one needs the room. */
  discard(failure: StreamFailure): void {
    if (!this.isClosed) this.#fail(failure)
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

  /** @internal What every packet tells besides. */
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

  get #rtoMs(): number {
    return this.#sender?.roundTrip.rtoMs ?? FIRST_RTO_MS
  }

  /**
   * @param report - where a segment begins that has come behind a gap. The field is 0 in the acknowledgements of the
   * reference, which reads it in packets with data only; so those who understand it need not guess what is missing.
   */
  #acknowledge(nowMs: number, report = 0): void {
    this.#host.control(this, ACK, report, this.#inlet.ack, this.#inlet.tellWindow(), nowMs)
  }

  /** That of the reference, or less. */
  get #firstWindowBytes(): number {
    return Math.min(WINDOW_BYTES, this.#inlet.tellWindow())
  }

  #answerOpening(nowMs: number): void {
    this.#opening.answered(nowMs)
    this.#host.control(this, SYN | ACK, 0, 0, this.#firstWindowBytes, nowMs)
  }

  #stepOpening(nowMs: number): void {
    const step = this.#opening.onDeadline(nowMs)
    if (step === 'send') this.#host.control(this, SYN, 0, 0, this.#firstWindowBytes, nowMs)
    else if (step === 'fail') this.#cut('timeout', nowMs)
  }

  #receiveOpening(packet: StreamPacket, nowMs: number): void {
    const { flags } = packet
    const isAnswer = (flags & (SYN | ACK)) === (SYN | ACK)
    if ((flags & RST) !== 0) {
      this.discard('refused')
    } else if (!this.incoming) {
      // Anything but the answer belongs to a connection that the other side had with these ports before.
      if (!isAnswer) return
      this.#open(packet, nowMs)
      this.#acknowledge(nowMs)
    } else if ((flags & ACK) !== 0 && !isAnswer) {
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
    this.#inlet.roundTripMs = this.#openRoundTripMs
    // What was written while it was opening has made a sender.
    const sender = this.#sender
    if (sender === undefined) return
    if (this.#openRoundTripMs >= 0) sender.measured(this.#openRoundTripMs, nowMs)
    sender.acknowledged(0, window, false, 0, nowMs)
  }

  #receiveOpen(packet: StreamPacket, nowMs: number): void {
    const { flags, seq, data } = packet
    if ((flags & RST) !== 0) {
      this.#receiveReset()
    } else if ((flags & SYN) !== 0) {
      // Our acknowledgement of the opening was lost.
      if ((flags & ACK) !== 0 && !this.incoming) this.#acknowledge(nowMs)
    } else if ((flags & ACK) !== 0 && !this.#receiveAck(packet, nowMs)) {
      this.#host.ignored()
    } else {
      this.#opening.heard()
      this.#receiveData(seq, data, (flags & FIN) !== 0, nowMs)
    }
  }

  #receiveData(seq: number, data: Uint8Array, isFin: boolean, nowMs: number): void {
    if (data.length === 0 && !isFin) return
    const receipt = data.length > 0 ? this.#inlet.receive(seq, data, this.#events, nowMs) : 'known'
    if (this.#phase !== 'open') return
    const isTaken = !isFin || this.#inlet.receiver.finish(seq + data.length)
    if (!isTaken || receipt === 'ignored') this.#host.ignored()
    this.#acknowledge(nowMs, receipt === 'early' ? seq : 0)
  }

  /** @returns `false` for what was never sent */
  #receiveAck({ seq, ack, window, data }: StreamPacket, nowMs: number): boolean {
    const isBare = data.length === 0
    const sender = this.#sender
    const closing = this.#closing
    const sentEnd = sender?.board.nxt ?? 0
    if (ack > sentEnd) {
      if (!closing.isSent || ack > sentEnd + 1) return false
      closing.answered()
    }
    if (sender === undefined) this.#peerWindowBytes = window
    const told = sender?.acknowledged(Math.min(ack, sentEnd), window, isBare, seq, nowMs) ?? 'nothing'
    if (isBare && ack === sentEnd && told === 'nothing') {
      const roundTripMs = sender?.rate.minRoundTripMs ?? Math.max(0, this.#openRoundTripMs)
      closing.repeated(nowMs, roundTripMs, this.#inlet.receiver.isComplete)
    }
    return true
  }

  /** From a side that has told its end and knows ours it is no failure: it has forgotten the connection already. */
  #receiveReset(): void {
    if (this.#closing.isSent && this.#inlet.receiver.isComplete) this.#closing.answered()
    else this.discard('reset')
  }

  #receiveCut({ flags }: StreamPacket, nowMs: number): void {
    if ((flags & RST) === 0) this.#host.reset(this.remote, this.localPort, this.remotePort, nowMs)
    else this.#forget()
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
    if (!this.isSettled) return
    const step = this.#closing.step(nowMs, this.#rtoMs, this.#inlet.receiver.isComplete, this.heardMs)
    if (step === 'send') this.#host.control(this, FIN, this.#sender?.board.nxt ?? 0, 0, 0, nowMs)
    else if (step === 'fail') this.#cut('timeout', nowMs)
    else if (step === 'reset') this.#host.control(this, RST, 0, 0, WINDOW_BYTES, nowMs)
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
      this.#forget()
    }
    if (!this.isClosed || this.#isClosedTold) return
    this.#isClosedTold = true
    const failure = this.#failure
    this.#host.guard(() => (failure === undefined ? events.closed() : events.closed(failure)))
  }

  /** End it from this side. */
  #cut(failure: StreamFailure, nowMs: number): void {
    this.#resets = new Resets(nowMs, this.#rtoMs, failure === 'timeout')
    this.#fail(failure)
    this.#phase = 'cut'
    this.#host.failed(this)
    this.#host.control(this, RST, 0, 0, WINDOW_BYTES, nowMs)
    this.#host.needsWork(this)
  }

  #stepCut(nowMs: number): void {
    const step = this.#resets?.step(nowMs)
    if (step === 'send') this.#host.control(this, RST, 0, 0, WINDOW_BYTES, nowMs)
    else if (step === 'forget') this.#forget()
  }

  #forget(): void {
    this.#phase = 'closed'
    this.#host.forget(this)
  }

  #fail(failure: StreamFailure): void {
    this.#phase = 'closed'
    this.#failure = failure
    this.#inlet.stop()
    this.#sender = undefined
  }

  #schedule(): void {
    const deadlineMs = this.#deadlineMs()
    if (deadlineMs !== NEVER) this.#host.wakeAt(this, deadlineMs)
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
        return this.#resets?.deadlineMs ?? NEVER
      case 'closed':
        return NEVER
    }
  }
}
