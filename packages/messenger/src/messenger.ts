import { randomBytes, type Signer } from '@mimirjs/crypto'
import { type Connection, type ConnectionHandlers, Peer } from '@mimirjs/peer'
import { type Announcing, Resolver } from '@mimirjs/resolver-client'
import { isStoreError } from '@mimirjs/store'
import { type Clock, Emitter, type Listener, type Logger } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { formatContactLink } from '@mimirjs/wire/link'
import type { TextFrame } from '@mimirjs/wire/peer'
import {
  type Content,
  encodeContent,
  isReadable,
  parseMessageId,
  quoting,
  randomGuid,
  replyGuid,
  toTimeMs,
  viewContent,
} from './content.js'
import { Courier, type RetryOptions } from './courier.js'
import { MessengerError } from './error.js'
import { openFolder } from './folder.js'
import { Handlers, type MessageHandler } from './handlers.js'
import { toPeer, toPerson } from './identity.js'
import { Inbox } from './inbox.js'
import type { HistoryEntry, IncomingMessage, Sent } from './message.js'
import { streamMessages } from './message-stream.js'
import { People } from './people.js'
import { reachableAddress } from './reachable.js'
import { loadClientId, loadProfile, type Profile } from './settings.js'
import type { Contact, ContactKind, Store, StoredMessage } from './store.js'
import { StoreAccess, storeError } from './store-access.js'
import type { Health, ListenOptions, MessengerEvents, MessengerOptions, MessengerParts } from './types.js'

/**
 * A person or bot on the Mimir network: identity, contacts, outbox, inbox and history behind one object.
 *
 * What {@link send} accepted is on disk when it resolves, is repeated until the receiver has it on disk, and is in the
 * receiver's history exactly once. A message handler runs again, with the same id, only if the process died before it
 * finished, and what it sent through the message is released together with the cursor.
 *
 * @example
 * ```ts
 * import { Messenger } from '@mimirjs/messenger'
 *
 * const bot = await Messenger.open('./bot')
 * bot.on('message', (message) => message.reply(message.text))
 * await bot.listen()
 * ```
 */
export class Messenger {
  /** Our public key, 64 lower-case hex digits. */
  readonly publicKey: string
  readonly #store: Store
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #hostAddresses: MessengerParts['hostAddresses']
  readonly #logger: Logger | undefined
  readonly #network: Peer
  readonly #resolver: Resolver | undefined
  readonly #retry: RetryOptions
  readonly #emitter: Emitter<MessengerEvents>
  readonly #handlers = new Handlers()
  readonly #inbox: Inbox
  readonly #couriers = new Map<string, Courier>()
  readonly #access = new StoreAccess()
  readonly #people: People
  readonly #hints = new Map<string, string[]>()
  readonly #listeners: Listener[] = []
  /** Whoever waits for something: told to look again when it may have changed, or will not come any more. */
  readonly #waiting = new Set<() => void>()
  #profile: Profile
  readonly #announcing: Announcing[] = []
  #closing: Promise<void> | undefined

  private constructor(
    parts: MessengerParts,
    options: MessengerOptions,
    loaded: { clientId: number; profile: Profile; kinds: ReadonlyMap<string, ContactKind> },
  ) {
    this.publicKey = toHex(parts.signer.publicKey)
    this.#signer = parts.signer
    this.#store = parts.store
    this.#clock = parts.clock
    this.#hostAddresses = parts.hostAddresses
    this.#logger = options.logger
    this.#retry = { minMs: options.retry?.minMs ?? 1_000, maxMs: options.retry?.maxMs ?? 120_000 }
    this.#profile = loaded.profile
    this.#people = new People(parts.store, this.#access, loaded.kinds, options.acceptFrom)
    // Not an `error` event: a listener of that may be the one that throws.
    this.#emitter = new Emitter((error) => this.#logger?.error({ err: error }, 'a listener threw'))
    this.#inbox = new Inbox({
      store: parts.store,
      clock: parts.clock,
      run: (message) => this.#handle(message),
      onError: (error) => this.#report(error),
    })
    this.#network = new Peer({
      signer: parts.signer,
      transports: parts.transports,
      clientId: loaded.clientId,
      generation: options.generation ?? 'classic',
      // Random bytes to the originals; between our own kind they show that nobody relays, and logins need no ration.
      challenges: { bound: true },
      onConnection: (connection) => this.#connected(connection),
      authorize: (remotePublicKey, { direction }) => this.#people.accepts(toHex(remotePublicKey), direction),
      onListenerError: (listener, error) => this.#listenerFailed(listener, error),
      ...(options.limits ? { limits: options.limits } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
    })
    if (options.trackers && options.trackers.length > 0)
      this.#resolver = new Resolver({
        trackers: [...options.trackers],
        transport: parts.datagrams,
        signer: parts.signer,
        clientId: loaded.clientId >>> 0,
        ...(options.logger ? { logger: options.logger } : {}),
      })
  }

  /**
   * Open the messenger that lives in `folder`: its key in `identity.key`, everything else in `messenger.sqlite`.
   * Both are made on first use. Delivery of what is still undelivered starts at once.
   *
   * @throws {MessengerError} `in-use` when another process has the folder open, `store` when it cannot be read,
   * `too-large` for the name
   */
  static async open(folder: string, options: MessengerOptions = {}): Promise<Messenger> {
    const parts = await openFolder(folder, options)
    const { store } = parts
    try {
      await store.discardHeld()
      const messenger = new Messenger(parts, options, {
        clientId: await loadClientId(store),
        profile: await loadProfile(store, options.name, parts.clock.nowMs()),
        kinds: await store.contactKinds(),
      })
      for (const peer of await store.pendingPeers()) messenger.#kick(peer)
      return messenger
    } catch (error) {
      await store.close().catch(() => {})
      throw isStoreError(error) ? storeError(error) : error
    }
  }

  /** Our contact link: what others need to write to us. */
  get link(): string {
    return formatContactLink({ publicKey: this.#signer.publicKey, name: this.#profile.nickname })
  }

  /**
   * Handle incoming messages: one at a time per sender, in order. The next message of the sender waits until the
   * handler's promise has settled. Messages that came while there was no handler are handed over first.
   */
  on(event: 'message', handler: MessageHandler): this
  on<Name extends keyof MessengerEvents>(event: Name, listener: (event: MessengerEvents[Name]) => void): this
  on(event: 'message' | keyof MessengerEvents, listener: (event: never) => unknown): this {
    if (event !== 'message') this.#emitter.on(event, listener as (event: unknown) => void)
    else {
      this.#handlers.add(listener as MessageHandler)
      void this.#inbox.open()
    }
    return this
  }

  off(event: 'message', handler: MessageHandler): this
  off<Name extends keyof MessengerEvents>(event: Name, listener: (event: MessengerEvents[Name]) => void): this
  off(event: 'message' | keyof MessengerEvents, listener: (event: never) => unknown): this {
    if (event === 'message') {
      this.#handlers.delete(listener as MessageHandler)
      if (this.#handlers.size === 0) this.#inbox.pause()
    } else this.#emitter.off(event, listener as (event: unknown) => void)
    return this
  }

  /**
   * Incoming messages as an async iterator. A message counts as handled when the loop asks for the next one; leaving
   * the loop leaves the current message handled and the rest for the next handler. Leave it before you close the
   * messenger, which waits for the message in hand.
   */
  messages(options: { signal?: AbortSignal } = {}): AsyncGenerator<IncomingMessage, void, void> {
    const source = {
      isOver: () => this.#closing !== undefined,
      add: (handler: MessageHandler) => void this.on('message', handler),
      remove: (handler: MessageHandler) => void this.off('message', handler),
      waiting: this.#waiting,
    }
    return streamMessages(source, options.signal)
  }

  /**
   * Send to a person. When the promise resolves the message is on disk and will be delivered, now or after any number
   * of restarts of either side.
   *
   * @param to - public key (32 bytes or 64 hex digits) or contact link
   * @throws {MessengerError} `bad-key`, also for our own | `bad-content` | `too-large` | `blocked` | `store` | `closed`; then nothing was
   * accepted
   */
  async send(to: string | Uint8Array, content: Content): Promise<Sent> {
    this.#assertOpen()
    // Checking a key is costly; the keys of those we are busy with were checked before.
    const peer = typeof to === 'string' && this.#couriers.has(to) ? to : this.#toOther(to)
    const stored = await this.#enqueue(peer, content, randomGuid(), undefined)
    this.#kick(peer)
    return stored
  }

  /**
   * Resolves when the receiver has the message on disk. It waits as long as that takes, or until `signal` fires.
   * @throws {MessengerError} `unknown-message` | `aborted` | `closed` | `bad-content` for a message that was given up
   */
  async whenDelivered(sent: Sent, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    let changed = true
    let wake: () => void = () => {}
    const look = (): void => {
      changed = true
      wake()
    }
    const onDelivered = (delivered: Sent): void => {
      if (delivered.id === sent.id && delivered.to === sent.to) look()
    }
    this.#emitter.on('delivered', onDelivered)
    signal?.addEventListener('abort', look)
    this.#waiting.add(look)
    try {
      while (changed) {
        changed = false
        const message = await this.#access.ask(() => this.#store.message(sent.to, parseMessageId(sent.id), true))
        if (!message)
          throw new MessengerError('unknown-message', `message ${sent.id} to ${sent.to} is not in the history`)
        if (message.state === 'delivered') return
        if (message.state === 'failed')
          throw new MessengerError('bad-content', `message ${sent.id} to ${sent.to} cannot be sent`)
        if (signal?.aborted || this.#closing) break
        if (!changed)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      this.#emitter.off('delivered', onDelivered)
      signal?.removeEventListener('abort', look)
      this.#waiting.delete(look)
    }
    if (signal?.aborted)
      throw new MessengerError('aborted', 'waiting for the delivery was aborted', { cause: signal.reason })
    if (this.#closing) throw new MessengerError('closed', 'the messenger was closed before the delivery')
  }

  /**
   * Be reachable: accept connections and, with trackers, announce our address until {@link close}.
   * @returns the address URL really listened on
   * @throws {MessengerError} `listen` | `closed`
   */
  async listen(options: string | ListenOptions = {}): Promise<string> {
    this.#assertOpen()
    const { address = DEFAULT_ADDRESS, announce } = typeof options === 'string' ? { address: options } : options
    let listener: Listener
    try {
      listener = await this.#network.listen(address)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('listen', `cannot listen on ${address}: ${why}`, { cause })
    }
    try {
      this.#assertOpen()
      if (this.#resolver) this.#announce(this.#resolver, listener.address, announce)
    } catch (error) {
      await listener.close()
      throw error
    }
    this.#listeners.push(listener)
    return listener.address
  }

  /**
   * Write down a person, by key or contact link. The name in a link is used unless one is given. Undoes {@link block}.
   * @throws {MessengerError} `bad-key` | `store` | `closed`
   */
  async addContact(person: string | Uint8Array, options: { name?: string } = {}): Promise<Contact> {
    const { peer, name } = toPerson(person)
    this.#toOther(peer)
    const chosen = options.name ?? name
    const wasBlocked = this.#people.isBlocked(peer)
    const contact = await this.#people.put(peer, { kind: 'contact', ...(chosen === '' ? {} : { name: chosen }) })
    const waiting = wasBlocked ? await this.#access.ask(() => this.#store.pending(peer, 1)) : []
    if (waiting.length > 0) this.#kick(peer)
    if (wasBlocked) this.#inbox.notify(peer)
    return contact
  }

  /**
   * Talk to this person no more, in either direction, and close what is open. What is undelivered stays where it is, for
   * the day when {@link addContact} undoes this.
   * @throws {MessengerError} `bad-key` | `store` | `closed`
   */
  async block(person: string | Uint8Array): Promise<void> {
    const peer = toPeer(person)
    await this.#people.put(peer, { kind: 'blocked' })
    this.#couriers.get(peer)?.close()
    this.#couriers.delete(peer)
    for (const connection of this.#network.connections())
      if (toHex(connection.remotePublicKey) === peer) connection.close()
  }

  /** @throws {MessengerError} `store` | `closed` */
  contacts(): Promise<Contact[]> {
    return this.#access.ask(() => this.#store.contacts())
  }

  /** Newest first. @throws {MessengerError} `bad-key` | `bad-content` for an id that is none | `store` | `closed` */
  async history(
    person: string | Uint8Array,
    options: { limit?: number; before?: HistoryEntry } = {},
  ): Promise<HistoryEntry[]> {
    const peer = toPeer(person)
    const { limit = 100, before: last } = options
    const before =
      last && (await this.#access.ask(() => this.#store.message(peer, parseMessageId(last.id), last.outgoing)))
    const range = { limit, ...(before ? { beforeSeq: before.seq } : {}) }
    const rows = await this.#access.ask(() => this.#store.history(peer, range))
    return rows.map((row) => ({
      ...viewContent(row),
      id: String(row.guid),
      peer: row.peer,
      outgoing: row.outgoing,
      state: row.state,
      sentAt: new Date(row.sendTimeMs),
    }))
  }

  /** Also try this address URL for the person, before asking the trackers. Kept until the messenger closes. */
  addAddress(person: string | Uint8Array, address: string): void {
    const peer = toPeer(person)
    const known = this.#hints.get(peer) ?? []
    if (!known.includes(address)) this.#hints.set(peer, [...known, address].slice(-MAX_HINTS))
    this.#couriers.get(peer)?.retryNow()
  }

  /** The network is back, or the machine woke up: try everyone at once. */
  retryNow(): void {
    for (const courier of this.#couriers.values()) courier.retryNow()
  }

  /** @throws {MessengerError} `store` | `closed` */
  async health(): Promise<Health> {
    const { undelivered, unhandled } = await this.#access.ask(() => this.#store.counts())
    return {
      listening: this.#listeners.map((listener) => listener.address),
      connections: this.#network.connections().length,
      undelivered,
      unhandled,
    }
  }

  /**
   * Stop in order: accept nothing new, let running handlers finish and acknowledgements arrive, then close the
   * database. What is not delivered yet stays in the outbox for the next start.
   *
   * A handler may call it: its message then counts as handled. A loop over {@link messages} is to be left first.
   *
   * @param options - `timeoutMs`: how long handlers and connections may take together, default 5 000
   * @throws {MessengerError} `store` when the database cannot be closed
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#handlers.finishCaller()
    this.#closing ??= this.#close(options.timeoutMs ?? 5_000)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    for (const announcing of this.#announcing) announcing.stop()
    for (const look of this.#waiting) look()
    const startMs = this.#clock.nowMs()
    const leftMs = (): number => Math.max(0, timeoutMs - Math.max(0, this.#clock.nowMs() - startMs))
    await Promise.allSettled(this.#listeners.map((listener) => listener.close()))
    await this.#within(leftMs(), this.#inbox.close())
    for (const courier of this.#couriers.values()) courier.close()
    await this.#network.close({ timeoutMs: leftMs() })
    await this.#resolver?.close()
    await this.#within(Math.max(leftMs(), STORE_GRACE_MS), this.#access.close())
    try {
      await this.#store.close()
    } catch (cause) {
      throw storeError(cause)
    }
  }

  /** Wait for `work`, but no longer than so. */
  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.schedule(resolve, ms)
    })
    await Promise.race([work, late])
    cancel()
  }

  #assertOpen(): void {
    if (this.#closing) throw new MessengerError('closed', 'the messenger is closed')
  }

  /** While the messenger closes, running handlers may still answer. */
  async #enqueue(peer: string, content: Content, guid: bigint, heldBy: number | undefined): Promise<Sent> {
    if (heldBy === undefined) this.#assertOpen()
    if (this.#people.isBlocked(peer)) throw new MessengerError('blocked', `${peer} is blocked: addContact undoes that`)
    const encoded = encodeContent(content)
    try {
      await this.#access.track(
        this.#store.enqueue({
          ...encoded,
          peer,
          guid,
          sendTimeMs: Math.floor(this.#clock.nowMs()),
          editTimeMs: 0,
          ...(heldBy === undefined ? {} : { heldBy }),
        }),
      )
    } catch (cause) {
      if (this.#access.closed) throw new MessengerError('closed', 'the messenger is closed', { cause })
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('store', `the message was not accepted: ${why}`, { cause })
    }
    return { id: String(guid), to: peer }
  }

  #toOther(person: string | Uint8Array): string {
    const peer = toPeer(person)
    if (peer === this.publicKey) throw new MessengerError('bad-key', 'this is our own key: expected somebody else')
    return peer
  }

  #kick(peer: string): void {
    if (!this.#closing) this.#courier(peer).kick()
  }

  #courier(peer: string): Courier {
    let courier = this.#couriers.get(peer)
    if (courier) return courier
    courier = new Courier(peer, fromHex(peer), {
      store: this.#store,
      network: this.#network,
      clock: this.#clock,
      retry: this.#retry,
      random: () => new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32,
      resolve: (publicKey, options) => this.#resolve(peer, publicKey, options),
      isBlocked: () => this.#people.isBlocked(peer),
      forget: (publicKey, address) => this.#resolver?.forget(publicKey, address),
      onDelivered: (to, guid) => this.#emitter.emit('delivered', { id: String(guid), to }),
      onFailed: () => {
        for (const look of this.#waiting) look()
      },
      onState: (to, state) => this.#emitter.emit('state', { peer: to, ...state }),
      onQuiet: (quiet) => {
        if (quiet.idle && this.#couriers.get(peer) === quiet) this.#couriers.delete(peer)
      },
      onError: (error) => this.#report(error),
    })
    this.#couriers.set(peer, courier)
    // An acknowledgement that comes while we close is written down, and nothing else begins.
    if (this.#closing) courier.close()
    return courier
  }

  async #resolve(
    peer: string,
    publicKey: Uint8Array,
    options: { force: boolean; signal: AbortSignal },
  ): Promise<string[]> {
    const hints = this.#hints.get(peer) ?? []
    if (!this.#resolver || (hints.length > 0 && !options.force)) return hints
    const found = await this.#resolver.resolve(publicKey, options)
    return found.map(({ address }) => address)
  }

  #connected(connection: Connection): ConnectionHandlers {
    const peer = toHex(connection.remotePublicKey)
    // After READY, so that the connection is whole before it is used.
    queueMicrotask(() => {
      if (connection.closed || this.#closing) return
      // It may have been blocked since it proved itself.
      if (this.#people.isBlocked(peer)) {
        connection.close()
        return
      }
      this.#courier(peer).attach(connection)
      void this.#askInfo(peer, connection)
    })
    return {
      message: (frame) => this.#received(peer, connection, frame),
      acknowledged: (guid) => this.#courier(peer).acknowledged(guid),
      // It has left the window: there is room for those behind it.
      unanswered: () => this.#couriers.get(peer)?.kick(),
      writable: () => this.#couriers.get(peer)?.kick(),
      infoRequest: (sinceSeconds) => {
        if (this.#profile.timeSeconds > sinceSeconds) connection.sendInfo(this.#profile)
      },
      info: (told) => {
        this.#people.putProfile(peer, told).then(
          (contact) => this.#emitter.emit('contact', contact),
          (error) => this.#report(error),
        )
      },
      closed: () => this.#couriers.get(peer)?.detach(connection),
    }
  }

  #listenerFailed(listener: Listener, cause: Error): void {
    const index = this.#listeners.indexOf(listener)
    if (index >= 0) this.#listeners.splice(index, 1)
    this.#report(
      new MessengerError('listen', `${listener.address} is not listened on any more: ${cause.message}`, { cause }),
    )
  }

  async #askInfo(peer: string, connection: Connection): Promise<void> {
    try {
      const contact = await this.#store.contact(peer)
      if (!connection.closed) connection.requestInfo(contact?.infoTimeSeconds ?? 0n)
    } catch (error) {
      this.#report(error)
    }
  }

  /** Durable first, acknowledged after: the sender forgets the message when it sees the OK. */
  #received(peer: string, connection: Connection, frame: TextFrame): void {
    const { guid, replyTo, messageType } = frame
    if (!isReadable(messageType, frame.payload)) {
      this.#logger?.warn({ peer, guid: String(guid) }, 'malformed attachment dropped')
      connection.acknowledge(guid)
      return
    }
    const stored = this.#store.receive({
      peer,
      guid,
      replyTo,
      messageType,
      sendTimeMs: toTimeMs(frame.sendTimeMs),
      editTimeMs: frame.editTimeMs === 0n ? 0 : toTimeMs(frame.editTimeMs),
      payload: frame.payload.slice(),
      receivedMs: this.#clock.nowMs(),
    })
    this.#access.track(stored).then(
      (row) => {
        if (!connection.closed) connection.acknowledge(guid)
        if (row) this.#inbox.notify(peer)
      },
      (cause) => {
        this.#report(new MessengerError('store', 'an incoming message could not be stored', { cause }))
        connection.close()
      },
    )
  }

  /** Run the handlers of one message. @returns what to do once the cursor is on disk, if anybody took the message */
  async #handle(row: StoredMessage): Promise<(() => void) | undefined> {
    if (this.#people.isBlocked(row.peer)) return undefined
    const contact = await this.#store.contact(row.peer)
    const view = viewContent(row)
    let index = 0
    const send = async (to: string, content: Content): Promise<Sent> => {
      const guid = replyGuid(this.publicKey, row.peer, row.guid, to, index++)
      return this.#enqueue(to, content, guid, row.seq)
    }
    const receivers = new Set<string>()
    let released = false
    const message: IncomingMessage = {
      ...view,
      id: String(row.guid),
      from: row.peer,
      fromName: contact?.name || contact?.nickname || row.peer.slice(0, 8),
      sentAt: new Date(row.sendTimeMs),
      receivedAt: new Date(row.settledMs),
      reply: (content) => message.send(row.peer, quoting(content, String(row.guid))),
      send: async (to, content) => {
        const peer = this.#toOther(to)
        receivers.add(peer)
        const sent = await send(peer, content)
        // After the handler has finished there is nothing left to hold it.
        if (released) this.#kick(peer)
        return sent
      },
    }
    const taken = await this.#handlers.run(message, (cause) => {
      const what = `the handler of message ${row.guid} from ${row.peer} failed`
      this.#report(new MessengerError('handler', what, { cause }))
    })
    if (!taken) return undefined
    return () => {
      released = true
      for (const peer of receivers) this.#kick(peer)
    }
  }

  #announce(resolver: Resolver, listening: string, announce: string | undefined): void {
    const reachable = announce ?? reachableAddress(listening, this.#hostAddresses())
    if (reachable === undefined)
      throw new MessengerError(
        'listen',
        `${listening} is every interface of this machine, and none has a Yggdrasil address to announce: ` +
          'listen on one address, or say which to announce',
      )
    const announcing = resolver.startAnnouncing({ address: reachable })
    announcing.on('announced', ({ address, ttlSeconds }) => this.#emitter.emit('announced', { address, ttlSeconds }))
    announcing.on('failed', ({ error }) => this.#logger?.warn({ err: error }, 'announce failed'))
    this.#announcing.push(announcing)
  }

  #report(error: unknown): void {
    const known = storeError(error)
    this.#logger?.warn({ err: known }, known.message)
    this.#emitter.emit('error', known)
  }
}

/** Port 5050 is the protocol's own (peer protocol §2). */
const DEFAULT_ADDRESS = 'tcp://[::]:5050'
const MAX_HINTS = 8
/** What is being written when the time to close is up gets this much more. */
const STORE_GRACE_MS = 500
