// The session machine: bytes, commands and time go in; frames go to the writer, events to the owner. It has no I/O, no
// clock and no chance of its own. Who drives it: connection.ts.
//
// Every transition is in session-table.ts. Before READY the session holds a Handshake, from READY on a Liveness; what
// messages need exists from the first message on. So a session that waits costs little more than its own fields.
import { isWireError, type WireError } from '@mimirjs/wire'
import {
  FrameReader,
  type HelloFrame,
  type InfoResponseFrame,
  type PeerFrame,
  type TextFrame,
} from '@mimirjs/wire/peer'
import { type CallState, nextCallState } from './call-table.js'
import type { Channel } from './challenge.js'
import { PeerError, type PeerErrorCode } from './error.js'
import { writeAnswer, writeFrame } from './frame-output.js'
import type { FrameWriter } from './frames/frame-writer.js'
import { Handshake } from './handshake.js'
import type { ProvenIdentity } from './identity.js'
import { Inbound } from './inbound.js'
import { Liveness, type LivenessView } from './liveness.js'
import { Outstanding } from './outstanding.js'
import type { SessionContext } from './session-context.js'
import { isLegalType, nextState, type SessionEventName, type SessionState } from './session-table.js'
import type { CallFrame, OutgoingInfo, OutgoingMessage, Role } from './types.js'

/** What a session tells its owner. All are called from inside the call that caused them. */
export interface SessionEvents {
  /**
   * May we prove ourselves to this identity? An error closes the session with it. Asked once, before `onSign`.
   * @param isBound - the challenge is of use on this connection only
   */
  onProve(remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined
  /** Sign these 32 bytes and answer with {@link Session.signed}, now or later. */
  onSign(challenge: Uint8Array): void
  onReady(identity: ProvenIdentity): void
  onMessage(message: TextFrame): void
  onAcknowledged(guid: bigint): void
  onUnanswered(guid: bigint): void
  onWritable(): void
  onInfoRequest(sinceSeconds: bigint): void
  onInfo(info: InfoResponseFrame): void
  onCall(frame: CallFrame): void
  /** Once, and last. Without an error the end is orderly: what was written may still go out. */
  onClosed(error: PeerError | undefined): void
}

export interface SessionOptions {
  readonly role: Role
  /** The wanted identity, 32 bytes; initiators only. */
  readonly remotePublicKey?: Uint8Array
  readonly channel: Channel
  /** The stream is open since then. */
  readonly nowMs: number
}

const SIGNATURE_BYTES = 64
const INFO_PAUSE_MS = 1_000

export class Session implements LivenessView {
  readonly role: Role
  /** Number of the other side's installation, from its HELLO. */
  remoteClientId: number | undefined = undefined
  /** The challenge we signed was bound to both ends of this channel. */
  channelBound = false
  readonly #context: SessionContext
  readonly #events: SessionEvents
  readonly #writer: FrameWriter
  readonly #reader: FrameReader
  #state: SessionState = 'connected'
  #handshake: Handshake | undefined
  #liveness: Liveness | undefined = undefined
  #outstanding: Outstanding | undefined = undefined
  #inbound: Inbound | undefined = undefined
  #info: 'unasked' | 'asked' | 'answered' = 'unasked'
  /** INFO_REQUESTs that come before this are ignored. */
  #nextInfoMs = Number.NEGATIVE_INFINITY
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
    return this.#context.limits.windowMessages - this.unacknowledged
  }

  /** Messages written on this connection that nobody has answered for. */
  get unacknowledged(): number {
    return this.#outstanding?.size ?? 0
  }

  get oldestMs(): number | undefined {
    return this.#outstanding?.oldestMs
  }

  get outstandingBytes(): number {
    return this.#outstanding?.byteLength ?? 0
  }

  get isBlocked(): boolean {
    return this.#writer.blocked
  }

  /** The application has as much unfinished as allowed: read no more until this is `false`. */
  get isPaused(): boolean {
    return this.#inbound?.isFull === true
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
    this.#write({ type: this.role === 'initiator' ? 'challengeAnswer' : 'challengeAnswer2', signature })
  }

  /** @throws {PeerError} `closed` | `window-full` | `duplicate-guid` | `message` */
  send(message: OutgoingMessage, nowMs: number): void {
    const liveness = this.#demandReady()
    if (this.window <= 0) throw new PeerError('window-full', 'no place for another message: wait for writable')
    const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
    this.#outstanding ??= new Outstanding(this.#context.limits)
    if (this.#outstanding.has(guid)) {
      throw new PeerError('duplicate-guid', 'this guid was written on this connection and has no OK yet')
    }
    this.#write({ type: 'text', guid, replyTo, sendTimeMs, editTimeMs, messageType, payload })
    this.#outstanding.add(guid, nowMs, payload.length)
    liveness.wrote(nowMs)
  }

  /** Write OK(guid) for a message that was handed out and is still open; anything else is ignored. */
  acknowledge(guid: bigint): void {
    if (this.#state === 'ready' && this.#inbound?.settle(guid) === true) this.#answer({ type: 'ok', id: guid })
  }

  /** Give up a message without OK. */
  refuse(guid: bigint): void {
    this.#inbound?.settle(guid)
  }

  /** @throws {PeerError} `closed` */
  requestInfo(sinceSeconds: bigint): void {
    if (this.#state !== this.#context.profile.infoRequestFrom) this.#demandReady()
    if (this.#info !== 'unasked') return
    this.#info = 'asked'
    this.#write({ type: 'infoRequest', timeSeconds: sinceSeconds })
  }

  /** @throws {PeerError} `closed` | `message` */
  sendInfo(info: OutgoingInfo): void {
    this.#demandReady()
    // A profile may be large and whoever asks may not read: it is not worth a queue.
    if (!this.isBlocked) this.#write({ ...info, type: 'infoResponse' })
  }

  /** @throws {PeerError} `closed` | `call-state` | `message` */
  sendCall(frame: CallFrame, nowMs: number): void {
    const liveness = this.#demandReady()
    const next = this.#context.profile.calls ? nextCallState(this.#call, 'send', frame) : undefined
    if (next === undefined) {
      throw new PeerError('call-state', `${frame.type} cannot be sent while the call is ${this.#call}`)
    }
    // Sound that cannot leave now is of no use later.
    if (frame.type === 'callPacket' && this.isBlocked) return
    this.#write(frame)
    liveness.active(nowMs)
    this.#moveCall(next, nowMs)
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
      if (code !== undefined && !isLegalType(this.role, this.#state, code)) throw this.#unexpected(`type ${code}`)
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
    if (nextState(this.role, this.#state, type) === undefined) throw this.#unexpected(type)
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
        this.#onInfo(frame)
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
      case 'contactResponse':
      case 'fileRequest':
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
    const refusal = this.#events.onProve(handshake.claimed, handshake.challengeBound)
    if (refusal !== undefined) throw refusal
    this.#move(type)
    this.#events.onSign(challenge)
  }

  #onAnswer(type: 'challengeAnswer' | 'challengeAnswer2', signature: Uint8Array): void {
    this.#shaking().takeAnswer(signature)
    this.#write({ type: 'ok', id: 0n })
    this.#move(type)
  }

  #onOk(id: bigint): void {
    if (this.#state === 'ready') {
      if (this.#outstanding?.acknowledge(id) === true) this.#events.onAcknowledged(id)
      return
    }
    if (id !== 0n) throw this.#unexpected('an OK for a message')
    this.#move('ok')
    if (this.role === 'initiator') this.#write(this.#shaking().issue('challenge2'))
  }

  #onText(message: TextFrame): void {
    this.#inbound ??= new Inbound(this.#context.limits)
    if (this.#inbound.add(message.guid, message.payload.length)) this.#events.onMessage(message)
  }

  /** A profile is large and a request is small: one that comes at once after another is a mistake, or an attack. */
  #onInfoRequest(sinceSeconds: bigint): void {
    if (this.#handshake !== undefined) this.#handshake.infoRequest = sinceSeconds
    else if (this.#nowMs >= this.#nextInfoMs) {
      this.#nextInfoMs = this.#nowMs + INFO_PAUSE_MS
      this.#events.onInfoRequest(sinceSeconds)
    }
  }

  #onInfo(info: InfoResponseFrame): void {
    if (this.#info !== 'asked') return
    this.#info = 'answered'
    this.#events.onInfo(info)
  }

  #onCall(frame: CallFrame): void {
    const next = this.#context.profile.calls ? nextCallState(this.#call, 'receive', frame) : undefined
    if (next === undefined) return
    this.#moveCall(next, this.#nowMs)
    this.#events.onCall(frame)
  }

  #onPong(): void {
    const writtenUntilMs = this.#liveness?.ponged(this.#nowMs)
    if (writtenUntilMs === undefined) return
    for (;;) {
      const guid = this.#outstanding?.giveUpOldest(writtenUntilMs)
      if (guid === undefined) return
      this.#events.onUnanswered(guid)
    }
  }

  #write(frame: PeerFrame): void {
    writeFrame(this.#writer, frame, this.#context)
  }

  #answer(frame: PeerFrame): void {
    writeAnswer(this.#writer, frame, this.#context)
  }

  // --- state -------------------------------------------------------------------------------------------------------

  #move(event: SessionEventName): void {
    const next = nextState(this.role, this.#state, event)
    if (next === undefined) throw new RangeError(`${event} in state ${this.#state}`)
    this.#state = next
    if (next === 'ready' && this.#handshake !== undefined) this.#becomeReady(this.#handshake)
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

  #unexpected(what: string): PeerError {
    return new PeerError('unexpected-type', `${what} is not legal in state ${this.#state} of the ${this.role}`)
  }

  #close(error: PeerError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#handshake?.abandon()
    this.#handshake = undefined
    this.#liveness = undefined
    this.#outstanding = undefined
    this.#inbound = undefined
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

/** Codes of the wire that are ours under the same name; what is left is `malformed`. */
const SHARED_CODES: ReadonlySet<string> = new Set<PeerErrorCode & WireError['code']>([
  'truncated',
  'header-size',
  'length',
  'unexpected-type',
  'json',
  'json-field',
])

function toPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) return error
  if (!isWireError(error)) throw error
  const code = SHARED_CODES.has(error.code) ? (error.code as PeerErrorCode) : 'malformed'
  return new PeerError(code, error.message, { cause: error })
}
