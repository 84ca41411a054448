import type { Signer } from '@mimirjs/crypto'
import { type Clock, Emitter, type Logger } from '@mimirjs/transport'
import { formatMulticastAddress, type MulticastAddress } from '../address/index.js'
import { isMulticastError, MulticastError } from '../error.js'
import {
  type MachineSession,
  MulticastMachine,
  type PeerAddress,
  type Place,
  type PolicyAnswer,
} from '../machine/index.js'
import { type CarrierOwner, Carriers } from './carriers.js'
import { type Deferred, deferred } from './deferred.js'
import { NodeHost } from './host.js'
import { LazyTimer } from './lazy-timer.js'
import type { MulticastSocket } from './network.js'
import type { PeerPolicy } from './options.js'
import { pause } from './pause.js'
import { SendFailures } from './send-failures.js'
import { NodeSession, type SessionOwner } from './session.js'
import type { Settings } from './settings.js'
import type { MulticastNodeEvents, RequestHandler } from './types.js'

/** Drives the machine over a socket and a clock, for all who use the node. It decides nothing. */
export class NodeEngine implements SessionOwner, CarrierOwner {
  readonly publicKey: Uint8Array
  readonly address: string
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly maxPayloadBytes: number
  readonly maxPeers: number
  readonly messagesPerSession: number
  readonly machine: MulticastMachine
  readonly carriers: Carriers
  readonly emitter: Emitter<MulticastNodeEvents>
  /** As programs hold them. */
  readonly sessions: Map<MachineSession, NodeSession> = new Map()
  handler: RequestHandler | undefined
  readonly sendFailures: SendFailures = new SendFailures((error) => {
    if (this.#isOpen) this.report(error)
  })
  /** Messages that nobody took: no handler, no datagram socket. */
  unread = 0
  readonly #settings: Settings
  readonly #timer: LazyTimer
  readonly #openings = new Map<MachineSession, Deferred<MachineSession>>()
  readonly #readyMs: number
  readonly #ending = new AbortController()
  #connecting: Deferred<MachineSession> | undefined
  #isOpen = true
  /** What ended the node, when it was not the program. */
  #failure: MulticastError | undefined
  #isReporting = false

  constructor(signer: Signer, socket: MulticastSocket, settings: Settings) {
    const { group, limits, clock, logger } = settings
    const place = { group, port: socket.port }
    this.publicKey = signer.publicKey.slice()
    this.address = formatMulticastAddress({ publicKey: this.publicKey, ...place })
    this.clock = clock
    this.logger = logger
    this.maxPayloadBytes = limits.payloadBytes
    this.maxPeers = limits.peers
    this.messagesPerSession = limits.messagesPerSession
    this.#settings = settings
    this.#readyMs = clock.nowMs() + settings.joinDelayMs
    this.emitter = new Emitter((error) => this.report(error))
    this.machine = new MulticastMachine(new NodeHost(this, signer, socket), {
      publicKey: this.publicKey,
      place,
      mode: settings.mode,
      policy: settings.policy && ((publicKey, place) => this.#askPolicy(settings.policy, publicKey, place)),
      limits,
      extraScopes: settings.extraScopes,
      unitMs: settings.unitMs,
      attempts: settings.attempts,
    })
    this.carriers = new Carriers(this)
    this.#timer = new LazyTimer(clock, (nowMs) => {
      this.machine.advance(nowMs)
      return this.machine.deadlineMs
    })
    socket.start({
      message: (bytes, from) => {
        if (!this.#isOpen) return
        const nowMs = clock.nowMs()
        this.machine.receive(bytes, from.host ?? from.address, nowMs)
        this.#timer.arm(this.machine.deadlineMs, nowMs)
      },
      closed: (error) => {
        if (error === undefined) return
        this.end(new MulticastError('socket', `socket ${socket.localAddress}: ${error.message}`, { cause: error }))
      },
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  requireOpen(doing: string): void {
    if (!this.#isOpen) throw new MulticastError('closed', `${doing}: the node is closed`, { cause: this.#failure })
  }

  randomBytes(sizeBytes: number): Uint8Array {
    return this.#settings.randomBytes(sizeBytes)
  }

  /** Open a session, when the group is surely heard by now. Resolves when the response was accepted. */
  async connect(address: MulticastAddress, signal: AbortSignal | undefined): Promise<MachineSession> {
    this.requireOpen('connect')
    await pause(this.clock, this.#readyMs - this.clock.nowMs(), { signal, ending: this.#ending.signal })
    this.requireOpen('connect')
    const opening = deferred<MachineSession>()
    const session = this.#begin(address, opening)
    const onAbort = (): void => {
      const cause: unknown = signal?.reason
      opening.reject(new MulticastError('aborted', 'connect: aborted by the signal given', { cause }))
      this.close(session)
    }
    session.onOpen = () => opening.resolve(session)
    this.#openings.set(session, opening)
    signal?.addEventListener('abort', onAbort)
    this.look()
    try {
      return await opening.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#openings.delete(session)
    }
  }

  /** Whoever sends a datagram has it called: what it throws, or says that is no answer, counts as a no and is told. */
  #askPolicy(policy: PeerPolicy | undefined, publicKey: Uint8Array, place: Place): PolicyAnswer {
    try {
      const answer = policy?.(publicKey, place)
      if (answer === 'accept' || answer === 'ask' || answer === 'ignore') return answer
      throw new MulticastError('misuse', `policy: expected 'accept', 'ask' or 'ignore', got ${String(answer)}`)
    } catch (error) {
      this.report(error)
      return 'ignore'
    }
  }

  #begin(address: MulticastAddress, opening: Deferred<MachineSession>): MachineSession {
    this.#connecting = opening
    try {
      return this.machine.connect(address, this.clock.nowMs())
    } finally {
      this.#connecting = undefined
    }
  }

  learn(peer: PeerAddress): void {
    this.requireOpen('addPeer')
    this.machine.learn(peer)
    this.look()
  }

  sendMessage(session: MachineSession, payload: Uint8Array): boolean {
    const nowMs = this.clock.nowMs()
    try {
      this.machine.send(session, payload, nowMs)
    } catch (error) {
      if (isMulticastError(error) && error.code === 'closed') return false
      throw error
    }
    this.#timer.arm(this.machine.deadlineMs, nowMs)
    return true
  }

  request(session: MachineSession, payload: Uint8Array, done: (answer: Uint8Array | MulticastError) => void): void {
    const nowMs = this.clock.nowMs()
    this.machine.request(session, payload, nowMs, done)
    this.#timer.arm(this.machine.deadlineMs, nowMs)
  }

  explain(session: MachineSession, error: MulticastError): MulticastError {
    return this.sendFailures.explain(session, error)
  }

  close(session: MachineSession): void {
    this.machine.close(session, this.clock.nowMs())
  }

  /** See to it that the machine is called in time: after anything that it was told. */
  look(): void {
    this.#timer.arm(this.machine.deadlineMs, this.clock.nowMs())
  }

  /** A session as programs hold it: made once. */
  wrap(session: MachineSession): NodeSession {
    let wrapped = this.sessions.get(session)
    if (wrapped === undefined) this.sessions.set(session, (wrapped = new NodeSession(this, session)))
    return wrapped
  }

  /** The machine has closed a session. */
  sessionClosed(session: MachineSession, closedBy: MulticastError | undefined): void {
    const error = closedBy && this.sendFailures.explain(session, closedBy)
    // A signer that refuses ends a session before it is even handed to us.
    const opening = this.#openings.get(session) ?? this.#connecting
    opening?.reject(error ?? new MulticastError('closed', 'connect: the session was closed'))
    this.carriers.sessionClosed(session)
    const wrapped = this.sessions.get(session)
    this.sessions.delete(session)
    if (wrapped !== undefined) this.#tellEnded(wrapped, error)
  }

  /** End all: because the program says so, or the socket failed with this error. */
  end(error: MulticastError | undefined): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#failure = error
    this.#ending.abort()
    this.#timer.stop()
    const ending = error ?? new MulticastError('closed', 'the node was closed')
    for (const opening of this.#openings.values()) opening.reject(ending)
    if (error !== undefined) for (const session of this.sessions.values()) this.#tellEnded(session, error)
    this.carriers.closed(error)
    this.machine.closeAll(this.clock.nowMs())
    if (error !== undefined) this.report(error)
  }

  /** What a reader of its datagrams throws must not keep the machine from closing others. */
  #tellEnded(session: NodeSession, error: MulticastError | undefined): void {
    try {
      session.ended(error)
    } catch (thrown) {
      this.report(thrown)
    }
  }

  /** Something failed that nobody waits for. */
  report(error: unknown): void {
    // What a listener of `error` throws must not come back to it.
    const isAgain = this.#isReporting
    this.#isReporting = true
    const isHeard = !isAgain && this.emitter.emit('error', { error })
    this.#isReporting = isAgain
    if (!isHeard) this.logger?.error({ error }, 'multicast: something failed that nobody waits for')
  }
}
