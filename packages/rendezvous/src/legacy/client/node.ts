/// <reference lib="esnext.disposable" preserve="true" />

import { randomBytes as systemRandomBytes } from '@mimirjs/crypto'
import { normaliseRsaPublicPem } from '@mimirjs/crypto/rsa'
import { type Clock, Emitter, steadyClock } from '@mimirjs/transport'
import { LEGACY_NAME_MAX_LENGTH } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../../error.js'
import { policyAnswer } from '../../policy.js'
import type { LegacyCounters } from '../counters.js'
import { legacyLimitsOf } from '../limits.js'
import { LegacyLink } from '../link.js'
import type { LegacyPerson, LegacyPrompt, LegacyServerStatus } from '../types.js'
import { LegacyEngine } from './engine.js'
import { type LegacyNodeOptions, openPeerConnection, requireLegacyServer } from './options.js'
import { Waiters } from './waiters.js'

/** What happens at a {@link LegacyNode}. */
export interface LegacyNodeEvents extends Record<string, unknown> {
  /** How it stands with a server has changed. */
  readonly server: LegacyServerStatus
  /** Somebody who is not known wants to connect. Nothing was sent to them; `accept` or `decline`. */
  readonly incoming: LegacyPrompt
  /** A question went away without an answer. */
  readonly missed: { readonly person: LegacyPerson }
  /** A link is open, whoever began. */
  readonly link: LegacyLink
  /** A listener, the key or the platform threw. */
  readonly error: unknown
}

/** How long one's own profile may change before it is told. rendezvous protocol A10 */
const SHARE_DELAY_MS = 1000

/**
 * A client of pim: weak, see {@link LEGACY_RISKS}; nothing uses it unless it is opened by name. It speaks to originals
 * and to others of its kind, through servers of both. rendezvous protocol Part A, A13
 * @example
 * const node = LegacyNode.open({ account: await generateRsaPrivateKey(), servers: ['ws://127.0.0.1:18765'], platform })
 */
export class LegacyNode implements AsyncDisposable {
  /** What others need to know: the public key as a PEM text. */
  readonly publicPem: string
  readonly #engine: LegacyEngine
  readonly #events: Emitter<LegacyNodeEvents>
  readonly #clock: Clock
  readonly #servers = new Map<string, number>()
  readonly #links = new Map<number, LegacyLink>()
  readonly #waiters: Waiters
  readonly #blocked = new Set<string>()
  #name: string | undefined
  #cancelShare: (() => void) | undefined
  #isClosed = false

  /** Begin to dial the servers. @throws {RendezvousError} `bad-server` | `misuse` | `limit` | `too-large` for the name */
  static open(options: LegacyNodeOptions): LegacyNode {
    const { servers = [], name } = options
    for (const url of servers) requireLegacyServer(url)
    const node = new LegacyNode(options)
    try {
      if (name !== undefined) node.setName(name)
      for (const url of servers) node.addServer(url)
      return node
    } catch (error) {
      node.#close()
      throw error
    }
  }

  private constructor(options: LegacyNodeOptions) {
    const {
      account,
      clock = steadyClock,
      logger,
      platform,
      policy = () => 'ask',
      randomBytes = systemRandomBytes,
    } = options
    this.publicPem = account.publicKey.pem
    this.#clock = clock
    this.#events = new Emitter((error) => {
      logger?.error({ error }, 'a listener of pim-legacy threw')
    })
    this.#waiters = new Waiters((pem) => this.#engine.tell((machine) => machine.cancel(pem)))
    const threw = (error: unknown): void => void this.#events.emit('error', error)
    this.#engine = new LegacyEngine(
      {
        account,
        clock,
        limits: legacyLimitsOf(options.limits),
        random: () => new DataView(randomBytes(4).slice().buffer).getUint32(0) / 2 ** 32,
        webSocket: (url) => platform.webSocket(url, []),
        createPeerConnection: () => openPeerConnection(options),
        threw,
      },
      {
        serverChanged: (status) => void this.#events.emit('server', status),
        policy: (person) => (this.#blocked.has(person.pem) ? 'ignore' : policyAnswer(() => policy(person), threw)),
        incoming: (prompt) => void this.#events.emit('incoming', prompt),
        missed: (person) => void this.#events.emit('missed', { person }),
        opened: (connection, person) => this.#opened(connection, person, threw),
        closed: (connection, reason) => {
          const link = this.#links.get(connection)
          this.#links.delete(connection)
          link?.ended(reason)
        },
        chat: (connection, text) => this.#links.get(connection)?.chatted(text),
        shared: (connection, name) => this.#links.get(connection)?.named(name),
      },
    )
    const { bits } = account.publicKey
    logger?.warn({ bits }, 'pim-legacy is open: a weak protocol, for those who have nothing newer')
  }

  /** How it stands with each server. */
  get servers(): readonly LegacyServerStatus[] {
    return this.#engine.machine.servers
  }

  /** People who wait for an answer. */
  get prompts(): readonly LegacyPrompt[] {
    return this.#engine.machine.prompts
  }

  /** Those that are open. */
  get links(): readonly LegacyLink[] {
    return [...this.#links.values()]
  }

  /** What became of everything that came in. */
  get counters(): Readonly<LegacyCounters> {
    return { ...this.#engine.machine.counters }
  }

  /** One's own name. */
  get name(): string | undefined {
    return this.#name
  }

  /** Listen to what happens. @returns a function that takes the listener off again */
  on<Name extends keyof LegacyNodeEvents & string>(
    name: Name,
    listener: (event: LegacyNodeEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * The open link with somebody, or one that is made: again and again until they are there, or `signal` ends it. Says
   * yes, too, where they are being asked about.
   * @param pem - their public key, in any spelling that the original takes
   * @throws {RendezvousError} `bad-key` | `limit` | `aborted` | `closed` | `declined` by `decline` meanwhile
   */
  async connect(pem: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<LegacyLink> {
    this.#requireOpen()
    const normal = this.#normalised(pem)
    const open = this.links.find(({ person }) => person.pem === normal)
    if (open !== undefined) return open
    this.#blocked.delete(normal)
    this.#engine.tell((machine, nowMs) => machine.connect(normal, nowMs))
    return await this.#waiters.wait(normal, signal)
  }

  /** Let somebody in who is being asked about: the same as {@link connect}. */
  accept(pem: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<LegacyLink> {
    return this.connect(pem, options)
  }

  /**
   * Do not let them in. They are told nothing.
   * @param block - ask no more, until `connect` is called with them
   * @throws {RendezvousError} `bad-key`
   */
  decline(pem: string, { block = false }: { readonly block?: boolean } = {}): void {
    const normal = this.#normalised(pem)
    if (block) this.#blocked.add(normal)
    this.#engine.tell((machine) => {
      machine.decline(normal)
      machine.cancel(normal)
    })
    this.#waiters.reject(normal, new RendezvousError('declined', 'the attempt to connect was declined here'))
  }

  /** Use one more server. @throws {RendezvousError} `bad-server` | `limit` | `closed` */
  addServer(url: string): void {
    this.#requireOpen()
    requireLegacyServer(url)
    if (this.#servers.has(url)) return
    this.#servers.set(
      url,
      this.#engine.tell((machine, nowMs) => machine.addServer(url, nowMs)),
    )
  }

  /** Leave a server. Does nothing for one that is not in use. */
  removeServer(url: string): void {
    const id = this.#servers.get(url)
    if (id !== undefined) this.#engine.tell((machine) => machine.removeServer(id))
    this.#servers.delete(url)
  }

  /** The network is back, or the user looks: try now whatever waits. */
  refresh(): void {
    this.#engine.tell((machine, nowMs) => machine.refresh(nowMs))
  }

  /** Told to whoever a link is open with, a second after the last change. @throws {RendezvousError} `too-large` */
  setName(name: string | undefined): void {
    if (name !== undefined && name.length > LEGACY_NAME_MAX_LENGTH)
      throw new RendezvousError('too-large', `expected a name of at most ${LEGACY_NAME_MAX_LENGTH} characters`)
    this.#name = name
    this.#cancelShare?.()
    this.#cancelShare = undefined
    // Links that are still to come are told when they open.
    if (this.#links.size > 0) this.#shareLater(name)
  }

  #shareLater(name: string | undefined): void {
    this.#cancelShare = this.#clock.schedule(() => {
      for (const link of this.#links.values()) link.sendShared(name)
    }, SHARE_DELAY_MS)
  }

  /** End all links and leave the servers. Never rejects. */
  close(): Promise<void> {
    this.#close()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelShare?.()
    this.#engine.close()
    const links = this.links
    this.#links.clear()
    for (const link of links) link.ended('closed')
    this.#waiters.rejectAll(new RendezvousError('closed', 'the node was closed'))
  }

  #opened(connection: number, person: LegacyPerson, threw: (error: unknown) => void): void {
    const link = new LegacyLink(person, {
      send: (text) => this.#engine.send(connection, text),
      close: () => this.#engine.tell((machine) => machine.close(connection)),
      threw,
    })
    this.#links.set(connection, link)
    link.sendShared(this.#name)
    this.#events.emit('link', link)
    this.#waiters.resolve(person.pem, link)
  }

  #normalised(pem: string): string {
    const normal = normaliseRsaPublicPem(pem)
    if (normal !== undefined) return normal
    throw new RendezvousError('bad-key', 'expected a public key of 1024 to 8192 bits as a PEM text')
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new RendezvousError('closed', 'the node was closed')
  }
}
