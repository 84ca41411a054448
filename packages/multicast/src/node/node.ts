/// <reference lib="esnext.disposable" preserve="true" />

import type { StreamTransport } from '@mimirjs/transport'
import { formatGroup, isIpv4Group, type MulticastAddress, parseGroup, parseMulticastAddress } from '../address/index.js'
import type { Verdict } from '../counters.js'
import { describe } from '../describe.js'
import { MulticastError } from '../error.js'
import { createStreams, type MulticastStreams } from '../stream/index.js'
import { NodeEngine } from './engine.js'
import type { MulticastSocket } from './network.js'
import type { MulticastNodeOptions } from './options.js'
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
  /** Openings, responses and repeats of requests that the system did not send. */
  readonly unsent: number
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
  #streams: MulticastStreams | undefined
  #closing: Promise<void> | undefined

  private constructor(engine: NodeEngine, socket: MulticastSocket, settings: Settings) {
    this.#engine = engine
    this.#socket = socket
    this.#settings = settings
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
    try {
      return new MulticastNode(new NodeEngine(options.signer, socket, settings), socket, settings)
    } catch (error) {
      await socket.close()
      throw error
    }
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

  /**
   * Reliable streams over sessions, for `Transports`: dials and listens on `mp2p://KEY@[group]:port`. Both ends have to
   * use them: from the first call on, messages that begin with their label are theirs.
   */
  get streams(): StreamTransport {
    const { extraScopes, streamLimits } = this.#settings
    return (this.#streams ??= createStreams(this.#engine.carriers, { extraScopes, limits: streamLimits }))
  }

  /** Those open now that programs use; sessions that carry streams are not among them. */
  get sessions(): readonly MulticastSession[] {
    return [...this.#engine.sessions.values()]
  }

  /** What became of datagrams, by the reasons of multicast protocol §7.2, and what is held. */
  get counters(): MulticastNodeCounters {
    const { machine, unread, sendFailures } = this.#engine
    const { sessionCount: sessions, peerCount: peers } = machine
    return { ...machine.counters, sessions, peers, unread, unsent: sendFailures.count }
  }

  /**
   * Open a session. Resolves when the other side has answered; until then it is asked again and again (`attempts`).
   * @param address - `mp2p://KEY@[group]:port`, of the same family as this node's group
   * @throws {MulticastError} `bad-address` | `bad-key` | `no-response` | `limit` | `aborted` | `closed`
   */
  async connect(address: string | MulticastAddress, { signal }: ConnectOptions = {}): Promise<MulticastSession> {
    const peer = this.#peerOf(address)
    const session = await this.#engine.connect(peer, signal)
    if (session.state === 'closed') throw closedAtOnce(signal)
    return this.#engine.wrap(session)
  }

  /**
   * Let a key in, and pin where it listens: it may open sessions, whatever the policy says of others.
   * @throws {MulticastError} `bad-address` | `bad-key` | `limit` | `closed`
   */
  addPeer(address: string | MulticastAddress): void {
    this.#engine.learn(this.#peerOf(address))
  }

  /** The opposite of {@link addPeer}: the policy decides again. Sessions stay. */
  removePeer(publicKey: Uint8Array): void {
    this.#engine.machine.forget(publicKey)
  }

  /**
   * Answer what others send on sessions that they opened, unless the session's datagram socket takes it; who opened a
   * session asks, the other side answers. One handler at a time.
   * @returns a function that takes the handler off again
   * @throws {MulticastError} `misuse` when there is one
   */
  answer(handler: RequestHandler): () => void {
    const engine = this.#engine
    if (typeof handler !== 'function') {
      throw new MulticastError('misuse', `answer: expected a function, got ${describe(handler)}`)
    }
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
    await this.#streams?.close()
    this.#engine.end(undefined)
    await this.#socket.close()
  }

  #peerOf(address: string | MulticastAddress): MulticastAddress {
    const { extraScopes } = this.#settings
    if (typeof address !== 'string') requireParts(address)
    const peer = typeof address === 'string' ? parseMulticastAddress(address, { extraScopes }) : address
    if (isIpv4Group(peer.group) !== isIpv4Group(this.#settings.group)) {
      const [theirs, ours] = [formatGroup(peer.group), formatGroup(this.#settings.group)]
      const text = `expected a peer with a group of the family of ours, ${ours}, got ${theirs}: open the node with a group of that family`
      throw new MulticastError('bad-address', text)
    }
    return peer
  }

  #groupOf(group: string | Uint8Array): Uint8Array {
    if (typeof group !== 'string' && !(group instanceof Uint8Array)) {
      throw new MulticastError('misuse', `group: expected a text or 16 bytes, got ${describe(group)}`)
    }
    return typeof group === 'string' ? parseGroup(group, { extraScopes: this.#settings.extraScopes }) : group
  }
}

/** Whoever writes JavaScript may give anything. */
function requireParts(address: MulticastAddress | undefined): void {
  const isWhole = address?.publicKey instanceof Uint8Array && address.group instanceof Uint8Array
  if (isWhole && address.group.length === 16) return
  const text = `address: expected mp2p://KEY@[group]:port, or { publicKey, group, port } in bytes, got ${describe(address)}`
  throw new MulticastError('bad-address', text)
}

/** Whoever gave up, or closed the node, in the very turn in which the response came. */
function closedAtOnce(signal: AbortSignal | undefined): MulticastError {
  if (!signal?.aborted) return new MulticastError('closed', 'connect: the session was closed')
  return new MulticastError('aborted', 'connect: aborted by the signal given', { cause: signal.reason })
}
