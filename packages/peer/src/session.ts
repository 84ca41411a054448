// The session machine: bytes, commands and time go in; frames go to the writer, events to the owner. It has no I/O, no
// clock and no chance of its own. Who drives it: connection.ts.
//
// Before READY it holds what the handshake needs in one object, which is dropped then; the collections for messages
// exist from the first message on. So a session that waits costs little more than its own fields.

import { type Generation, isWireError, type WireError } from '@mimirjs/wire'
import {
  encodeFrame,
  encodeFrameInto,
  encodeTextHead,
  type FrameLimits,
  FrameReader,
  frameByteLength,
  type HelloFrame,
  type InfoResponseFrame,
  type PeerFrame,
  type TextFrame,
} from '@mimirjs/wire/peer'
import { sameBytes } from './bytes.js'
import { type CallState, nextCallState } from './call-table.js'
import { type ChallengeKit, type Channel, checkChallenge, issueChallenge } from './challenge.js'
import { PeerError, type PeerErrorCode } from './error.js'
import { AckWindow } from './frames/ack-window.js'
import type { FrameWriter } from './frames/frame-writer.js'
import type { GenerationProfile } from './generations.js'
import { checkClaim, type ProvenIdentity, proveIdentity, type Verify } from './identity.js'
import type { PeerLimits } from './limits.js'
import { isLegalType, nextState, type SessionEventName, type SessionState } from './session-table.js'
import type { SessionTimers } from './timers.js'
import type { CallFrame, OutgoingInfo, OutgoingMessage, Role } from './types.js'

/** What all sessions of a peer share. */
export interface SessionContext extends ChallengeKit {
  readonly clientId: number
  readonly generation: Generation
  readonly profile: GenerationProfile
  readonly limits: PeerLimits
  readonly frames: Partial<FrameLimits> | undefined
  readonly timers: SessionTimers
  readonly verify: Verify
}

/** What a session tells its owner. All are called from inside the call that caused them. */
export interface SessionEvents {
  /** May we prove ourselves to this identity? An error closes the session with it. Asked once, before `onSign`. */
  onProve(remotePublicKey: Uint8Array): PeerError | undefined
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
}

/** From this size on a payload goes out by reference. */
const REFERENCE_BYTES = 4096
const NEVER = Number.POSITIVE_INFINITY

/** Known before READY only. */
interface Handshake {
  /** The identity that has to prove itself: wanted by an initiator, claimed to an acceptor. */
  claimed: Uint8Array | undefined
  /** Ours, not answered yet. */
  challenge: Uint8Array | undefined
  proof: ProvenIdentity | undefined
  startedMs: number
  bytes: number
  frames: number
  /** An INFO_REQUEST that came before we may answer it. */
  infoRequest: bigint | undefined
}

export class Session {
  readonly role: Role
  /** Number of the other side's installation, from its HELLO. */
  remoteClientId: number | undefined = undefined
  /** The challenge we signed was bound to both ends of this channel. */
  channelBound = false
  readonly #context: SessionContext
  readonly #events: SessionEvents
  readonly #writer: FrameWriter
  readonly #reader: FrameReader
  readonly #channel: Channel
  #state: SessionState = 'connected'
  #handshake: Handshake | undefined

  /** Value: when it was written. */
  #window: AckWindow<bigint, number> | undefined = undefined
  /** Guids that left the window without OK. */
  #unanswered: Set<bigint> | undefined = undefined
  /** Messages the application has and has not acknowledged: payload bytes by guid. */
  #inbound: Map<bigint, number> | undefined = undefined
  #inboundBytes = 0
  #info: 'unasked' | 'asked' | 'answered' = 'unasked'
  #call: CallState = 'idle'

  // Times in ms of the clock of the owner.
  #nowMs = 0
  /** Bytes arrived, of whatever kind. */
  #heardMs = 0
  /** The last frame that puts the idle end off. */
  #activeMs = 0
  #wroteMs = 0
  /** When the stream last took up writing, or we last took up reading: what waits, waits from then on. */
  #unstuckMs = 0
  #pingedMs = 0
  #pingOut = false
  #pingWaitMs = 0
  #callMs = 0
  #pongedMs = 0

  constructor(context: SessionContext, events: SessionEvents, writer: FrameWriter, options: SessionOptions) {
    this.role = options.role
    this.#context = context
    this.#events = events
    this.#writer = writer
    this.#channel = options.channel
    this.#reader = new FrameReader(context.frames === undefined ? undefined : { limits: context.frames })
    this.#handshake = {
      claimed: options.remotePublicKey,
      challenge: undefined,
      proof: undefined,
      startedMs: 0,
      bytes: 0,
      frames: 0,
      infoRequest: undefined,
    }
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
    return this.#context.limits.windowMessages - (this.#window?.size ?? 0)
  }

  /** Messages written on this connection that nobody has answered for. */
  get unacknowledged(): number {
    return this.#window?.size ?? 0
  }

  /** The application has as much unfinished as allowed: read no more until this is `false`. */
  get wantsPause(): boolean {
    const { inboundMessages, inboundBytes } = this.#context.limits
    return this.#inbound !== undefined && (this.#inbound.size >= inboundMessages || this.#inboundBytes >= inboundBytes)
  }

  /** The stream is open. */
  start(nowMs: number): void {
    const handshake = this.#handshake!
    this.#nowMs = this.#heardMs = handshake.startedMs = nowMs
    this.#move('start')
    if (this.role === 'acceptor') return
    const { localPublicKey: publicKey, clientId, profile } = this.#context
    const { localAddress } = this.#channel
    const sendsAddress = profile.helloAddress && localAddress.length === 16 && localAddress[0] === 3
    const receiver = handshake.claimed!
    const hello: HelloFrame = { type: 'hello', version: 1, publicKey, receiver, clientId }
    this.#put(sendsAddress ? { ...hello, address: localAddress } : hello)
  }

  /** Bytes arrived. Frames are handled, and answered, before this returns. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#state === 'closed') return
    this.#nowMs = this.#heardMs = nowMs
    const writer = this.#writer
    const wasFull = this.#state === 'ready' && this.window === 0
    writer.cork()
    try {
      this.#reader.push(chunk)
      if (this.#handshake !== undefined) this.#handshake.bytes += chunk.length
      this.#readFrames()
    } catch (error) {
      this.#close(toPeerError(error))
    }
    if (this.#isClosed()) return
    writer.uncork()
    if (writer.queuedAnswerBytes > this.#context.limits.queuedBytes) {
      this.#close(
        new PeerError('slow-reader', `${writer.queuedAnswerBytes} bytes of answers wait for a side that does not read`),
      )
    } else if (wasFull && this.window > 0) this.#events.onWritable()
  }

  /** The other side ended its direction: that is the end of the session. */
  endOfStream(): void {
    if (this.#state === 'closed') return
    try {
      this.#reader.end()
      if (this.#handshake !== undefined) throw new PeerError('ended', `the other side closed in state ${this.#state}`)
    } catch (error) {
      this.#close(toPeerError(error))
      return
    }
    this.#close(undefined)
  }

  /** The stream takes bytes again. */
  drained(nowMs: number): void {
    if (this.#state === 'closed') return
    this.#nowMs = this.#unstuckMs = nowMs
    this.#writer.drained()
    if (this.window > 0) this.#events.onWritable()
  }

  /** Reading was paused because of {@link wantsPause} and goes on. */
  resumed(nowMs: number): void {
    this.#unstuckMs = nowMs
  }

  /** The signature asked for by `onSign`: 64 bytes. */
  signed(signature: Uint8Array, nowMs: number): void {
    if (this.#state !== 'signing') return
    this.#nowMs = nowMs
    if (signature.length !== 64) {
      this.#close(new PeerError('signer', `the signer gave ${signature.length} bytes, expected 64`))
      return
    }
    this.#move('signed')
    this.#put({ type: this.role === 'initiator' ? 'challengeAnswer' : 'challengeAnswer2', signature })
  }

  /** @throws {PeerError} `closed` | `window-full` | `duplicate-guid` | `message` */
  send(message: OutgoingMessage, nowMs: number): void {
    this.#demandReady()
    if (this.window <= 0) {
      throw new PeerError('window-full', 'no place for another message: wait for writable')
    }
    const { guid } = message
    this.#window ??= new AckWindow(this.#context.limits.windowMessages)
    if (this.#window.has(guid) || this.#unanswered?.has(guid) === true) {
      throw new PeerError('duplicate-guid', 'this guid was written on this connection and has no OK yet')
    }
    const { replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
    this.#put({ type: 'text', guid, replyTo, sendTimeMs, editTimeMs, messageType, payload })
    this.#wroteMs = nowMs
    this.#window.add(guid, nowMs)
  }

  /** Write OK(guid) for a message that was handed out and is still open; anything else is ignored. */
  acknowledge(guid: bigint): void {
    if (this.#settle(guid)) this.#answer({ type: 'ok', id: guid })
  }

  /** Give up a message without OK. */
  refuse(guid: bigint): void {
    this.#settle(guid)
  }

  /** @throws {PeerError} `closed` */
  requestInfo(sinceSeconds: bigint): void {
    const early = this.#context.profile.infoRequestFrom === 'peerVerified' && this.#state === 'peerVerified'
    if (!early) this.#demandReady()
    if (this.#info !== 'unasked') return
    this.#info = 'asked'
    this.#put({ type: 'infoRequest', timeSeconds: sinceSeconds })
  }

  /** @throws {PeerError} `closed` | `message` */
  sendInfo(info: OutgoingInfo): void {
    this.#demandReady()
    // A profile may be large and whoever asks may not read: it is not worth a queue.
    if (!this.#writer.blocked) this.#put({ ...info, type: 'infoResponse' })
  }

  /** @throws {PeerError} `closed` | `call-state` | `message` */
  sendCall(frame: CallFrame, nowMs: number): void {
    this.#demandReady()
    const next = this.#context.profile.calls ? nextCallState(this.#call, 'send', frame) : undefined
    if (next === undefined) {
      throw new PeerError('call-state', `${frame.type} cannot be sent while the call is ${this.#call}`)
    }
    // Sound that cannot leave now is of no use later.
    if (frame.type === 'callPacket' && this.#writer.blocked) return
    this.#put(frame)
    this.#activeMs = nowMs
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
    const due = this.#handshake === undefined ? this.#readyDeadlineMs() : this.#handshakeDeadlineMs(this.#handshake)
    return due === NEVER ? undefined : due
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.#handshake !== undefined) this.#tickHandshake(this.#handshake)
    else if (this.#state === 'ready') this.#tickReady()
  }

  // --- frames in ---------------------------------------------------------------------------------------------------

  #readFrames(): void {
    const reader = this.#reader
    while (this.#handshake !== undefined && !this.#isClosed()) {
      const code = reader.peekType()
      if (code !== undefined && !isLegalType(this.role, this.#state, code)) throw this.#unexpected(`type ${code}`)
      const frame = reader.next()
      this.#checkBudget(this.#handshake, frame !== undefined)
      if (frame === undefined) return
      this.#handle(frame)
    }
    while (!this.#isClosed()) {
      const frame = reader.next()
      if (frame === undefined) return
      this.#handle(frame)
    }
  }

  #checkBudget(handshake: Handshake, whole: boolean): void {
    const { handshakeBytes, handshakeFrames } = this.#context.limits
    if (whole && ++handshake.frames > handshakeFrames) {
      throw new PeerError('limit', `more than ${handshakeFrames} frames before READY`)
    }
    // What lies behind the frame just read may already belong to READY.
    const readBytes = handshake.bytes - (whole ? this.#reader.bufferedBytes : 0)
    if (readBytes > handshakeBytes) throw new PeerError('limit', `more than ${handshakeBytes} bytes before READY`)
  }

  #handle(frame: PeerFrame): void {
    if (nextState(this.role, this.#state, frame.type) === undefined) throw this.#unexpected(frame.type)
    const { type } = frame
    if (this.#context.profile.pingIsActivity || (type !== 'ping' && type !== 'pong')) this.#activeMs = this.#nowMs
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
      case 'unknown':
        break
    }
  }

  #onHello(hello: HelloFrame): void {
    const { localPublicKey } = this.#context
    if (!sameBytes(hello.receiver, localPublicKey)) throw new PeerError('wrong-receiver', 'HELLO is for somebody else')
    if (sameBytes(hello.publicKey, localPublicKey)) throw new PeerError('self', 'HELLO claims our own identity')
    checkClaim(hello.publicKey)
    this.#checkHelloAddress(hello)
    this.remoteClientId = hello.clientId
    this.#handshake!.claimed = hello.publicKey.slice()
    this.#move('hello')
    this.#challenge('challenge')
  }

  /** An original behind a /64 of somebody else's node names its own address there: it has to be of that /64. */
  #checkHelloAddress({ address }: HelloFrame): void {
    if (address === undefined || !this.#context.profile.helloAddress) return
    const seen = this.#channel.remoteAddress
    const fits = address.length === 16 && seen.length === 16 && sameBytes(address.subarray(1, 8), seen.subarray(1, 8))
    if (!fits) throw new PeerError('address', 'the address in HELLO is not of the network the connection came from')
  }

  #challenge(type: 'challenge' | 'challenge2'): void {
    const handshake = this.#handshake!
    const role = type === 'challenge' ? 2 : 4
    const data = issueChallenge(this.#context, role, handshake.claimed!, this.#channel)
    handshake.challenge = data
    this.#context.issued.add(data)
    this.#put({ type, data })
  }

  #onChallenge(type: 'challenge' | 'challenge2', data: Uint8Array): void {
    const verifier = this.#handshake!.claimed!
    const refusal = this.#events.onProve(verifier)
    if (refusal !== undefined) throw refusal
    const challenge = data.slice()
    const role = type === 'challenge' ? 2 : 4
    const { localAddress, remoteAddress } = this.#channel
    const bound = checkChallenge(this.#context, role, challenge, verifier, this.#channel)
    this.channelBound = bound && localAddress.length > 0 && remoteAddress.length > 0
    this.#move(type)
    this.#events.onSign(challenge)
  }

  #onAnswer(type: 'challengeAnswer' | 'challengeAnswer2', signature: Uint8Array): void {
    const handshake = this.#handshake!
    const challenge = handshake.challenge!
    handshake.challenge = undefined
    this.#context.issued.delete(challenge)
    handshake.proof = proveIdentity(handshake.claimed!, challenge, signature, this.#context)
    this.#put({ type: 'ok', id: 0n })
    this.#move(type)
  }

  #onOk(id: bigint): void {
    if (this.#state !== 'ready') {
      if (id !== 0n) throw this.#unexpected('an OK for a message')
      this.#move('ok')
      if (this.role === 'initiator') this.#challenge('challenge2')
      return
    }
    if (this.#window?.take(id) !== undefined || this.#unanswered?.delete(id) === true) this.#events.onAcknowledged(id)
  }

  #onText(message: TextFrame): void {
    this.#inbound ??= new Map()
    // A sender that repeats what we are still at gets one OK for both.
    if (this.#inbound.has(message.guid)) return
    this.#inbound.set(message.guid, message.payload.length)
    this.#inboundBytes += message.payload.length
    this.#events.onMessage(message)
  }

  #onInfoRequest(sinceSeconds: bigint): void {
    if (this.#handshake === undefined) this.#events.onInfoRequest(sinceSeconds)
    else this.#handshake.infoRequest = sinceSeconds
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
    if (!this.#pingOut) return
    this.#pingOut = false
    this.#pongedMs = this.#nowMs
    const window = this.#window
    if (window === undefined) return
    // What was written so long before the PING and has no OK now will get none: the other side is alive and silent.
    const writtenBeforeMs = this.#pingedMs - this.#context.timers.answerMs
    for (let guid = window.oldestId; guid !== undefined; guid = window.oldestId) {
      if (Math.max(window.oldest!, this.#unstuckMs) > writtenBeforeMs) return
      window.take(guid)
      this.#remember(guid)
      this.#events.onUnanswered(guid)
    }
  }

  /** A late OK for it still counts. */
  #remember(guid: bigint): void {
    this.#unanswered ??= new Set()
    const unanswered = this.#unanswered
    if (unanswered.size >= this.#context.limits.unansweredMessages) {
      for (const first of unanswered) {
        unanswered.delete(first)
        break
      }
    }
    unanswered.add(guid)
  }

  // --- frames out --------------------------------------------------------------------------------------------------

  /** Something the other side causes, and could cause without end. */
  #answer(frame: PeerFrame): void {
    const writer = this.#writer
    const { generation } = this.#context
    const at = writer.reserveAnswer(frameByteLength(frame, generation))
    encodeFrameInto(frame, generation, writer.bytes, at)
    writer.commit()
  }

  #put(frame: PeerFrame): void {
    const { generation, frames } = this.#context
    const writer = this.#writer
    try {
      if (frame.type === 'text' && frame.payload.length >= REFERENCE_BYTES) {
        writer.reference(encodeTextHead(frame, generation, frames))
        writer.reference(frame.payload)
      } else if (frame.type === 'infoResponse') {
        writer.reference(encodeFrame(frame, generation, frames))
      } else {
        const byteLength = frameByteLength(frame, generation, frames)
        const at = writer.reserve(byteLength)
        encodeFrameInto(frame, generation, writer.bytes, at, frames)
      }
    } catch (error) {
      throw new PeerError('message', `cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
    writer.commit()
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
    this.#activeMs = this.#nowMs
    this.#drawPingWait()
    this.#events.onReady(proof)
    if (infoRequest !== undefined && this.#state === 'ready') this.#events.onInfoRequest(infoRequest)
  }

  #moveCall(next: CallState, nowMs: number): void {
    if (next === this.#call) return
    const wasIdle = this.#call === 'idle'
    this.#call = next
    this.#callMs = nowMs
    if (wasIdle || next === 'idle') this.#drawPingWait()
  }

  #settle(guid: bigint): boolean {
    const byteLength = this.#inbound?.get(guid)
    if (byteLength === undefined || this.#state !== 'ready') return false
    this.#inbound!.delete(guid)
    this.#inboundBytes -= byteLength
    return true
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #demandReady(): void {
    if (this.#state !== 'ready') throw new PeerError('closed', `the session is ${this.#state}, not ready`)
  }

  #unexpected(what: string): PeerError {
    return new PeerError('unexpected-type', `${what} is not legal in state ${this.#state} of the ${this.role}`)
  }

  #close(error: PeerError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const challenge = this.#handshake?.challenge
    if (challenge !== undefined) this.#context.issued.delete(challenge)
    this.#handshake = undefined
    this.#window = undefined
    this.#unanswered = undefined
    this.#inbound = undefined
    this.#call = 'idle'
    this.#events.onClosed(error)
  }

  // --- time --------------------------------------------------------------------------------------------------------

  #handshakeDeadlineMs({ startedMs }: Handshake): number {
    const { authMs, helloMs } = this.#context.timers
    if (this.#state === 'connected') return NEVER
    return startedMs + (this.#state === 'helloSent' ? Math.min(helloMs, authMs) : authMs)
  }

  #tickHandshake(handshake: Handshake): void {
    if (this.#nowMs < this.#handshakeDeadlineMs(handshake)) return
    const afterMs = this.#nowMs - handshake.startedMs
    this.#close(
      new PeerError('timeout', `the handshake was still in state ${this.#state} after ${Math.round(afterMs)} ms`),
    )
  }

  #readyDeadlineMs(): number {
    if (this.#state !== 'ready') return NEVER
    return Math.min(this.#idleDueMs(), this.#silenceDueMs(), this.#pingDueMs(), this.#callDueMs())
  }

  /** Nothing is outstanding and nothing happens: an orderly end. */
  #idleDueMs(): number {
    if (this.#call !== 'idle' || (this.unacknowledged > 0 && !this.wantsPause)) return NEVER
    return this.#activeMs + this.#context.timers.idleMs
  }

  /** From here on the other side counts as dead. */
  #silenceDueMs(): number {
    const { stallMs, pongMs, answerMs } = this.#context.timers
    if (this.#writer.blocked) return Math.max(this.#heardMs, this.#wroteMs) + stallMs
    if (this.wantsPause) return NEVER
    const sinceMs = Math.max(this.#heardMs, this.#unstuckMs)
    if (this.#pingOut) return Math.max(this.#pingedMs, sinceMs) + pongMs
    const oldestMs = this.#window?.oldest
    if (this.#context.profile.pong || oldestMs === undefined) return NEVER
    return Math.max(oldestMs, sinceMs) + answerMs
  }

  #pingDueMs(): number {
    if (!this.#context.profile.pong || this.#pingOut || this.#writer.blocked || this.wantsPause) return NEVER
    const quietMs = this.#call === 'idle' ? this.#heardMs : this.#callMs
    const regularMs = Math.max(this.#pingedMs, quietMs) + this.#pingWaitMs
    const oldestMs = this.#window?.oldest
    if (oldestMs === undefined) return regularMs
    return Math.min(regularMs, Math.max(oldestMs, this.#unstuckMs) + this.#context.timers.answerMs)
  }

  #callDueMs(): number {
    const { ringMs, callSilenceMs } = this.#context.timers
    switch (this.#call) {
      case 'idle':
        return NEVER
      case 'calling':
      case 'receiving':
        return this.#callMs + ringMs
      case 'inCall':
        return Math.max(this.#callMs, this.#pongedMs, this.#activeMs) + callSilenceMs
    }
  }

  #tickReady(): void {
    const nowMs = this.#nowMs
    if (nowMs >= this.#silenceDueMs()) {
      const quietMs = Math.round(nowMs - this.#heardMs)
      this.#close(new PeerError('timeout', `the other side was silent for ${quietMs} ms and something is owed`))
      return
    }
    if (nowMs >= this.#callDueMs()) {
      this.#endCall()
      if (this.#isClosed()) return
    }
    if (nowMs >= this.#pingDueMs()) this.#ping()
    if (nowMs >= this.#idleDueMs()) this.#close(undefined)
  }

  #endCall(): void {
    if (this.#call === 'inCall') {
      this.#close(new PeerError('timeout', 'no sign of life from the other side of the call'))
      return
    }
    this.#put({ type: 'callHang' })
    this.#moveCall('idle', this.#nowMs)
    this.#events.onCall({ type: 'callHang' })
  }

  #ping(): void {
    this.#pingOut = true
    this.#pingedMs = this.#nowMs
    this.#drawPingWait()
    this.#put({ type: 'ping' })
  }

  #drawPingWait(): void {
    if (!this.#context.profile.pong) return
    const { pingMs, pingJitterMs, callPingMs, callPingJitterMs } = this.#context.timers
    const [aroundMs, jitterMs] = this.#call === 'idle' ? [pingMs, pingJitterMs] : [callPingMs, callPingJitterMs]
    const [high = 0, low = 0] = this.#context.random(2)
    this.#pingWaitMs = aroundMs + (((high << 8) | low) / 0xffff - 0.5) * 2 * jitterMs
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
