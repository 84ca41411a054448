// The session machine: bytes, commands and time go in; frames go to the writer, events to the owner. It has no I/O, no
// clock and no chance of its own. Who drives it: connection.ts.
//
// Every transition is in session-table.ts. Before READY the session holds a Handshake, from READY on a Liveness; what
// messages need exists from the first message on. So a session that waits costs little more than its own fields.
import {
  type DataHeader,
  FrameReader,
  frameLimits,
  type HelloFrame,
  MAX_CONTROL_PAYLOAD_BYTES,
  type PeerFrame,
  type TextFrame,
} from '@mimirjs/wire/peer'
import { type CallState, nextCallState } from './call-table.js'
import type { Channel } from './challenge.js'
import type { DataWindow } from './data/data-window.js'
import { Delivery } from './delivery.js'
import { PeerError } from './error.js'
import { writeAnswer, writeFrame } from './frame-output.js'
import type { FrameWriter } from './frames/frame-writer.js'
import { Handshake } from './handshake.js'
import { Liveness, type LivenessView } from './liveness.js'
import { contactRequestFrame, fileRequestFrame, Requests } from './requests.js'
import type { SessionContext } from './session-context.js'
import type { SessionEvents } from './session-events.js'
import { isLegalType, nextState, type SessionEventName, type SessionState } from './session-table.js'
import type {
  CallFrame,
  DataSink,
  OutgoingContactRequest,
  OutgoingFileRequest,
  OutgoingInfo,
  OutgoingMessage,
  Role,
} from './types.js'
import { toPeerError } from './wire-fault.js'

export interface SessionOptions {
  readonly role: Role
  /** The wanted identity, 32 bytes; initiators only. */
  readonly remotePublicKey?: Uint8Array
  readonly channel: Channel
  /** The stream is open since then. */
  readonly nowMs: number
}

const SIGNATURE_BYTES = 64

export class Session implements LivenessView {
  readonly role: Role
  /** Number of the other side's installation, from its HELLO. */
  remoteClientId: number | undefined = undefined
  /** The challenge we signed was bound to both ends of this channel. */
  channelBound = false
  /** It was bound at all: the other side knows the frames that are ours alone. */
  extended = false
  /** A data frame of the other side is not whole. */
  dataIsIn = false
  readonly #context: SessionContext
  readonly #events: SessionEvents
  readonly #writer: FrameWriter
  readonly #reader: FrameReader
  #state: SessionState = 'connected'
  #handshake: Handshake | undefined
  #liveness: Liveness | undefined = undefined
  #delivery: Delivery | undefined = undefined
  #requests: Requests | undefined = undefined
  #call: CallState = 'idle'
  /** The time of the call into this session that is being handled. */
  #nowMs: number

  constructor(context: SessionContext, events: SessionEvents, writer: FrameWriter, options: SessionOptions) {
    const { role, remotePublicKey, channel, nowMs } = options
    this.role = role
    this.#context = context
    this.#events = events
    this.#writer = writer
    this.#reader = new FrameReader({ limits: context.frames, generation: context.generation })
    this.#handshake = new Handshake(context, channel, remotePublicKey, nowMs)
    this.#nowMs = nowMs
  }

  get state(): SessionState {
    return this.#state
  }

  get callState(): CallState {
    return this.#call
  }

  /** How many more messages {@link send} takes now. */
  get window(): number {
    if (this.#state !== 'ready' || this.#writer.blocked) return 0
    return this.#context.limits.windowMessages - (this.#delivery?.windowSize ?? 0)
  }

  /** How many more messages {@link beginData} takes now: 0 or 1. */
  get dataWindow(): number {
    return this.#state === 'ready' && this.#context.profile.streams === 'roles' && !this.dataOut ? 1 : 0
  }

  /** Whether a payload of so many bytes goes on the data stream. */
  takesDataStream(payloadBytes: number): boolean {
    return this.#context.profile.streams === 'roles' && payloadBytes > MAX_CONTROL_PAYLOAD_BYTES
  }

  /** Messages written on this connection that nobody has answered for. */
  get unacknowledged(): number {
    return this.#delivery?.unacknowledged ?? 0
  }

  get dataOut(): DataWindow | undefined {
    return this.#delivery?.dataOut
  }

  get oldestMs(): number | undefined {
    return this.#delivery?.oldestMs
  }

  get outstandingBytes(): number {
    return this.#delivery?.outstandingBytes ?? 0
  }

  get isBlocked(): boolean {
    return this.#writer.blocked
  }

  /** The application has as much unfinished as allowed: read no more until this is `false`. */
  get isPaused(): boolean {
    return this.#delivery?.isFull === true
  }

  /** Begin the handshake. */
  start(): void {
    this.#move('start')
    if (this.role === 'initiator') this.#write(this.#shaking().hello())
  }

  /** Bytes arrived. Frames are handled, and answered, before this returns. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#state === 'closed') return
    this.#nowMs = nowMs
    this.#liveness?.heard(nowMs)
    this.#handshake?.countBytes(chunk.length)
    const writer = this.#writer
    const wasFull = this.#state === 'ready' && this.window === 0
    writer.cork()
    try {
      this.#reader.push(chunk)
      this.#readFrames()
    } catch (error) {
      this.#close(toPeerError(error))
    }
    if (wasFull && this.window > 0) this.#events.onWritable()
    if (this.#isClosed()) return
    this.#liveness?.handled(this.#reader.bufferedBytes > 0, nowMs)
    writer.uncork()
    if (writer.queuedAnswerBytes <= this.#context.limits.queuedBytes) return
    const waiting = `${writer.queuedAnswerBytes} bytes of answers wait for a side that does not read`
    this.#close(new PeerError('slow-reader', waiting))
  }

  /** The other side ended its direction: that is the end of the session. */
  endOfStream(): void {
    if (this.#state === 'closed') return
    try {
      this.#reader.end()
      if (this.#handshake !== undefined) throw new PeerError('ended', `the other side closed in state ${this.#state}`)
      this.#close(undefined)
    } catch (error) {
      this.#close(toPeerError(error))
    }
  }

  /** The stream takes bytes again. */
  drained(nowMs: number): void {
    if (this.#state === 'closed') return
    this.#nowMs = nowMs
    this.#liveness?.unstuck(nowMs)
    this.#writer.drained()
    if (this.window > 0) this.#events.onWritable()
  }

  /** Reading was paused because of {@link isPaused} and goes on. */
  resumed(nowMs: number): void {
    this.#liveness?.unstuck(nowMs)
  }

  /** The signature asked for by `onSign`: 64 bytes. */
  signed(signature: Uint8Array, nowMs: number): void {
    if (this.#state !== 'signing') return
    this.#nowMs = nowMs
    // A signer is somebody else's code: it may give anything.
    if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
      const given = signature instanceof Uint8Array ? `${signature.length} bytes` : typeof signature
      this.#close(new PeerError('signer', `the signer gave ${given}, expected ${SIGNATURE_BYTES} bytes`))
      return
    }
    this.#move('signed')
    const handshake = this.#shaking()
    this.#write(handshake.answer(this.role === 'initiator' ? 'challengeAnswer' : 'challengeAnswer2', signature))
    // Before the other side can know it: so no data stream of theirs comes too early.
    if (this.role === 'acceptor') this.#tellToken(handshake)
  }

  /** @throws {PeerError} `closed` | `window-full` | `duplicate-guid` | `message` */
  send(message: OutgoingMessage, nowMs: number): void {
    const liveness = this.#demandReady()
    if (this.window <= 0) throw new PeerError('window-full', 'no place for another message: wait for writable')
    const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
    const delivery = this.#demandDelivery()
    delivery.demandNew(guid)
    this.#nowMs = nowMs
    this.#write({ type: 'text', guid, replyTo, sendTimeMs, editTimeMs, messageType, payload })
    delivery.sent(guid, nowMs, payload.length)
    liveness.wrote(nowMs)
  }

  /**
   * A message goes on the data stream: this is told of its beginning, and {@link delivery} of what becomes of it.
   * @returns what is to be written in front of the payload
   * @throws {PeerError} `closed` | `unsupported` | `window-full` | `duplicate-guid` | `message`
   */
  beginData(header: DataHeader): Uint8Array {
    this.#demandReady()
    this.#demand(this.#context.profile.streams === 'roles', 'data stream')
    if (this.dataWindow === 0) throw new PeerError('window-full', 'one message at a time on the data stream')
    return this.#demandDelivery().beginData(header, this.maxMessageBytes)
  }

  /** The accounts of the messages; only while there are some, and the session is READY. */
  get delivery(): Delivery | undefined {
    return this.#delivery
  }

  /** Longest message on a data stream that is not a file. */
  get maxMessageBytes(): number {
    return frameLimits(this.#context.frames).attachmentPayloadBytes
  }

  /** The network took some of it. */
  dataMoved(nowMs: number): void {
    this.#liveness?.dataMoved(nowMs)
  }

  /** Bytes of a data frame of the other side arrived: it lives. */
  dataHeard(nowMs: number): void {
    this.#nowMs = nowMs
    this.#liveness?.heard(nowMs)
    this.#liveness?.active(nowMs)
  }

  /** A data frame of the other side is whole, and is a message. */
  takeData(message: TextFrame): void {
    if (this.#state === 'ready') this.#onText(message)
  }

  /** A data frame of the other side begins, and is a message. */
  wantsData(header: DataHeader): boolean {
    return this.#state === 'ready' && this.#events.onLarge(header)
  }

  /** A data frame of the other side begins, and is a file. */
  takeFile(header: DataHeader): DataSink | undefined {
    return this.#state === 'ready' ? this.#events.onFile(header) : undefined
  }

  /** That file is whole: it waits for {@link acknowledge} or {@link refuse}. */
  fileEnded(guid: bigint): void {
    if (this.#state === 'ready') this.#demandDelivery().fileEnded(guid)
  }

  /** An OK came on another connection of the identity. @returns whether it was owed here */
  acknowledgedElsewhere(guid: bigint): boolean {
    const wasFull = this.window === 0
    if (this.#delivery?.acknowledged(guid) !== true) return false
    if (wasFull && this.window > 0) this.#events.onWritable()
    return true
  }

  /** Write OK(guid) for a message that was handed out and is still open; anything else is ignored. */
  acknowledge(guid: bigint): void {
    if (this.#delivery?.settle(guid) === true) this.#answer({ type: 'ok', id: guid })
  }

  /** Give up a message without OK. */
  refuse(guid: bigint): void {
    this.#delivery?.settle(guid)
  }

  /** @throws {PeerError} `closed` */
  requestInfo(sinceSeconds: bigint): void {
    if (this.#state !== this.#context.profile.infoRequestFrom) this.#demandReady()
    if (this.#asked().askInfo()) this.#write({ type: 'infoRequest', timeSeconds: sinceSeconds })
  }

  /** @throws {PeerError} `closed` | `message` */
  sendInfo(info: OutgoingInfo): void {
    this.#demandReady()
    // A profile may be large and whoever asks may not read: it is not worth a queue.
    if (!this.isBlocked) this.#write({ ...info, type: 'infoResponse' })
  }

  /**
   * @throws {PeerError} `closed` | `call-state` | `message`
   * @returns false for sound that was dropped
   */
  sendCall(frame: CallFrame, nowMs: number): boolean {
    const liveness = this.#demandReady()
    const next = this.#context.profile.calls ? nextCallState(this.#call, 'send', frame) : undefined
    if (next === undefined) {
      throw new PeerError('call-state', `${frame.type} cannot be sent while the call is ${this.#call}`)
    }
    // Sound that cannot leave now is of no use later.
    if (frame.type === 'callPacket' && this.isBlocked) return false
    this.#write(frame)
    liveness.active(nowMs)
    this.#moveCall(next, nowMs)
    return true
  }

  /** @throws {PeerError} `closed` | `unsupported` | `message` */
  sendContactRequest(request: OutgoingContactRequest): void {
    this.#demandRequests('contact requests')
    this.#write(contactRequestFrame(request))
  }

  /** @throws {PeerError} `closed` | `unsupported` */
  sendContactResponse(accepted: boolean): void {
    this.#demandRequests('contact requests')
    this.#write({ type: 'contactResponse', accepted })
  }

  /** @throws {PeerError} `closed` | `unsupported` | `message` */
  requestFile(request: OutgoingFileRequest): void {
    this.#demandRequests('file requests')
    this.#write(fileRequestFrame(request, this.extended))
  }

  /** Ask the other side for a stream to write data on. */
  wantStream(): void {
    if (this.#state === 'ready') this.#write({ type: 'streamWanted' })
  }

  /** PING now, unless one is out. `onPong` or `onClosed` follows. @throws {PeerError} `closed` | `unsupported` */
  probe(nowMs: number): void {
    const liveness = this.#demandReady()
    this.#demand(this.#context.profile.pong, 'PONG')
    if (liveness.probed(this.#call, nowMs)) this.#write({ type: 'ping' })
  }

  /** Close in order: what was written goes out. */
  close(): void {
    this.#close(undefined)
  }

  /** Close at once. */
  fail(error: PeerError): void {
    this.#close(error)
  }

  /** When {@link tick} has work; `undefined` when nothing is awaited. */
  get nextDeadlineMs(): number | undefined {
    if (this.#handshake !== undefined) return this.#handshakeDeadlineMs(this.#handshake)
    const dueMs = this.#liveness?.deadlineMs(this)
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.#handshake !== undefined) this.#tickHandshake(this.#handshake)
    else if (this.#liveness !== undefined) this.#tickReady(this.#liveness)
  }

  // --- frames ------------------------------------------------------------------------------------------------------

  #readFrames(): void {
    const reader = this.#reader
    while (this.#handshake !== undefined) {
      const code = reader.peekType()
      if (code !== undefined && !isLegalType(this.role, this.#state, code, this.#context.profile)) {
        throw this.#unexpected(`type ${code}`)
      }
      const frame = reader.next()
      this.#handshake.checkBudget(frame !== undefined, frame === undefined ? 0 : reader.bufferedBytes)
      if (frame === undefined) return
      this.#handle(frame)
    }
    while (!this.#isClosed()) {
      const frame = reader.next()
      if (frame === undefined) return
      this.#handle(frame)
    }
  }

  #handle(frame: PeerFrame): void {
    const { type } = frame
    if (this.#next(type) === undefined) throw this.#unexpected(type)
    const isPing = type === 'ping' || type === 'pong'
    if (!isPing || this.#context.profile.pingIsActivity) this.#liveness?.active(this.#nowMs)
    switch (type) {
      case 'text':
        this.#onText(frame)
        break
      case 'ok':
        this.#onOk(frame.id)
        break
      case 'ping':
        this.#answer({ type: 'pong' })
        break
      case 'pong':
        this.#onPong()
        break
      case 'hello':
        this.#onHello(frame)
        break
      case 'challenge':
      case 'challenge2':
        this.#onChallenge(type, frame.data)
        break
      case 'challengeAnswer':
      case 'challengeAnswer2':
        this.#onAnswer(type, frame.signature)
        break
      case 'infoRequest':
        this.#onInfoRequest(frame.timeSeconds)
        break
      case 'infoResponse':
        this.#asked().onInfo(frame)
        break
      case 'callOffer':
      case 'callAnswer':
      case 'callPacket':
        this.#onCall(frame)
        break
      case 'callHang':
        this.#onCall({ type })
        break
      case 'contactRequest':
        this.#asked().onContactRequest(frame, this.#nowMs)
        break
      case 'contactResponse':
        this.#asked().onContactResponse(frame.accepted, this.#nowMs)
        break
      case 'fileRequest':
        this.#events.onFileRequest(frame)
        break
      case 'fileRange':
        this.#asked().onFileRange(frame)
        break
      case 'streamWanted':
        this.#events.onStreamWanted()
        break
      case 'unknown':
        break
    }
  }

  #onHello(hello: HelloFrame): void {
    const handshake = this.#shaking()
    handshake.takeHello(hello)
    this.remoteClientId = hello.clientId
    this.#move('hello')
    this.#write(handshake.issue('challenge'))
  }

  #onChallenge(type: 'challenge' | 'challenge2', data: Uint8Array): void {
    const handshake = this.#shaking()
    const challenge = handshake.takeChallenge(type, data)
    this.channelBound = handshake.channelBound
    this.extended = handshake.challengeBound
    const refusal = this.#events.onProve(handshake.claimed, handshake.challengeBound)
    if (refusal !== undefined) throw refusal
    this.#move(type)
    this.#events.onSign(challenge)
  }

  #onAnswer(type: 'challengeAnswer' | 'challengeAnswer2', signature: Uint8Array): void {
    const handshake = this.#shaking()
    handshake.takeAnswer(type, signature)
    this.#write({ type: 'ok', id: 0n })
    if (this.role === 'initiator') this.#tellToken(handshake)
    this.#move(type)
  }

  #onOk(id: bigint): void {
    if (this.#state === 'ready') {
      const isOwed = this.#delivery?.acknowledged(id) === true
      if (!isOwed && id !== 0n && this.#context.profile.ackAcrossConnections) this.#events.onStrayOk(id)
      return
    }
    if (id !== 0n) throw this.#unexpected('an OK for a message')
    this.#move('ok')
    if (this.role === 'initiator') this.#write(this.#shaking().issue('challenge2'))
  }

  #onText(message: TextFrame): void {
    this.#demandDelivery().received(message)
  }

  #onInfoRequest(sinceSeconds: bigint): void {
    if (this.#handshake !== undefined) this.#handshake.infoRequest = sinceSeconds
    else this.#asked().onInfoRequest(sinceSeconds, this.#nowMs)
  }

  #onCall(frame: CallFrame): void {
    const { calls, declinesBusy } = this.#context.profile
    const next = calls ? nextCallState(this.#call, 'receive', frame) : undefined
    if (next === undefined) {
      if (declinesBusy && frame.type === 'callOffer') this.#answer({ type: 'callAnswer', accepted: false, error: '' })
      return
    }
    this.#moveCall(next, this.#nowMs)
    this.#events.onCall(frame)
  }

  #onPong(): void {
    const liveness = this.#liveness
    if (liveness === undefined || !liveness.pingIsOut) return
    const dataIsOverdue = liveness.dataDueMs(this) <= liveness.pingedMs
    const writtenUntilMs = liveness.ponged(this.#nowMs)
    this.#events.onPong()
    if (dataIsOverdue) this.#delivery?.giveUpData()
    if (writtenUntilMs !== undefined) this.#delivery?.giveUp(writtenUntilMs)
  }

  #write(frame: PeerFrame): void {
    writeFrame(this.#writer, frame, this.#context)
    if (this.#context.profile.writingIsActivity && frame.type !== 'ping') this.#liveness?.active(this.#nowMs)
  }

  #answer(frame: PeerFrame): void {
    writeAnswer(this.#writer, frame, this.#context)
  }

  // --- state -------------------------------------------------------------------------------------------------------

  #move(event: SessionEventName): void {
    const next = this.#next(event)
    if (next === undefined) throw new RangeError(`${event} in state ${this.#state}`)
    this.#state = next
    if (next === 'ready' && this.#handshake !== undefined) this.#becomeReady(this.#handshake)
  }

  #next(event: SessionEventName): SessionState | undefined {
    return nextState(this.role, this.#state, event, this.#context.profile)
  }

  #tellToken(handshake: Handshake): void {
    if (this.#context.profile.streams === 'roles') this.#events.onToken(handshake.dataToken(this.role))
  }

  #becomeReady({ proof, infoRequest }: Handshake): void {
    if (proof === undefined) throw new RangeError('READY without a proven identity')
    this.#handshake = undefined
    this.#liveness = new Liveness(this.#context, this.#nowMs)
    this.#events.onReady(proof)
    if (infoRequest !== undefined && !this.#isClosed()) this.#events.onInfoRequest(infoRequest)
  }

  #moveCall(next: CallState, nowMs: number): void {
    if (next === this.#call) return
    this.#call = next
    this.#liveness?.callMoved(next, nowMs)
  }

  /** A method, because the compiler believes that a state it has seen does not change by calls. */
  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #shaking(): Handshake {
    if (this.#handshake === undefined) throw new RangeError(`no handshake in state ${this.#state}`)
    return this.#handshake
  }

  #demandReady(): Liveness {
    if (this.#liveness === undefined) throw new PeerError('closed', `the session is ${this.#state}, not ready`)
    return this.#liveness
  }

  #asked(): Requests {
    this.#requests ??= new Requests(this.#events)
    return this.#requests
  }

  /** Only where the session is READY. */
  #demandDelivery(): Delivery {
    this.#delivery ??= new Delivery(this.#context.limits, this.#events)
    return this.#delivery
  }

  #demandRequests(what: string): void {
    this.#demandReady()
    this.#demand(this.#context.profile.requests, what)
  }

  #demand(isThere: boolean, what: string): void {
    if (isThere) return
    throw new PeerError('unsupported', `generation ${this.#context.generation} has no ${what}`)
  }

  #unexpected(what: string): PeerError {
    return new PeerError('unexpected-type', `${what} is not legal in state ${this.#state} of the ${this.role}`)
  }

  #close(error: PeerError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#handshake?.abandon()
    this.#handshake = undefined
    this.#liveness = undefined
    this.#delivery = undefined
    this.#call = 'idle'
    this.#events.onClosed(error)
  }

  // --- time --------------------------------------------------------------------------------------------------------

  #handshakeDeadlineMs({ startedMs }: Handshake): number {
    const { authMs, helloMs } = this.#context.timers
    return startedMs + (this.#state === 'helloSent' ? Math.min(helloMs, authMs) : authMs)
  }

  #tickHandshake(handshake: Handshake): void {
    if (this.#nowMs < this.#handshakeDeadlineMs(handshake)) return
    const afterMs = Math.round(this.#nowMs - handshake.startedMs)
    this.#close(new PeerError('timeout', `the handshake was still in state ${this.#state} after ${afterMs} ms`))
  }

  #tickReady(liveness: Liveness): void {
    switch (liveness.due(this, this.#nowMs)) {
      case 'dead': {
        const quietMs = Math.round(this.#nowMs - liveness.heardMs)
        this.#close(new PeerError('timeout', `the other side was silent for ${quietMs} ms and owes something`))
        break
      }
      case 'call':
        this.#endCall()
        break
      case 'ping':
        liveness.pinged(this.#call, this.#nowMs)
        this.#write({ type: 'ping' })
        break
      case 'idle':
        this.#close(undefined)
        break
      case undefined:
        break
    }
  }

  #endCall(): void {
    if (this.#call === 'inCall') {
      this.#close(new PeerError('timeout', 'no sign of life from the other side of the call'))
      return
    }
    this.#write({ type: 'callHang' })
    this.#moveCall('idle', this.#nowMs)
    this.#events.onCall({ type: 'callHang' })
  }
}
