// The adapter between a session and its stream. It moves things and decides nothing: what happens is the session's
// business, who may connect and what becomes of connections is the host's.
import type { ByteStream, StreamHandlers, TransportError } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import {
  type ContactRequestFrame,
  type DataHeader,
  type InfoResponseFrame,
  StreamRole,
  type TextFrame,
} from '@mimirjs/wire/peer'
import type { CallState } from './call-table.js'
import type { ConnectionHost, DialTarget } from './connection-host.js'
import { ConnectionLane, type LaneOwner, openerFor } from './connection-lane.js'
import { DataLane } from './data/data-lane.js'
import type { Destination } from './data/data-routes.js'
import type { Closable } from './data/lane-stream.js'
import type { DataRole } from './data/stream-opener.js'
import { NOT_WAITING, type Waiting } from './deadline-wheel.js'
import { isPeerError, PeerError } from './error.js'
import { FrameWriter } from './frames/frame-writer.js'
import type { ProvenIdentity } from './identity.js'
import { Probes } from './probes.js'
import { addressGroup, channelAddress, networkOf } from './remote-address.js'
import { Session } from './session.js'
import type { SessionEvents } from './session-events.js'
import type {
  CallFrame,
  Connection,
  ConnectionHandlers,
  DataSink,
  IncomingFileRequest,
  OutgoingContactRequest,
  OutgoingData,
  OutgoingFileRequest,
  OutgoingInfo,
  OutgoingMessage,
  Role,
} from './types.js'

const NO_KEY: Uint8Array = new Uint8Array(0)

/** A connection from its stream to its end; the application sees it, as {@link Connection}, from READY on. */
export class PeerConnection
  implements Connection, SessionEvents, Waiting, LaneOwner, Closable, Destination<{ readonly stream: ByteStream }>
{
  readonly id: number
  wheelTick: number = NOT_WAITING
  remotePublicKey: Uint8Array = NO_KEY
  handshakeMs = 0
  /** The error it ended with. */
  error: PeerError | undefined = undefined
  readonly #host: ConnectionHost
  readonly #stream: ByteStream
  readonly #writer: FrameWriter
  readonly #session: Session
  readonly #startedMs: number
  /** Where we dialled it. */
  readonly #address: string | undefined
  /** What data streams of this connection show, where the network proves no node keys. */
  #token: Uint8Array | undefined = undefined
  /** Made when there is a data stream to speak of. */
  #lane: DataLane | undefined = undefined
  #probes: Probes | undefined = undefined
  #handlers: ConnectionHandlers | undefined = undefined
  #paused = false
  #streamClosed = false
  /** Our end of the stream is closed; when the other side has to have closed its own. */
  #lingerUntilMs: number | undefined = undefined

  constructor(host: ConnectionHost, id: number, stream: ByteStream, target?: DialTarget) {
    const remotePublicKey = target?.remotePublicKey
    this.id = id
    this.#address = target?.address
    this.#host = host
    this.#stream = stream
    this.#startedMs = host.clock.nowMs()
    this.#writer = new FrameWriter(stream, host.context.profile.coalesce)
    this.#session = new Session(host.context, this, this.#writer, {
      role: remotePublicKey === undefined ? 'acceptor' : 'initiator',
      nowMs: this.#startedMs,
      channel: {
        localAddress: channelAddress(stream.localAddress),
        remoteAddress: channelAddress(stream.remoteAddress, stream.remotePublicKey),
      },
      ...(remotePublicKey !== undefined && { remotePublicKey }),
    })
  }

  /** Attach to the stream and begin the handshake. */
  start(): void {
    this.#stream.start(new StreamSide(this))
    if (this.role === 'initiator' && this.#host.context.profile.streams === 'roles') this.#writeRole()
    this.#session.start()
    this.moved()
    // Behind the microtask in which HELLO leaves: then there is nothing to do until the answer comes.
    queueMicrotask(() => this.#guard(() => this.#host.context.spare.prepare(this.#host.context)))
  }

  /** What this stream is for. It leaves together with HELLO. */
  #writeRole(): void {
    const at = this.#writer.reserve(1)
    this.#writer.bytes[at] = StreamRole.control
    this.#writer.commit()
  }

  get role(): Role {
    return this.#session.role
  }

  get generation(): Generation {
    return this.#host.context.generation
  }

  get remoteAddress(): string {
    return this.#stream.remoteAddress
  }

  get addressGroup(): string {
    return addressGroup(this.#stream.remoteAddress)
  }

  get network(): string {
    return networkOf(this.#stream.remoteAddress)
  }

  get remoteClientId(): number | undefined {
    return this.#session.remoteClientId
  }

  get channelBound(): boolean {
    return this.#session.channelBound
  }

  get isReady(): boolean {
    return this.#session.state === 'ready'
  }

  get closed(): boolean {
    return this.#session.state === 'closed'
  }

  get window(): number {
    return this.#session.window
  }

  get unacknowledged(): number {
    return this.#session.unacknowledged
  }

  get extended(): boolean {
    return this.#session.extended
  }

  get callState(): CallState {
    return this.#session.callState
  }

  windowFor(payloadBytes: number): number {
    return this.#session.takesDataStream(payloadBytes) ? this.#session.dataWindow : this.window
  }

  sendData(message: OutgoingData): void {
    const header = this.#session.beginData(message)
    this.#dataLane.sendData(header, message)
  }

  sendContactRequest(request: OutgoingContactRequest): void {
    this.#session.sendContactRequest(request)
  }

  sendContactResponse(accepted: boolean): void {
    this.#session.sendContactResponse(accepted)
  }

  requestFile(request: OutgoingFileRequest): void {
    this.#session.requestFile(request)
  }

  async probe(): Promise<void> {
    this.#session.probe(this.#host.clock.nowMs())
    this.moved()
    this.#probes ??= new Probes()
    return this.#probes.wait()
  }

  send(message: OutgoingMessage): void {
    const dataBytes = message.payload.length
    if (this.#session.takesDataStream(dataBytes)) {
      const header = this.#session.beginData({ ...message, dataBytes })
      this.#dataLane.send(header, message)
    } else {
      this.#session.send(message, this.#host.clock.nowMs())
      this.moved()
    }
  }

  acknowledge(guid: bigint): void {
    this.#session.acknowledge(guid)
    this.moved()
  }

  refuse(guid: bigint): void {
    this.#session.refuse(guid)
    this.moved()
  }

  requestInfo(sinceSeconds: bigint): void {
    this.#session.requestInfo(sinceSeconds)
  }

  sendInfo(info: OutgoingInfo): void {
    this.#session.sendInfo(info)
  }

  sendCall(frame: CallFrame): boolean {
    const isWritten = this.#session.sendCall(frame, this.#host.clock.nowMs())
    this.moved()
    return isWritten
  }

  close(): void {
    this.#session.close()
  }

  abort(): void {
    this.fail(new PeerError('aborted', 'the connection was cut by its owner'))
    if (!this.#streamClosed) this.#stream.abort()
  }

  /** End the session with an error. */
  fail(error: PeerError): void {
    this.#session.fail(error)
  }

  // --- time --------------------------------------------------------------------------------------------------------

  get nextDeadlineMs(): number | undefined {
    const ownMs = this.#lingerUntilMs ?? this.#session.nextDeadlineMs
    const laneMs = this.#lane?.nextDeadlineMs
    return ownMs === undefined || laneMs === undefined ? (ownMs ?? laneMs) : Math.min(ownMs, laneMs)
  }

  tick(nowMs: number): void {
    if (this.#lingerUntilMs !== undefined) {
      this.#lingerUntilMs = undefined
      this.#stream.abort()
      return
    }
    this.#guard(() => this.#session.tick(nowMs))
    this.#guard(() => this.#lane?.tick(nowMs))
  }

  // --- data streams ------------------------------------------------------------------------------------------------

  get isFreeForData(): boolean {
    return this.#lane?.isFree !== false
  }

  takeData(role: DataRole, { stream }: { readonly stream: ByteStream }): void {
    this.#guard(() => {
      if (role === 'read') this.#dataLane.attach(stream)
      else if (!this.#dataLane.arrived(stream)) stream.abort()
    })
  }

  /** An OK came on another connection of the identity. @returns whether it was owed here */
  acknowledgedElsewhere(guid: bigint): boolean {
    const isOurs = this.#session.acknowledgedElsewhere(guid)
    if (isOurs) this.moved()
    return isOurs
  }

  get #dataLane(): DataLane {
    if (this.#lane === undefined) {
      const opener = openerFor(this.#stream, this.#address, this.#token, this.#session, this.#host)
      this.#lane = new DataLane(new ConnectionLane(this, this.#session, this.#host, opener))
    }
    return this.#lane
  }

  // --- the stream --------------------------------------------------------------------------------------------------

  /** @internal */
  data(chunk: Uint8Array): void {
    try {
      this.#session.receive(chunk, this.#host.clock.nowMs())
    } catch (error) {
      this.broken(error)
    }
    this.moved()
  }

  /** @internal */
  end(): void {
    this.#session.endOfStream()
  }

  /** @internal */
  drain(): void {
    this.#guard(() => this.#session.drained(this.#host.clock.nowMs()))
    this.moved()
  }

  /** @internal */
  streamClosed(cause: TransportError | undefined): void {
    this.#streamClosed = true
    this.#lingerUntilMs = undefined
    this.#host.wheel.remove(this)
    if (!this.closed) {
      const message = cause === undefined ? 'the stream closed' : `the stream failed: ${cause.message}`
      this.#session.fail(new PeerError('transport', message, { cause }))
    }
    this.#lane?.cut()
    this.#host.gone(this)
  }

  // --- the session -------------------------------------------------------------------------------------------------

  onProve(remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined {
    return this.#host.mayProve(this, remotePublicKey, isBound)
  }

  onSign(challenge: Uint8Array): void {
    try {
      const signature = this.#host.signer.sign(challenge)
      if (signature instanceof Uint8Array) this.#session.signed(signature, this.#host.clock.nowMs())
      else {
        signature.then(
          (bytes) => {
            this.#guard(() => this.#session.signed(bytes, this.#host.clock.nowMs()))
            this.moved()
          },
          (cause) => this.#signerFailed(cause),
        )
      }
    } catch (cause) {
      this.#signerFailed(cause)
    }
  }

  onToken(token: Uint8Array): void {
    if (this.#stream.remotePublicKey !== undefined) return
    this.#token = token
    this.#host.expectData(this, token)
  }

  onReady(identity: ProvenIdentity): void {
    this.remotePublicKey = identity.publicKey
    this.handshakeMs = this.#host.clock.nowMs() - this.#startedMs
    try {
      this.#handlers = this.#host.ready(this)
    } catch (cause) {
      this.#handlerFailed('onConnection', cause)
    }
  }

  onMessage(message: TextFrame): void {
    this.#call('message', (handlers) => handlers.message(message))
  }

  onLarge(header: DataHeader): boolean {
    let isWanted = true
    this.run('large', () => {
      isWanted = this.#handlers?.large?.(header) !== false
    })
    return isWanted && !this.closed
  }

  onFile(header: DataHeader): DataSink | undefined {
    let sink: DataSink | undefined
    this.run('file', () => {
      sink = this.#handlers?.file?.(header)
      if (sink !== undefined && typeof sink.write !== 'function') throw new TypeError('file() gave no sink')
    })
    return this.closed ? undefined : sink
  }

  onStrayOk(guid: bigint): void {
    this.#host.strayOk(this, guid)
  }

  onDataSettled(isDelivered: boolean): void {
    this.#lane?.settled(isDelivered)
  }

  onAcknowledged(guid: bigint): void {
    this.#call('acknowledged', (handlers) => handlers.acknowledged(guid))
    if (this.unacknowledged === 0) this.#host.quiet()
  }

  onUnanswered(guid: bigint): void {
    this.#call('unanswered', (handlers) => handlers.unanswered?.(guid))
    if (this.unacknowledged === 0) this.#host.quiet()
  }

  onWritable(): void {
    this.#call('writable', (handlers) => handlers.writable?.())
  }

  onInfoRequest(sinceSeconds: bigint): void {
    this.#call('infoRequest', (handlers) => handlers.infoRequest?.(sinceSeconds))
  }

  onInfo(info: InfoResponseFrame): void {
    this.#call('info', (handlers) => handlers.info?.(info))
  }

  onCall(frame: CallFrame): void {
    this.#call('call', (handlers) => handlers.call?.(frame))
  }

  onContactRequest(request: ContactRequestFrame): void {
    this.#call('contactRequest', (handlers) => handlers.contactRequest?.(request))
  }

  onContactResponse(accepted: boolean): void {
    this.#call('contactResponse', (handlers) => handlers.contactResponse?.(accepted))
  }

  onFileRequest(request: IncomingFileRequest): void {
    this.#call('fileRequest', (handlers) => handlers.fileRequest?.(request))
  }

  /** Only where we dialled and the network proves no node keys: else the other side opens its streams itself. */
  onStreamWanted(): void {
    if (this.#address !== undefined && this.#token !== undefined) this.#dataLane.wanted()
  }

  onPong(): void {
    this.#probes?.settle()
  }

  onClosed(error: PeerError | undefined): void {
    this.error = error
    this.#endStream(error)
    const reason = error ?? new PeerError('closed', 'the connection ended')
    this.#lane?.close(reason)
    if (error !== undefined || this.#streamClosed) this.#lane?.cut()
    this.#probes?.settle(reason)
    this.#host.over(this, error)
    this.#call('closed', (handlers) => handlers.closed(error))
    this.#handlers = undefined
  }

  /** In order, if the session ended so; else at once. */
  #endStream(error: PeerError | undefined): void {
    if (this.#streamClosed) {
      this.#writer.discard()
      return
    }
    if (error !== undefined) {
      this.#writer.discard()
      this.#stream.abort(error)
      return
    }
    this.#writer.finish()
    this.#stream.end()
    if (this.#paused) this.#stream.resume()
    this.#lingerUntilMs = this.#host.clock.nowMs() + this.#host.context.timers.lingerMs
    this.#host.wheel.update(this)
  }

  // --- the application ---------------------------------------------------------------------------------------------

  run(name: string, work: () => unknown): void {
    try {
      const result = work()
      // An async function passes for a callback without result; its failure must not be lost.
      if (result instanceof Promise) result.catch((cause) => this.#handlerFailed(name, cause))
    } catch (cause) {
      this.#handlerFailed(name, cause)
    }
  }

  #call(name: string, call: (handlers: ConnectionHandlers) => unknown): void {
    const handlers = this.#handlers
    if (handlers !== undefined) this.run(name, () => call(handlers))
  }

  #handlerFailed(name: string, cause: unknown): void {
    const fields = { connection: this.id, handler: name, err: cause }
    this.#host.logger?.error(fields, 'a handler failed; the connection closes')
    this.fail(new PeerError('handler', `${name} failed`, { cause }))
  }

  #signerFailed(cause: unknown): void {
    this.fail(isPeerError(cause) ? cause : new PeerError('signer', 'the signer failed', { cause }))
  }

  /** Nothing that comes from the network may end the process, not even by way of a fault of ours. */
  broken(cause: unknown): void {
    this.#host.logger?.error({ connection: this.id, err: cause }, 'fault in the session; the connection closes')
    this.fail(new PeerError('internal', 'fault in the session', { cause }))
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.broken(error)
    }
  }

  /** The session may have other wishes than before. */
  moved(): void {
    if (this.#streamClosed) return
    this.#lane?.moved()
    if (this.#session.isPaused !== this.#paused && !this.closed) {
      this.#paused = !this.#paused
      if (this.#paused) this.#stream.pause()
      else {
        this.#session.resumed(this.#host.clock.nowMs())
        this.#stream.resume()
      }
    }
    this.#host.wheel.update(this)
  }
}

/** What the stream calls; apart from the connection, where `closed` means something else. */
class StreamSide implements StreamHandlers {
  readonly #connection: PeerConnection

  constructor(connection: PeerConnection) {
    this.#connection = connection
  }

  data(chunk: Uint8Array): void {
    this.#connection.data(chunk)
  }

  end(): void {
    this.#connection.end()
  }

  drain(): void {
    this.#connection.drain()
  }

  closed(error?: TransportError): void {
    this.#connection.streamClosed(error)
  }
}
