import type { SeedSigner } from '@mimirjs/crypto'
import type { Clock, Logger } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import { encodeGreeting } from '../handshake.js'
import type { LinkLimits } from '../limits.js'
import { Admissions, type Ticket } from './admissions.js'
import { Connection, type ConnectionHost, type ConnectionOptions } from './connection.js'
import { Heartbeat } from './heartbeat.js'
import { ConfiguredPeer, connectionState } from './peer.js'
import { type NextTurn, systemTurn, TurnQueue } from './turn.js'
import type {
  Admission,
  Link,
  LinkDriver,
  LinkListener,
  LinkSink,
  PeerHandle,
  PeerState,
  PeerUri,
  RawLink,
} from './types.js'
import { type PeerUriUse, parsePeerUri } from './uri.js'

export interface LinksOptions {
  /** The key of the node. */
  readonly signer: SeedSigner
  /** The first one with the scheme of a URI is taken. */
  readonly drivers: readonly LinkDriver[]
  readonly sink: LinkSink
  readonly clock: Clock
  /** Unpredictable bytes. */
  random(bytes: number): Uint8Array
  readonly limits: LinkLimits
  readonly logger?: Logger | undefined
  /** Keys that may connect to our listeners; empty: all. */
  readonly allowedKeys?: readonly Uint8Array[] | undefined
  /** Told of every change of a configured peer, and of incoming links from `unproven` on, last `stopped`. */
  onPeer?(state: PeerState): void
  /** A listener failed after it was open; it is closed. */
  onListener?(uri: string, error: YggdrasilError): void
  /** Default: that of the runtime. */
  readonly nextTurn?: NextTurn | undefined
}

/**
 * The links of a node: dials, listens, shakes hands, reconnects, notices what is dead, and keeps the numbers small. It
 * knows nothing of what the frames mean. yggdrasil protocol §2, §3.5, §12
 */
export class Links {
  readonly #options: LinksOptions
  readonly #host: ConnectionHost
  readonly #admissions: Admissions
  readonly #heartbeat: Heartbeat
  readonly #peers = new Map<string, ConfiguredPeer>()
  /** Until the transport has let go of them. */
  readonly #connections = new Set<Connection>()
  readonly #listeners = new Set<LinkListener>()
  #lastId = 0
  #closing: Promise<void> | undefined

  constructor(options: LinksOptions) {
    const { sink, clock, limits, logger, nextTurn = systemTurn() } = options
    this.#options = options
    const turns = new TurnQueue(nextTurn, (error) => logger?.error({ err: error }, 'what a link had to do failed'))
    this.#host = { sink, clock, limits, logger, turns, nextId: () => ++this.#lastId }
    this.#admissions = new Admissions(limits)
    this.#heartbeat = new Heartbeat(clock, (nowMs, wasAsleep) => this.#beat(nowMs, wasAsleep))
  }

  /** URIs really listened on, without query, with the ports that the system chose. */
  get listening(): string[] {
    return [...this.#listeners].map(({ uri }) => uri)
  }

  /**
   * Accept links.
   * @returns the URI really bound, without query
   * @throws {YggdrasilError} `bad-uri` | `unsupported` | `address-in-use` | `unreachable` (no such address here) | `closed`
   */
  async listen(text: string): Promise<string> {
    const { uri, driver } = this.#prepare(text, 'listen')
    if (driver.listen === undefined) {
      throw new YggdrasilError('unsupported', `listen ${uri.id}: not possible in this runtime, browsers can only dial`)
    }
    const greeting = this.#greeting(uri)
    const opened: { listener?: LinkListener } = {}
    const listener = await driver.listen(uri, {
      admit: (host, cut) => this.#admit(host, cut),
      link: (raw, admission) => this.#accept(raw, admission, uri, opened.listener?.uri ?? uri.id, greeting),
      failed: (error) => {
        if (opened.listener === undefined || !this.#listeners.delete(opened.listener)) return
        this.#options.logger?.error({ uri: opened.listener.uri, err: error }, 'a listener failed')
        this.#options.onListener?.(opened.listener.uri, error)
      },
    })
    opened.listener = listener
    if (this.#closing !== undefined) {
      await listener.close()
      throw closedError()
    }
    this.#listeners.add(listener)
    return listener.uri
  }

  /**
   * Dial, and keep dialling.
   * @throws {YggdrasilError} `bad-uri` | `unsupported` | `duplicate` | `closed`; nothing that happens later is thrown
   */
  addPeer(text: string): PeerHandle {
    const { uri, driver } = this.#prepare(text, 'dial')
    if (this.#peers.has(uri.id)) {
      throw new YggdrasilError('duplicate', `peer ${uri.id}: this peer is given twice`)
    }
    const { clock, random, limits } = this.#options
    const greeting = this.#greeting(uri)
    const peer = new ConfiguredPeer({
      uri,
      driver,
      clock,
      dialMs: limits.dialMs,
      random,
      connect: (raw, changed) => {
        return this.#connect(raw, uri, uri.id, greeting, {
          incoming: false,
          deadlineMs: clock.nowMs() + limits.handshakeMs,
          onChange: changed,
        })
      },
      onChange: ({ state }) => this.#tellPeer(state),
      onRemove: (removed) => {
        if (this.#peers.get(uri.id) === removed) this.#peers.delete(uri.id)
      },
    })
    this.#peers.set(uri.id, peer)
    peer.start()
    return peer
  }

  /** Cut the link to a configured peer, or stop trying. @returns whether there was one. @throws {YggdrasilError} `bad-uri` */
  removePeer(text: string): boolean {
    const peer = this.#peers.get(parsePeerUri(text, 'dial').id)
    peer?.remove()
    return peer !== undefined
  }

  /** Dial now what waits for its next attempt: one peer, or all. @throws {YggdrasilError} `bad-uri` */
  retryNow(text?: string): void {
    if (text === undefined) for (const peer of this.#peers.values()) peer.retryNow()
    else this.#peers.get(parsePeerUri(text, 'dial').id)?.retryNow()
  }

  /** The remote has shown that it has the key it claims: its first signature response was valid. */
  prove(link: Pick<Link, 'id'>): void {
    for (const connection of this.#connections) if (connection.id === link.id) connection.prove()
  }

  /** Configured peers, then incoming links. */
  peers(): PeerState[] {
    const incoming = [...this.#connections].filter((one) => one.incoming && one.id !== 0 && one.state !== 'closed')
    return [
      ...[...this.#peers.values()].map(({ state }) => state),
      ...incoming.map((one) => ({ ...connectionState(one), failures: 0 })),
    ]
  }

  /** Cut everything and stop. What was written in this turn is still sent. Resolves when nothing is left. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    const connections = [...this.#connections]
    for (const connection of connections) connection.close()
    const peers = [...this.#peers.values()]
    for (const peer of peers) peer.remove()
    this.#heartbeat.stop()
    this.#admissions.tick(Number.POSITIVE_INFINITY)
    await Promise.all([
      ...listeners.map((one) => one.close()),
      ...connections.map(({ gone }) => gone),
      ...peers.map(({ idle }) => idle),
    ])
  }

  #prepare(text: string, use: PeerUriUse): { uri: PeerUri; driver: LinkDriver } {
    if (this.#closing !== undefined) throw closedError()
    const uri = parsePeerUri(text, use)
    const { drivers } = this.#options
    const driver = drivers.find(({ schemes }) => schemes.includes(uri.scheme))
    if (driver !== undefined) return { uri, driver }
    const known = drivers.flatMap(({ schemes }) => schemes).map((scheme) => `${scheme}://`)
    throw new YggdrasilError('unsupported', `${use} ${uri.id}: this runtime has ${known.join(', ') || 'no links'} only`)
  }

  /** It stays the same for all links of one URI. */
  #greeting({ priority, password }: PeerUri): Uint8Array {
    const { signer } = this.#options
    return encodeGreeting({ publicKey: signer.publicKey, priority }, password, (message) => signer.sign(message))
  }

  #admit(host: string | undefined, cut: () => void): Ticket | undefined {
    if (this.#closing !== undefined) return undefined
    const ticket = this.#admissions.admit(host, cut, this.#options.clock.nowMs())
    if (ticket === undefined) this.#options.logger?.debug({ host }, 'too many incoming links')
    else this.#heartbeat.want()
    return ticket
  }

  #accept(raw: RawLink, admission: Admission, uri: PeerUri, listenUri: string, greeting: Uint8Array): void {
    // Only #admit gives them out.
    const ticket = admission as Ticket
    if (this.#closing !== undefined) {
      ticket.release()
      raw.close()
      return
    }
    this.#connect(raw, uri, listenUri, greeting, {
      incoming: true,
      deadlineMs: ticket.deadlineMs,
      onChange: (connection) => {
        if (connection.state === 'unproven') ticket.settle()
        if (connection.state === 'closed') void connection.gone.then(() => ticket.release())
        this.#tellIncoming(connection)
      },
    })
  }

  #tellIncoming(connection: Connection): void {
    if (connection.id !== 0) {
      this.#tellPeer({ ...connectionState(connection), failures: 0 })
      return
    }
    const { remote, error } = connection
    this.#options.logger?.debug({ remote, code: error?.code }, error?.message ?? 'an incoming link ended early')
  }

  #connect(
    raw: RawLink,
    { priority, password, keys }: PeerUri,
    uri: string,
    greeting: Uint8Array,
    rest: Pick<ConnectionOptions, 'incoming' | 'deadlineMs' | 'onChange'>,
  ): Connection {
    const { signer, allowedKeys = [] } = this.#options
    const { publicKey } = signer
    const connection = new Connection(raw, this.#host, {
      ...rest,
      uri,
      greeting,
      publicKey,
      priority,
      password,
      keys,
      allowedKeys,
      onChange: (changed) => {
        if (changed.state === 'closed') void changed.gone.then(() => this.#connections.delete(changed))
        rest.onChange(changed)
      },
    })
    this.#connections.add(connection)
    this.#heartbeat.want()
    return connection
  }

  #beat(nowMs: number, wasAsleep: boolean): boolean {
    for (const connection of [...this.#connections]) connection.tick(nowMs, wasAsleep)
    this.#admissions.tick(nowMs)
    return this.#connections.size > 0 || this.#admissions.pending > 0
  }

  #tellPeer(state: PeerState): void {
    try {
      this.#options.onPeer?.(state)
    } catch (cause) {
      this.#options.logger?.error({ uri: state.uri, err: cause }, 'what was told of a peer failed')
    }
  }
}

function closedError(): YggdrasilError {
  return new YggdrasilError('closed', 'the links of this node are closed')
}
