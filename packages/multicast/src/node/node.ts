/// <reference lib="esnext.disposable" preserve="true" />
import { formatGroup, isIpv4Group, type MulticastAddress, parseGroup, parseMulticastAddress } from '../address/index.js'
import type { Verdict } from '../counters.js'
import { MulticastError } from '../error.js'
import { NodeEngine } from './engine.js'
import type { MulticastSocket } from './network.js'
import type { MulticastNodeOptions } from './options.js'
import { pause } from './pause.js'
import { type Settings, settingsOf } from './settings.js'
import type { MulticastNodeEvents, MulticastSession, RequestHandler } from './types.js'

export interface ConnectOptions {
  /** Gives up and forgets what was begun. */
  readonly signal?: AbortSignal | undefined
}

/** What became of the datagrams that arrived, and what is held. */
export interface MulticastNodeCounters extends Readonly<Record<Verdict, number>> {
  /** Sessions of both roles, half-open ones included. */
  readonly sessions: number
  /** Keys whose address is remembered. */
  readonly peers: number
  /** Messages that came while nobody was there to take them. */
  readonly unread: number
}

/**
 * A node: one identity on one group and port of one network interface, which opens sessions with others and takes theirs.
 * Multicast protocol §9
 * @example
 * const node = await MulticastNode.open({ signer, network: multicastUdp(), policy: 'anybody' })
 * node.answer((payload) => payload)
 */
export class MulticastNode implements AsyncDisposable {
  readonly #engine: NodeEngine
  readonly #socket: MulticastSocket
  readonly #settings: Settings
  /** From when on we may send: who joins a group needs a moment until it hears it. */
  readonly #readyMs: number
  readonly #ending = new AbortController()
  #closing: Promise<void> | undefined

  private constructor(engine: NodeEngine, socket: MulticastSocket, settings: Settings) {
    this.#engine = engine
    this.#socket = socket
    this.#settings = settings
    this.#readyMs = settings.clock.nowMs() + settings.joinDelayMs
  }

  /**
   * Join the group and listen.
   * @throws {MulticastError} `bad-address` | `bad-key` | `bad-interface` | `address-in-use` | `misuse` | `aborted` | `socket`
   */
  static async open(options: MulticastNodeOptions): Promise<MulticastNode> {
    const settings = settingsOf(options)
    const socket = await options.network.open({
      groups: [settings.group],
      port: settings.port,
      interface: settings.interface,
      signal: options.signal,
      reuseAddress: options.reuseAddress,
      hopLimit: options.hopLimit,
    })
    return new MulticastNode(new NodeEngine(options.signer, socket, settings), socket, settings)
  }

  /** Ed25519, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#engine.publicKey
  }

  /** What others need to know: `mp2p://KEY@[group]:port`. */
  get address(): string {
    return this.#engine.address
  }

  /** The network interface that is used. */
  get interfaceName(): string {
    return this.#socket.interfaceName
  }

  /** Those open now that programs use; sessions that carry streams are not among them. */
  get sessions(): readonly MulticastSession[] {
    return [...this.#engine.sessions.values()]
  }

  /** What became of datagrams, by the reasons of multicast protocol §7.2, and what is held. */
  get counters(): MulticastNodeCounters {
    const { machine, unread } = this.#engine
    return { ...machine.counters, sessions: machine.sessionCount, peers: machine.peerCount, unread }
  }

  /**
   * Open a session. Resolves when the other side has answered; until then it is asked again and again (`attempts`).
   * @param address - `mp2p://KEY@[group]:port`, of the same family as this node's group
   * @throws {MulticastError} `bad-address` | `bad-key` | `no-response` | `limit` | `aborted` | `closed`
   */
  async connect(address: string | MulticastAddress, { signal }: ConnectOptions = {}): Promise<MulticastSession> {
    const peer = this.#peerOf(address)
    await this.#ready(signal)
    return this.#engine.wrap(await this.#engine.connect(peer, signal))
  }

  /**
   * Let a key in, and pin where it listens: it may open sessions, whatever the policy says of others.
   * @throws {MulticastError} `bad-address` | `bad-key` | `closed`
   */
  addPeer(address: string | MulticastAddress): void {
    this.#engine.learn(this.#peerOf(address))
  }

  /** The opposite of {@link addPeer}: the policy decides again. Sessions stay. */
  removePeer(publicKey: Uint8Array): void {
    this.#engine.machine.forget(publicKey)
  }

  /**
   * Answer what others send, unless the session's datagram socket takes it. One handler at a time.
   * @returns a function that takes the handler off again
   * @throws {MulticastError} `misuse` when there is one
   */
  answer(handler: RequestHandler): () => void {
    const engine = this.#engine
    if (engine.handler !== undefined) throw new MulticastError('misuse', 'answer: there is a handler already')
    engine.handler = handler
    return () => {
      if (engine.handler === handler) engine.handler = undefined
    }
  }

  /** Hear a further group, of the same family; what others are told stays. @throws {MulticastError} like {@link open} */
  async join(group: string | Uint8Array): Promise<void> {
    this.#engine.requireOpen('join')
    await this.#socket.join(this.#groupOf(group))
  }

  /** Hear it no more. */
  async leave(group: string | Uint8Array): Promise<void> {
    this.#engine.requireOpen('leave')
    await this.#socket.leave(this.#groupOf(group))
  }

  /** @returns a function that takes the listener off again */
  on<Name extends keyof MulticastNodeEvents>(
    name: Name,
    listener: (event: MulticastNodeEvents[Name]) => void,
  ): () => void {
    return this.#engine.emitter.on(name, listener)
  }

  off<Name extends keyof MulticastNodeEvents>(name: Name, listener: (event: MulticastNodeEvents[Name]) => void): void {
    this.#engine.emitter.off(name, listener)
  }

  /** Close all sessions, leave the groups, close the socket. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#ending.abort()
    this.#engine.end(undefined)
    await this.#socket.close()
  }

  #ready(signal: AbortSignal | undefined): Promise<void> {
    this.#engine.requireOpen('connect')
    const { clock } = this.#settings
    return pause(clock, this.#readyMs - clock.nowMs(), { signal, ending: this.#ending.signal })
  }

  #peerOf(address: string | MulticastAddress): MulticastAddress {
    const { extraScopes } = this.#settings
    const peer = typeof address === 'string' ? parseMulticastAddress(address, { extraScopes }) : address
    if (isIpv4Group(peer.group) !== isIpv4Group(this.#settings.group)) {
      const [theirs, ours] = [formatGroup(peer.group), formatGroup(this.#settings.group)]
      const text = `expected a peer with a group of the family of ours, ${ours}, got ${theirs}: open the node with a group of that family`
      throw new MulticastError('bad-address', text)
    }
    return peer
  }

  #groupOf(group: string | Uint8Array): Uint8Array {
    return typeof group === 'string' ? parseGroup(group, { extraScopes: this.#settings.extraScopes }) : group
  }
}
