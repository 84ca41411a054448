// The adapter between a session and its stream. It moves things and decides nothing: what happens is the session's
// business, who may connect and what becomes of connections is the host's.
import type { Signer } from '@mimirjs/crypto'
import type { ByteStream, Clock, Logger, StreamHandlers, TransportError } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import type { InfoResponseFrame, TextFrame } from '@mimirjs/wire/peer'
import type { DeadlineWheel, Waiting } from './deadline-wheel.js'
import { NOT_WAITING } from './deadline-wheel.js'
import { isPeerError, PeerError } from './error.js'
import { FrameWriter } from './frames/frame-writer.js'
import type { ProvenIdentity } from './identity.js'
import { addressGroup, channelAddress } from './remote-address.js'
import { Session, type SessionEvents } from './session.js'
import type { SessionContext } from './session-context.js'
import type { CallFrame, Connection, ConnectionHandlers, OutgoingInfo, OutgoingMessage, Role } from './types.js'

/** What a connection needs from the peer it belongs to. */
export interface ConnectionHost {
  readonly context: SessionContext
  readonly clock: Clock
  readonly wheel: DeadlineWheel
  readonly signer: Signer
  readonly logger: Logger | undefined
  /** May we sign for this identity, and so often? */
  mayProve(connection: PeerConnection, remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined
  /** The connection is READY; the handlers are those of the application. */
  ready(connection: PeerConnection): ConnectionHandlers
  /** Nothing is on its way without OK any more. */
  quiet(): void
  /** The session is over, READY or not. */
  over(connection: PeerConnection, error: PeerError | undefined): void
  /** The stream is gone too. */
  gone(connection: PeerConnection): void
}

const NO_KEY: Uint8Array = new Uint8Array(0)

/** A connection from its stream to its end; the application sees it, as {@link Connection}, from READY on. */
export class PeerConnection implements Connection, SessionEvents, Waiting {
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
  #handlers: ConnectionHandlers | undefined = undefined
  #paused = false
  #streamClosed = false
  /** Our end of the stream is closed; when the other side has to have closed its own. */
  #lingerUntilMs: number | undefined = undefined

  /** @param remotePublicKey - the wanted identity; makes this side the initiator */
  constructor(host: ConnectionHost, id: number, stream: ByteStream, remotePublicKey?: Uint8Array) {
    this.id = id
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
    this.#session.start()
    this.#moved()
    // Behind the microtask in which HELLO leaves: then there is nothing to do until the answer comes.
    queueMicrotask(() => this.#guard(() => this.#host.context.spare.prepare(this.#host.context)))
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

  send(message: OutgoingMessage): void {
    this.#session.send(message, this.#host.clock.nowMs())
    this.#moved()
  }

  acknowledge(guid: bigint): void {
    this.#session.acknowledge(guid)
    this.#moved()
  }

  refuse(guid: bigint): void {
    this.#session.refuse(guid)
    this.#moved()
  }

  requestInfo(sinceSeconds: bigint): void {
    this.#session.requestInfo(sinceSeconds)
  }

  sendInfo(info: OutgoingInfo): void {
    this.#session.sendInfo(info)
  }

  sendCall(frame: CallFrame): void {
    this.#session.sendCall(frame, this.#host.clock.nowMs())
    this.#moved()
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
    return this.#lingerUntilMs ?? this.#session.nextDeadlineMs
  }

  tick(nowMs: number): void {
    if (this.#lingerUntilMs !== undefined) {
      this.#lingerUntilMs = undefined
      this.#stream.abort()
    } else this.#guard(() => this.#session.tick(nowMs))
  }

  // --- the stream --------------------------------------------------------------------------------------------------

  /** @internal */
  data(chunk: Uint8Array): void {
    try {
      this.#session.receive(chunk, this.#host.clock.nowMs())
    } catch (error) {
      this.#broken(error)
    }
    this.#moved()
  }

  /** @internal */
  end(): void {
    this.#session.endOfStream()
  }

  /** @internal */
  drain(): void {
    this.#guard(() => this.#session.drained(this.#host.clock.nowMs()))
    this.#moved()
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
            this.#moved()
          },
          (cause) => this.#signerFailed(cause),
        )
      }
    } catch (cause) {
      this.#signerFailed(cause)
    }
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

  onClosed(error: PeerError | undefined): void {
    this.error = error
    this.#endStream(error)
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

  #call(name: string, call: (handlers: ConnectionHandlers) => unknown): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    try {
      const result = call(handlers)
      // An async function passes for a callback without result; its failure must not be lost.
      if (result instanceof Promise) result.catch((cause) => this.#handlerFailed(name, cause))
    } catch (cause) {
      this.#handlerFailed(name, cause)
    }
  }

  #handlerFailed(name: string, cause: unknown): void {
    const fields = { peer: this.id, handler: name, error: cause }
    this.#host.logger?.error(fields, 'a handler failed; the connection closes')
    this.fail(new PeerError('handler', `${name} failed`, { cause }))
  }

  #signerFailed(cause: unknown): void {
    this.fail(isPeerError(cause) ? cause : new PeerError('signer', 'the signer failed', { cause }))
  }

  /** Nothing that comes from the network may end the process, not even by way of a fault of ours. */
  #broken(cause: unknown): void {
    this.#host.logger?.error({ peer: this.id, error: cause }, 'fault in the session; the connection closes')
    this.fail(new PeerError('internal', 'fault in the session', { cause }))
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#broken(error)
    }
  }

  /** The session may have other wishes than before. */
  #moved(): void {
    if (this.#streamClosed) return
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
