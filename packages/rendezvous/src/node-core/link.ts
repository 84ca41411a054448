import { type ByteStream, Emitter, type MessageSocket, MessageStream } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { MAX_CHANNEL_FRAME_BYTES } from '@mimirjs/wire/rendezvous'
import type { Attempt, CloseCode, Role } from '../machine/index.js'
import { LowWatch } from '../rtc/low-watch.js'
import { type StreamEnds, streamOptions } from '../rtc/stream-channel.js'
import { formatRendezvousAddress } from './address.js'
import type { OwnConnection } from './connections.js'
import { type Deferred, deferred } from './deferred.js'
import type { NodeEngine } from './engine.js'
import { closedError } from './failure.js'
import type { RendezvousLinkCounters, RendezvousLinkEvents, SharedProfile } from './types.js'

/**
 * Two people who have met: a connection whose ends have proved who they are, with messages on it (rendezvous protocol
 * B12), and the streams of {@link RendezvousNode.streams}.
 */
export class RendezvousLink {
  readonly #engine: NodeEngine
  readonly #attempt: Attempt
  readonly #connection: OwnConnection
  readonly #emitter: Emitter<RendezvousLinkEvents>
  readonly #ends: StreamEnds
  /** The bytes of the channel itself. */
  readonly #stream: MessageStream
  #sentBytes = 0
  #receivedBytes = 0
  /** Used by more than streams that come and go. */
  #isKept = false
  #cancelIdle: (() => void) | undefined
  #isOver = false
  /** Messages that wait for their acknowledgement, by id in hex. */
  readonly #unacked = new Map<string, Deferred<void>>()

  /** @internal */
  constructor(engine: NodeEngine, attempt: Attempt, connection: OwnConnection) {
    this.#engine = engine
    this.#attempt = attempt
    this.#connection = connection
    this.#emitter = new Emitter((error) => engine.report(error))
    this.#ends = {
      remoteAddress: formatRendezvousAddress(attempt.peer),
      localAddress: formatRendezvousAddress(engine.signer.publicKey),
      remotePublicKey: attempt.peer,
    }
    this.#stream = this.#ownStream()
  }

  /** Of the other side, proved: Ed25519, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#attempt.peer
  }

  /** `rdv://` and the key of the other side. */
  get address(): string {
    return this.#ends.remoteAddress
  }

  /** Whether it was we who knocked: the offerer. */
  get role(): Role {
    return this.#attempt.role
  }

  /** 16 bytes that name this meeting on both sides. */
  get sid(): Uint8Array {
    return this.#attempt.sid
  }

  /** `closed` is for good. */
  get state(): 'open' | 'closed' {
    return this.#attempt.state === 'open' ? 'open' : 'closed'
  }

  /** Whether it has lost its path and looks for another: what is sent meanwhile arrives later, or the link is lost. */
  get isRestarting(): boolean {
    return this.#attempt.isRestarting
  }

  /** Why it is over. */
  get closeCode(): CloseCode | undefined {
    return this.#attempt.closeCode
  }

  /** What the other side, or WebRTC, said about it. */
  get closeDetail(): string | undefined {
    return this.#attempt.closeDetail
  }

  /** The figures of now. */
  get counters(): RendezvousLinkCounters {
    const { streams } = this.#connection
    return {
      streams: streams.size,
      sentBytes: streams.sentBytes + this.#sentBytes,
      receivedBytes: streams.receivedBytes + this.#receivedBytes,
    }
  }

  /**
   * The bytes of the channel itself, one stream for as long as the link is open: for whoever talks with another
   * implementation, which knows of no other streams. The link ends when the stream does.
   */
  get stream(): ByteStream {
    this.#keep()
    return this.#stream
  }

  /**
   * Send a message of 1 to 8192 characters. Resolves when the other side has it.
   * @throws {RendezvousError} `too-large` | `limit` | `closed` | why the link ended before
   */
  async sendChat(text: string): Promise<void> {
    const { machine } = this.#engine
    const id = this.#engine.run((nowMs) => machine.sendChat(this.#attempt, text, nowMs))
    const waiter = deferred<void>()
    this.#unacked.set(toHex(id), waiter)
    this.#keep()
    return await waiter.promise
  }

  /** Show something of oneself: it takes the place of what was shown before. @throws {RendezvousError} `too-large` | `closed` */
  sendShared(shared: SharedProfile): void {
    this.#engine.run(() => this.#engine.machine.sendShared(this.#attempt, shared))
  }

  /** Listen to what happens. @returns a function that takes the listener off again */
  on<Name extends keyof RendezvousLinkEvents>(
    name: Name,
    listener: (event: RendezvousLinkEvents[Name]) => void,
  ): () => void {
    if (name === 'chat') this.#keep()
    return this.#emitter.on(name, listener)
  }

  /** Take a listener off. */
  off<Name extends keyof RendezvousLinkEvents>(
    name: Name,
    listener: (event: RendezvousLinkEvents[Name]) => void,
  ): void {
    this.#emitter.off(name, listener)
  }

  /** End it; the other side is told. */
  close(): void {
    this.#engine.run((nowMs) => this.#engine.machine.close(this.#attempt, nowMs))
  }

  /** @internal Open a further stream. @throws {TransportError} as `LinkStreams.open` */
  openStream(signal: AbortSignal): Promise<ByteStream> {
    return this.#connection.streams.open(signal)
  }

  /** @internal Now it may be used. */
  opened(): void {
    if (this.state === 'closed') return
    this.#connection.streams.linkOpened({ ends: this.#ends, taker: () => this.#engine.takeStream })
  }

  /** @internal */
  closed(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelIdle?.()
    const error = closedError(this.#attempt, 'the link ended')
    for (const waiter of this.#unacked.values()) waiter.reject(error)
    this.#unacked.clear()
    this.#connection.streams.linkClosed(error)
    this.#stream.socketClosed(error)
    const { closeCode: code = 'closed', closeDetail: detail } = this.#attempt
    this.#emitter.emit('closed', { code, detail })
  }

  /** @internal Binary data of the channel itself. */
  received(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length
    if (bytes.length <= MAX_CHANNEL_FRAME_BYTES) this.#stream.received(bytes)
    else this.#stream.violated(`a message above ${MAX_CHANNEL_FRAME_BYTES} bytes`)
  }

  /** @internal */
  granted(totalBytes: number): void {
    this.#stream.allowed(totalBytes)
  }

  /** @internal */
  acked(id: string): void {
    this.#unacked.get(id)?.resolve()
    this.#unacked.delete(id)
  }

  /** @internal */
  emit<Name extends keyof RendezvousLinkEvents>(name: Name, event: RendezvousLinkEvents[Name]): void {
    this.#engine.later(() => this.#emitter.emit(name, event))
  }

  /**
   * @internal A link that is used for streams alone ends some time after the last of them. The offerer does not wait as
   * long, so that it is not both.
   */
  streamsChanged(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    if (this.#connection.streams.size > 0 || this.#isKept || this.state === 'closed') return
    const { clock, limits } = this.#engine.settings
    const idleMs = limits.idleLinkMs * (this.role === 'offerer' ? 1 : 2)
    this.#cancelIdle = clock.schedule(() => this.close(), idleMs)
  }

  #keep(): void {
    this.#isKept = true
    this.#cancelIdle?.()
  }

  #ownStream(): MessageStream {
    const engine = this.#engine
    const { clock, limits } = engine.settings
    const { rtc } = this.#connection
    const { channel } = rtc
    const watch = channel && new LowWatch(channel, limits.bufferedBytes, clock, () => this.#stream.writable())
    const end = (): void => engine.later(() => this.close())
    const socket: MessageSocket = {
      get bufferedAmount() {
        return watch?.bufferedBytes ?? 0
      },
      send: (bytes) => {
        this.#sentBytes += bytes.length
        rtc.sendBytes(bytes)
        watch?.sent(bytes.length)
      },
      grant: (totalBytes) => {
        engine.later(() => {
          if (this.state === 'open') engine.run(() => engine.machine.grant(this.#attempt, totalBytes))
        })
      },
      close: end,
      terminate: end,
    }
    return new MessageStream(socket, {
      ...streamOptions(this.#ends, limits),
      // Another implementation may grant nothing, and send without being granted anything.
      initialAllowedBytes: Number.POSITIVE_INFINITY,
      // With what it has been granted.
      toleranceBytes: Math.max(0, limits.receiveBytes - limits.windowBytes),
    })
  }
}
