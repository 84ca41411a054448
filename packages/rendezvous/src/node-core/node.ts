/// <reference lib="esnext.disposable" preserve="true" />

import type { StreamTransport } from '@mimirjs/transport'
import { formatRendezvousContact } from '@mimirjs/wire/rendezvous'
import type { Counters } from '../counters.js'
import { RendezvousError } from '../error.js'
import {
  type DeclineOptions,
  displayFingerprint,
  isAcceptableKey,
  type Knock,
  type ServerStatus,
} from '../machine/index.js'
import { formatRendezvousAddress } from './address.js'
import { NodeEngine } from './engine.js'
import type { RendezvousLink } from './link.js'
import type { RendezvousNodeOptions } from './options.js'
import { settingsOf } from './settings.js'
import { NodeStreams } from './streams.js'
import type { ConnectOptions, RendezvousNodeEvents } from './types.js'

/**
 * Somebody who can be met: one identity, logged in at several servers none of which it has to trust.
 * @example
 * const node = await RendezvousNode.open({ signer, servers: ['wss://rdv.example.org'], platform: nodePlatform() })
 * node.on('knock', ({ publicKey }) => node.accept(publicKey))
 * node.on('link', (link) => link.on('chat', ({ text }) => link.sendChat(`you said ${text}`)))
 */
export class RendezvousNode implements AsyncDisposable {
  readonly #engine: NodeEngine
  readonly #streams: NodeStreams
  #closing: Promise<void> | undefined

  private constructor(engine: NodeEngine) {
    this.#engine = engine
    this.#streams = new NodeStreams(engine)
  }

  /**
   * Begin to dial the servers. Resolves at once: `servers()` and the event `server` say how it stands with them.
   * @throws {RendezvousError} `misuse` | `bad-key` | `bad-server` | `bad-state` | `limit`; what `state` fails with
   */
  static async open(options: RendezvousNodeOptions): Promise<RendezvousNode> {
    const settings = settingsOf(options)
    if (!isAcceptableKey(options.signer.publicKey))
      throw new RendezvousError('bad-key', 'signer: expected one with an Ed25519 key that somebody can have')
    const engine = new NodeEngine(options, settings, await options.state?.load())
    const node = new RendezvousNode(engine)
    try {
      // An instance whose epoch is not stored would be taken for an old one by those who met a later one.
      await options.state?.save(engine.machine.state())
      for (const url of settings.servers) node.addServer(url)
    } catch (error) {
      await node.close()
      throw error
    }
    return node
  }

  /** Ed25519, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#engine.signer.publicKey
  }

  /** `rdv://` and the key in hex: what {@link streams} dials and listens on. */
  get address(): string {
    return formatRendezvousAddress(this.publicKey)
  }

  /** `rdv1:…`, with our servers: what to give to others (rendezvous protocol B3). */
  get contact(): string {
    return formatRendezvousContact({ publicKey: this.publicKey, servers: this.servers().map(({ url }) => url) })
  }

  /** What two people compare over another way: six groups of four characters. */
  get fingerprint(): string {
    return displayFingerprint(this.publicKey)
  }

  /** Streams with whoever is met: for `Transports`. Many on one link, of both directions; none is a listener's own. */
  get streams(): StreamTransport {
    return this.#streams
  }

  /** What became of everything that came in. */
  get counters(): Readonly<Counters> {
    return this.#engine.machine.counters
  }

  /** How it stands with each server, in the order in which they were added. */
  servers(): ServerStatus[] {
    return this.#engine.machine.servers()
  }

  /** Who waits for the user's word. */
  knocks(): Knock[] {
    return this.#engine.machine.knocks()
  }

  /** Those that are open. */
  links(): RendezvousLink[] {
    return [...this.#engine.links.values()]
  }

  /** The newest open link with somebody. */
  linkTo(publicKey: Uint8Array): RendezvousLink | undefined {
    return this.#engine.linkTo(publicKey)
  }

  /**
   * Meet somebody: knock, and wait until he, or his program, says yes. Resolves with the link that there is, if there is
   * one; whoever is at our own prompt is let in by it.
   * @throws {RendezvousError} `bad-key` | `limit` | `misuse` | `aborted` | `closed`; why nothing came of it: `no-answer` |
   * `declined` | `hangup` | `timeout` | `failed` | `unsupported` | `bind` | `fingerprint` | `protocol`
   */
  async connect(publicKey: Uint8Array, { signal }: ConnectOptions = {}): Promise<RendezvousLink> {
    return await this.#engine.connect(publicKey, signal)
  }

  /**
   * Let somebody in who knocks: the event `link` follows.
   * @throws {RendezvousError} `misuse` when he does not knock, or no longer | `limit` | `closed`
   */
  accept(publicKey: Uint8Array): void {
    this.#engine.requireOpen('accept')
    this.#engine.run((nowMs) => this.#engine.machine.accept(publicKey, nowMs))
  }

  /** Do not let him in; he is told only when that is said. @returns whether he knocked. @throws {RendezvousError} `limit` */
  decline(publicKey: Uint8Array, options: DeclineOptions = {}): boolean {
    return this.#engine.run((nowMs) => this.#engine.machine.decline(publicKey, options, nowMs))
  }

  /** Take nothing of this key; what there is with it ends. Not stored: see `policy`. @throws {RendezvousError} `limit` */
  block(publicKey: Uint8Array): void {
    this.#engine.run((nowMs) => this.#engine.machine.block(publicKey, nowMs))
  }

  /** Undo {@link block}. */
  unblock(publicKey: Uint8Array): void {
    this.#engine.machine.unblock(publicKey)
  }

  /** Use one more server. @throws {RendezvousError} `bad-server` | `limit` | `closed` */
  addServer(url: string): void {
    this.#engine.requireOpen('addServer')
    this.#engine.run((nowMs) => this.#engine.machine.addServer(url, nowMs))
  }

  /** Leave a server. @returns whether it was in use. @throws {RendezvousError} `bad-server` */
  removeServer(url: string): boolean {
    return this.#engine.run(() => this.#engine.machine.removeServer(url))
  }

  /**
   * The user wants this server, although it was left, or another instance of our key took our place. Does nothing for one
   * that is not in use.
   * @throws {RendezvousError} `bad-server` | `closed`
   */
  retryServer(url: string): void {
    this.#engine.requireOpen('retryServer')
    this.#engine.run((nowMs) => this.#engine.machine.retryServer(url, nowMs))
  }

  /**
   * The network is back, the computer woke up, or somebody looks at the page: try now what waits, and ask servers and peers
   * whether they are still there.
   */
  refresh(): void {
    if (!this.#engine.isClosed) this.#engine.run((nowMs) => this.#engine.machine.refresh(nowMs))
  }

  /** Listen to what happens. @returns a function that takes the listener off again */
  on<Name extends keyof RendezvousNodeEvents>(
    name: Name,
    listener: (event: RendezvousNodeEvents[Name]) => void,
  ): () => void {
    this.#engine.emitterOf(name).on(name, listener)
    return () => this.off(name, listener)
  }

  /** Take a listener off. */
  off<Name extends keyof RendezvousNodeEvents>(
    name: Name,
    listener: (event: RendezvousNodeEvents[Name]) => void,
  ): void {
    this.#engine.emitterOf(name).off(name, listener)
  }

  /** End all links, in order, and leave the servers. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#engine.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
