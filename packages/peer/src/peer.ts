import { isPoint, randomBytes, verify } from '@mimirjs/crypto'
import { type ByteStream, type Clock, type Listener, steadyClock, type TransportError } from '@mimirjs/transport'
import { keyText, sameBytes } from './bytes.js'
import { IssuedChallenges, SpareChallenge } from './challenge.js'
import { PeerConnection } from './connection.js'
import type { ConnectionHost } from './connection-host.js'
import { ConnectionTable } from './connection-table.js'
import { abandon, type Closable } from './data/lane-stream.js'
import { Reception } from './data/reception.js'
import { WaysBack } from './data/ways-back.js'
import { DeadlineWheel } from './deadline-wheel.js'
import { abortedBy, Dial } from './dial.js'
import { PeerError } from './error.js'
import { generationProfile } from './generations.js'
import { DEFAULT_LIMITS } from './limits.js'
import type { SessionContext } from './session-context.js'
import { SignatureBudget } from './signature-budget.js'
import { sessionTimers } from './timers.js'
import type { Connection, ConnectionHandlers, ConnectOptions, PeerCloseOptions, PeerOptions } from './types.js'
import { type Stranger, WaitingRoom } from './waiting-room.js'

const KEY_BYTES = 32
const DEFAULT_CLOSE_MS = 5_000

/** An attempt at one address waits for the end of its handshake here. */
interface Attempting {
  ready(): void
  failed(error: PeerError): void
}

/** Somebody who came to us and has proven nothing: a connection, or a stream that has not even said what it is for. */
interface Unproven extends Stranger {
  fail(error: PeerError): void
}

/**
 * An identity on the network: it listens and dials, proves itself and asks for proof, and keeps the table of READY
 * connections. What is said on them is the application's business.
 * @example
 * const peer = new Peer({ signer, transports, clientId: 1, onConnection: () => handlers })
 * await peer.listen('tcp://[::]:5050')
 */
export class Peer {
  readonly #options: PeerOptions
  readonly #host: ConnectionHost
  readonly #context: SessionContext
  readonly #clock: Clock
  readonly #wheel: DeadlineWheel
  readonly #table = new ConnectionTable<PeerConnection>()
  readonly #strangers: WaitingRoom<Unproven>
  /** Where streams begin with a role. */
  readonly #reception: Reception<PeerConnection> | undefined
  readonly #waysBack: WaysBack | undefined
  readonly #budget: SignatureBudget
  readonly #dials = new Map<string, Dial<PeerConnection>>()
  readonly #attempts = new Map<PeerConnection, Attempting>()
  readonly #listeners = new Set<Listener>()
  /** Whatever has a stream that is not closed yet. */
  readonly #streams = new Set<Closable>()
  #onQuiet: (() => void) | undefined
  #nextId = 1
  #closing: Promise<void> | undefined

  /** @throws {RangeError} for a generation, key or clientId that cannot be */
  constructor(options: PeerOptions) {
    const { signer, clientId, generation = 'classic', clock = steadyClock } = options
    const profile = generationProfile(generation)
    const timers = sessionTimers(profile, options.timers)
    if (signer.publicKey.length !== KEY_BYTES) throw new RangeError(`signer.publicKey: expected ${KEY_BYTES} bytes`)
    if ((clientId | 0) !== clientId) throw new RangeError('clientId: expected a signed 32-bit integer')
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#options = options
    this.#clock = clock
    this.#wheel = new DeadlineWheel(clock)
    this.#strangers = new WaitingRoom(limits)
    this.#budget = new SignatureBudget(limits.signaturesPerMinute)
    this.#context = {
      localPublicKey: signer.publicKey,
      clientId,
      generation,
      profile,
      limits,
      frames: profile.frames === undefined ? options.frames : { ...profile.frames, ...options.frames },
      timers,
      challenges: profile.boundChallenges ? { bound: true, ...options.challenges } : (options.challenges ?? {}),
      issued: new IssuedChallenges(),
      spare: new SpareChallenge(),
      verify,
      isPoint,
      random: options.random?.bind(options) ?? randomBytes,
    }
    this.#host = {
      context: this.#context,
      clock,
      wheel: this.#wheel,
      signer,
      logger: options.logger,
      mayProve: (connection, remotePublicKey, isBound) => this.#mayProve(connection, remotePublicKey, isBound),
      ready: (connection) => this.#ready(connection),
      quiet: () => this.#onQuiet?.(),
      over: (connection, error) => this.#over(connection, error),
      gone: (connection) => this.#gone(connection),
      expectData: (connection, token) => this.#reception?.routes.expect(connection, token),
      strayOk: (connection, guid) => this.#strayOk(connection, guid),
      dial: (address, signal) => this.#options.transports.dial(address, { timeoutMs: timers.connectMs, signal }),
      opened: (stream) => this.#streams.add(stream),
      closed: (stream) => this.#gone(stream),
    }
    if (profile.streams === 'single') return
    const reception = new Reception<PeerConnection>({
      clock,
      wheel: this.#wheel,
      timers,
      logger: options.logger,
      enter: (arrival) => this.#enter(arrival),
      leave: (arrival) => this.#strangers.leave(arrival),
      welcome: (stream) => this.#welcome(stream),
      closed: (stream) => this.#gone(stream),
    })
    this.#reception = reception
    this.#waysBack = new WaysBack((address) =>
      options.transports.listen(address, {
        onStream: (stream) => {
          if (this.#closing === undefined) reception.acceptData(stream)
          else abandon(stream)
        },
      }),
    )
  }

  /** Take connections at an address URL. Rejects with a `TransportError`, or `closed`. */
  async listen(address: string): Promise<Listener> {
    this.#demandOpen()
    await this.#waysBack?.release(address)
    const inner = await this.#options.transports.listen(address, {
      onStream: (stream) => this.#accept(stream),
      onError: (error) => {
        this.#listeners.delete(listener)
        this.#options.logger?.error({ address, err: error }, 'a listener failed')
        this.#tellListenerError(listener, error)
      },
    })
    const listener: Listener = {
      address: inner.address,
      close: () => {
        this.#listeners.delete(listener)
        return inner.close()
      },
    }
    if (this.#closing !== undefined) {
      await inner.close()
      this.#demandOpen()
    }
    this.#listeners.add(listener)
    return listener
  }

  #tellListenerError(listener: Listener, error: TransportError): void {
    try {
      this.#options.onListenerError?.(listener, error)
    } catch (cause) {
      this.#options.logger?.error({ err: cause }, 'onListenerError failed')
    }
  }

  /**
   * A READY connection to an identity: one that exists, or the first that the addresses lead to, tried in order. Calls
   * for the same identity share one dial. Rejects with `unreachable` (its cause lists what each address said),
   * `bad-signature` when somebody else answered, `self`, `aborted`, `closed`.
   * @param remotePublicKey - 32 bytes
   */
  async connect(
    remotePublicKey: Uint8Array,
    addresses: readonly string[],
    { signal }: ConnectOptions = {},
  ): Promise<Connection> {
    this.#demandOpen()
    if (remotePublicKey.length !== KEY_BYTES) throw new RangeError(`remotePublicKey: expected ${KEY_BYTES} bytes`)
    if (sameBytes(remotePublicKey, this.#context.localPublicKey)) {
      throw new PeerError('self', 'this is our own identity: there is nobody to connect to')
    }
    if (signal?.aborted === true) throw abortedBy(signal)
    return this.#table.newest(remotePublicKey) ?? this.#dial(new Uint8Array(remotePublicKey), addresses).wait(signal)
  }

  /** The newest READY connection to an identity. */
  connection(remotePublicKey: Uint8Array): Connection | undefined {
    return this.#table.newest(remotePublicKey)
  }

  /** All READY connections to an identity, oldest first. */
  connectionsOf(remotePublicKey: Uint8Array): Connection[] {
    return [...this.#table.of(remotePublicKey)]
  }

  /** All READY connections, of all identities. */
  connections(): Connection[] {
    return this.#table.all()
  }

  /**
   * Stop listening and dialling, wait for outstanding acknowledgements, end every connection. What is not done in time
   * is cut. Messages without OK then count as not delivered.
   */
  close({ timeoutMs = DEFAULT_CLOSE_MS }: PeerCloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    const error = new PeerError('closed', 'the peer was closed')
    for (const dial of this.#dials.values()) dial.fail(error)
    for (const stranger of [...this.#strangers]) stranger.fail(error)
    let expired = false
    const cancel = this.#clock.schedule(() => {
      expired = true
      this.#onQuiet?.()
    }, timeoutMs)
    const listeners = [...this.#listeners].map((listener) => listener.close())
    if (this.#waysBack !== undefined) listeners.push(this.#waysBack.close())
    await this.#until(() => expired || this.#table.all().every((connection) => connection.unacknowledged === 0))
    for (const connection of this.#table.all()) connection.close()
    await this.#until(() => expired || this.#streams.size === 0)
    for (const connection of this.#streams) connection.abort()
    await Promise.all(listeners)
    cancel()
    this.#wheel.close()
  }

  async #until(isQuiet: () => boolean): Promise<void> {
    while (!isQuiet()) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve
      })
    }
    this.#onQuiet = undefined
  }

  // --- in and out --------------------------------------------------------------------------------------------------

  #accept(stream: ByteStream): void {
    if (this.#closing !== undefined) abandon(stream)
    else if (this.#reception === undefined) this.#welcome(stream)
    else this.#reception.accept(stream)
  }

  /** Somebody wants to be a connection. */
  #welcome(stream: ByteStream): void {
    if (this.#table.size >= this.#context.limits.connections) {
      abandon(stream)
      return
    }
    const connection = new PeerConnection(this.#host, this.#nextId++, stream)
    this.#reception?.routes.add(connection, stream.remotePublicKey)
    this.#enter(connection)
    connection.start()
  }

  #enter(stranger: Unproven & Closable): void {
    const leaving = this.#strangers.enter(stranger)
    leaving?.fail(new PeerError('limit', 'too many connections that prove nothing: the oldest left for a new one'))
    this.#streams.add(stranger)
  }

  #dial(remotePublicKey: Uint8Array, addresses: readonly string[]): Dial<PeerConnection> {
    const key = keyText(remotePublicKey)
    const running = this.#dials.get(key)
    if (running !== undefined) {
      running.add(addresses)
      return running
    }
    const dial = new Dial<PeerConnection>(
      (address, signal) => this.#attempt(remotePublicKey, address, signal),
      this.#context.limits.addressesPerDial,
      () => this.#dials.delete(key),
    )
    dial.add(addresses)
    this.#dials.set(key, dial)
    // A little later, so that whoever asked waits already.
    queueMicrotask(() => void dial.run())
    return dial
  }

  async #attempt(remotePublicKey: Uint8Array, address: string, signal: AbortSignal): Promise<PeerConnection> {
    const timeoutMs = this.#context.timers.connectMs
    const stream = await this.#options.transports.dial(address, { timeoutMs, signal })
    await this.#waysBack?.open(address, stream)
    if (signal.aborted) {
      abandon(stream)
      throw abortedBy(signal)
    }
    const connection = new PeerConnection(this.#host, this.#nextId++, stream, { remotePublicKey, address })
    this.#reception?.routes.add(connection, stream.remotePublicKey)
    this.#streams.add(connection)
    return new Promise((resolve, reject) => {
      const callOff = (): void => connection.fail(abortedBy(signal))
      const done = (): void => {
        this.#attempts.delete(connection)
        signal.removeEventListener('abort', callOff)
      }
      this.#attempts.set(connection, {
        ready() {
          done()
          resolve(connection)
        },
        failed(error) {
          done()
          reject(error)
        },
      })
      signal.addEventListener('abort', callOff)
      connection.start()
    })
  }

  // --- what connections ask and tell -------------------------------------------------------------------------------

  #mayProve(connection: PeerConnection, remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined {
    const { remoteAddress, role } = connection
    const direction = role === 'initiator' ? 'outbound' : 'inbound'
    try {
      if (this.#options.authorize?.(remotePublicKey, { direction, remoteAddress }) === false) {
        return new PeerError('refused', 'authorize said no to this identity')
      }
    } catch (cause) {
      this.#options.logger?.error({ connection: connection.id, err: cause }, 'authorize failed; the connection closes')
      return new PeerError('handler', 'authorize failed', { cause })
    }
    // A signature that serves this connection alone is of no use to anybody who collects them.
    if (isBound || this.#budget.take(connection.addressGroup, this.#clock.nowMs())) return undefined
    this.#options.logger?.warn({ connection: connection.id, remoteAddress }, 'signatures refused: too many in a minute')
    return new PeerError('limit', 'this address had its share of signatures for the minute')
  }

  #ready(connection: PeerConnection): ConnectionHandlers {
    this.#strangers.leave(connection)
    this.#table.add(connection)
    const mates = this.#table.of(connection.remotePublicKey)
    if (mates.length > this.#context.limits.connectionsPerIdentity) {
      mates[0]?.fail(new PeerError('limit', 'too many connections of one identity: the oldest was closed'))
    }
    const { id, role, remoteAddress } = connection
    this.#options.logger?.debug({ connection: id, role, remoteAddress }, 'connection ready')
    const handlers = this.#options.onConnection(connection)
    const attempting = this.#attempts.get(connection)
    if (attempting !== undefined) attempting.ready()
    else this.#dials.get(keyText(connection.remotePublicKey))?.preempt(connection)
    this.#reception?.routes.ready(connection)
    return handlers
  }

  /** In the current generation an OK may come on any connection of an identity (current protocol §7). */
  #strayOk(connection: PeerConnection, guid: bigint): void {
    const mates = this.#table.of(connection.remotePublicKey)
    mates.some((mate) => mate !== connection && mate.acknowledgedElsewhere(guid))
  }

  #over(connection: PeerConnection, error: PeerError | undefined): void {
    this.#strangers.leave(connection)
    this.#table.delete(connection)
    this.#reception?.routes.delete(connection)
    const { id, role, remoteAddress } = connection
    if (error !== undefined) {
      const { code, blame, message } = error
      this.#options.logger?.debug({ connection: id, role, remoteAddress, code, blame }, `connection failed: ${message}`)
    }
    this.#attempts.get(connection)?.failed(error ?? new PeerError('ended', 'the connection closed before it was READY'))
    this.#onQuiet?.()
  }

  #gone(stream: Closable): void {
    this.#streams.delete(stream)
    this.#onQuiet?.()
  }

  #demandOpen(): void {
    if (this.#closing !== undefined) throw new PeerError('closed', 'the peer was closed: make another')
  }
}
