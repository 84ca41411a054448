// The data streams of one connection: at most one on which we write and one on which the other side writes. It moves
// bytes between them and the outbox and the inbox, and keeps their deadlines.
import type { ByteStream, TransportError } from '@mimirjs/transport'
import { PeerError } from '../error.js'
import type { OutgoingData, OutgoingMessage } from '../types.js'
import { toPeerError } from '../wire-fault.js'
import { DataInbox } from './data-inbox.js'
import { DataOutbox, type OutboxStreams } from './data-outbox.js'
import type { LaneHost } from './lane-host.js'
import { abandon, LaneStream } from './lane-stream.js'
import { PayloadPieces, type Pieces, SourcePieces } from './pieces.js'
import type { DataRole, OpenedStream } from './stream-opener.js'

const NEVER = Number.POSITIVE_INFINITY

export class DataLane implements OutboxStreams {
  readonly #host: LaneHost
  readonly #outbox: DataOutbox
  #inbox: DataInbox | undefined
  /** On which we write, and on which the other side does. */
  #out: LaneStream | undefined
  #in: LaneStream | undefined
  readonly #opening: Record<DataRole, Opening | undefined> = { write: undefined, read: undefined }
  /** The last time that a frame of the other side got on. */
  #inMs = 0
  #isClosed = false

  constructor(host: LaneHost) {
    this.#host = host
    this.#outbox = new DataOutbox(host, this)
  }

  // --- what we send ------------------------------------------------------------------------------------------------

  send(header: Uint8Array, message: OutgoingMessage): void {
    this.#start(header, new PayloadPieces(message.payload))
  }

  sendData(header: Uint8Array, message: OutgoingData): void {
    const { dataBytes, source } = message
    const pieces = new SourcePieces(source, dataBytes, {
      onMore: () => this.#guard(() => this.#outbox.more()),
      onFailed: (error) => this.#guard(() => this.#outbox.sourceFailed(error)),
    })
    this.#start(header, pieces, message)
  }

  #start(header: Uint8Array, pieces: Pieces, message?: OutgoingData): void {
    this.#outbox.start({
      header,
      pieces,
      onProgress: (sentBytes) => message?.onProgress?.(sentBytes),
      done: (error) => message?.done?.(error),
    })
    this.#host.changed()
  }

  settled(isDelivered: boolean): void {
    this.#outbox.settled(isDelivered)
  }

  /** @internal */
  openStream(): void {
    this.#open('write', ({ stream, prefix }) => {
      const side = new LaneStream(stream, {
        data: () => this.#lostOut(side, new PeerError('unexpected-type', 'the other side wrote on our data stream')),
        end: () => this.#lostOut(side, new PeerError('transport', 'the other side ended our data stream')),
        drain: () => this.#guard(() => side === this.#out && this.#outbox.drained()),
        closed: (cause) => this.#lostOut(side, streamError(cause)),
        gone: () => this.#host.closed(side),
      })
      this.#out = side
      this.#host.opened(side)
      side.start()
      this.#outbox.opened(stream, prefix)
    })
  }

  #lostOut(side: LaneStream, error: PeerError): void {
    side.abort()
    if (side !== this.#out) return
    this.#out = undefined
    if (this.#isClosed) return
    this.#guard(() => this.#outbox.lost(error))
  }

  /** @internal */
  cutStream(): void {
    const side = this.#out
    this.#out = undefined
    side?.abort()
  }

  // --- what they send ----------------------------------------------------------------------------------------------

  /** A stream of the other side, on which it writes. It takes the place of the one before: who opens a new one lost it. */
  attach(stream: ByteStream): void {
    if (!this.#isClosed && this.#host.mayAttach()) this.#attach(stream)
    else abandon(stream)
  }

  #attach(stream: ByteStream): void {
    this.#dropIn(new PeerError('transport', 'the other side opened another data stream'))
    const side = new LaneStream(stream, {
      data: (chunk) => side === this.#in && this.#receive(chunk),
      end: () => this.#endIn(side),
      drain: () => {},
      closed: (cause) => this.#lostIn(side, streamError(cause)),
      gone: () => this.#host.closed(side),
    })
    this.#in = side
    this.#inbox = new DataInbox(this.#host, () => side === this.#in && this.#read((inbox) => inbox.resume()))
    this.#host.opened(side)
    side.start()
    this.#host.changed()
  }

  /** A stream came that we asked for, to write on it. @returns `false` when we did not */
  arrived(stream: ByteStream): boolean {
    return !this.#isClosed && this.#host.opener.arrived(stream)
  }

  /** The other side wants a stream to write on. */
  wanted(): void {
    if (this.#opening.read !== undefined || !this.#host.mayAttach()) return
    this.#open('read', ({ stream, prefix }) => {
      this.#attach(stream)
      stream.write(prefix)
    })
  }

  /** The other side may have a stream: it has none that works, as far as we know. */
  get isFree(): boolean {
    return this.#in === undefined
  }

  #receive(chunk: Uint8Array): void {
    this.#host.heard()
    this.#read((inbox) => inbox.receive(chunk))
  }

  #read(work: (inbox: DataInbox) => void): void {
    const inbox = this.#inbox
    if (inbox === undefined) return
    this.#inMs = this.#host.nowMs()
    this.#guard(() => {
      try {
        work(inbox)
      } catch (error) {
        this.#dropIn(toPeerError(error))
      }
      if (inbox === this.#inbox) this.#host.receiving(inbox.isInside)
      this.#host.changed()
    })
  }

  #endIn(side: LaneStream): void {
    if (side !== this.#in) return
    try {
      this.#inbox?.end()
      this.#lostIn(side, new PeerError('transport', 'the other side ended its data stream'))
    } catch (error) {
      this.#lostIn(side, toPeerError(error))
    }
  }

  #lostIn(side: LaneStream, error: PeerError): void {
    side.abort()
    if (side === this.#in) this.#dropIn(error)
  }

  #dropIn(error: PeerError): void {
    const [side, inbox] = [this.#in, this.#inbox]
    this.#in = undefined
    this.#inbox = undefined
    side?.abort()
    this.#host.receiving(false)
    inbox?.close(error)
  }

  /** We may want to read, or not any more. */
  moved(): void {
    const side = this.#in
    if (side === undefined || this.#isClosed) return
    const isPaused = this.#host.isPaused || this.#inbox?.isHeld === true
    // What is waited for, waits from here on.
    if (side.isPaused && !isPaused) this.#inMs = this.#host.nowMs()
    side.setPaused(isPaused)
  }

  // --- opening -----------------------------------------------------------------------------------------------------

  #open(role: DataRole, use: (opened: OpenedStream) => void): void {
    const { connectMs, roleMs } = this.#host.timers
    const controller = new AbortController()
    const opening: Opening = { controller, untilMs: this.#host.nowMs() + connectMs + roleMs }
    this.#opening[role] = opening
    this.#host.opener.openStream(role, controller.signal).then(
      (opened) => {
        if (this.#opening[role] !== opening) {
          abandon(opened.stream)
          return
        }
        this.#opening[role] = undefined
        this.#guard(() => use(opened))
        this.#host.changed()
      },
      (cause: unknown) => {
        if (this.#opening[role] !== opening) return
        this.#opening[role] = undefined
        this.#notOpened(role, cause)
      },
    )
  }

  #notOpened(role: DataRole, cause: unknown): void {
    // The other side asks again if it still wants one.
    if (role === 'read') return
    const error =
      cause instanceof PeerError ? cause : new PeerError('transport', 'no data stream could be opened', { cause })
    this.#guard(() => this.#outbox.lost(error))
    this.#host.changed()
  }

  #giveUpOpening(role: DataRole): void {
    const opening = this.#opening[role]
    if (opening === undefined) return
    this.#opening[role] = undefined
    opening.controller.abort()
    this.#notOpened(role, new PeerError('timeout', 'no data stream was opened in time'))
  }

  // --- time and end ------------------------------------------------------------------------------------------------

  get nextDeadlineMs(): number | undefined {
    if (this.#isClosed) return undefined
    const { write, read } = this.#opening
    const dueMs = Math.min(write?.untilMs ?? NEVER, read?.untilMs ?? NEVER, this.#outDueMs, this.#inDueMs)
    return dueMs === NEVER ? undefined : dueMs
  }

  get #outDueMs(): number {
    const sinceMs = this.#outbox.stuckSinceMs
    return sinceMs === undefined ? NEVER : sinceMs + this.#host.timers.dataStallMs
  }

  get #inDueMs(): number {
    const isWaiting = this.#inbox?.isInside === true && this.#in?.isPaused === false
    return isWaiting ? this.#inMs + this.#host.timers.dataStallMs : NEVER
  }

  tick(nowMs: number): void {
    for (const role of ['write', 'read'] as const) {
      if (nowMs >= (this.#opening[role]?.untilMs ?? NEVER)) this.#giveUpOpening(role)
    }
    const error = new PeerError('timeout', 'a frame on the data stream did not get on')
    if (nowMs >= this.#outDueMs && this.#out !== undefined) this.#lostOut(this.#out, error)
    if (nowMs >= this.#inDueMs) this.#dropIn(error)
  }

  /**
   * The connection is over: what is not through will not be. The streams stay as they are until {@link cut}: the other side
   * is to learn of the end by that of the control stream.
   */
  close(error: PeerError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const role of ['write', 'read'] as const) {
      const opening = this.#opening[role]
      this.#opening[role] = undefined
      opening?.controller.abort()
    }
    this.#in?.setPaused(true)
    this.#inbox?.close(error)
    this.#outbox.close(error)
  }

  /** Cut what is still open. */
  cut(): void {
    this.cutStream()
    this.#in?.abort()
    this.#in = undefined
  }

  #guard(work: () => unknown): void {
    try {
      work()
    } catch (cause) {
      this.#host.broken(cause)
    }
  }
}

/** A stream that is being opened. */
interface Opening {
  readonly controller: AbortController
  readonly untilMs: number
}

function streamError(cause: TransportError | undefined): PeerError {
  const message = cause === undefined ? 'the data stream closed' : `the data stream failed: ${cause.message}`
  return new PeerError('transport', message, { cause })
}
