import type { Signer } from '@mimirjs/crypto'
import { Peer } from '@mimirjs/peer'
import { Resolver } from '@mimirjs/resolver-client'
import { type Clock, Emitter, type Logger, steadyClock, type Transports } from '@mimirjs/transport'
import { fromHex, type Generation, toHex } from '@mimirjs/wire'
import { formatContactLink } from '@mimirjs/wire/link'
import { DEFAULT_GENERATION, openParts, rendezvousPlatform } from '#platform'
import { Acceptance } from './acceptance.js'
import { blobType } from './blob-type.js'
import { commandPrefix } from './bot/command.js'
import type { Dialogue } from './bot/dialogue.js'
import type { Middleware } from './bot/middleware.js'
import type { CommandHandler, CommandOptions, HeardHandler } from './bot/routes.js'
import { missedCallRecord } from './call-records.js'
import type { Call, CallOptions, MissedCall } from './calls/call.js'
import { CONNECTION_RING_MS } from './calls/call-times.js'
import { Calls } from './calls/calls.js'
import { random } from './chance.js'
import { type ContactRequest, ContactRequests } from './contact-requests.js'
import type { Content } from './content.js'
import { Conversations } from './conversations.js'
import { countBytes } from './counted-streams.js'
import { isMessengerError, MessengerError } from './error.js'
import { FEATURES, unsupported } from './features.js'
import { fileServerAccess } from './file-servers.js'
import { Transfers } from './files/transfers.js'
import type { DownloadedFile, DownloadOptions } from './files/types.js'
import type { Group } from './groups/group.js'
import { Groups } from './groups/groups.js'
import type { CreateGroupOptions, GroupInvite, MediatorEvent } from './groups/types.js'
import { Handlers, type MessageHandler } from './handlers.js'
import { Handling } from './handling.js'
import { toPeer, toPeerOrGroup, toPerson } from './identity.js'
import { Inbox } from './inbox.js'
import { logEvents } from './log-events.js'
import { Meetings } from './meetings.js'
import type { HistoryEntry, IncomingMessage, Sent } from './message.js'
import { parseMessageId, randomGuid } from './message-id.js'
import { streamMessages } from './message-stream.js'
import { Metering } from './metering.js'
import { multicastError, type NearbyPerson } from './multicast.js'
import { Nearby } from './nearby.js'
import { Outbox } from './outbox.js'
import { messengerAddress, type OverlayNode, overlayHealth, watchOverlay } from './overlay.js'
import { People } from './people.js'
import type { PlatformParts } from './platform/types.js'
import { Reachability, TCP_ADDRESS } from './reachability.js'
import { Reception } from './reception.js'
import { type Knock, rendezvousError, withRendezvous } from './rendezvous.js'
import { rendezvousOptionsOf } from './rendezvous-options.js'
import { changeProfile, loadClientId, loadProfile, type Profile, type ProfileChange } from './settings.js'
import type { Contact, ContactKind, Store } from './store.js'
import { isFull, isStoreError, StoreAccess, storeError } from './store-access.js'
import { canAnnounce, trackerNetwork } from './tracker-network.js'
import type { ConversationSummary, Health, ListenOptions, MessengerEvents, MessengerOptions } from './types.js'
import { viewContent } from './view.js'

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
  readonly #logger: Logger | undefined
  readonly #generation: Generation
  readonly #network: Peer
  readonly #resolver: Resolver | undefined
  readonly #emitter: Emitter<MessengerEvents>
  readonly #handlers = new Handlers((cause) => this.#closes.signal.aborted && isClosedError(cause))
  readonly #metering: Metering
  readonly #commandPrefix: string
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #requests: ContactRequests
  readonly #transfers: Transfers
  readonly #acceptance: Acceptance
  readonly #handling: Handling
  readonly #reachability: Reachability
  readonly #calls: Calls
  readonly #groups: Groups
  readonly #conversations: Conversations
  readonly #access = new StoreAccess()
  readonly #people: People
  /** Streams of messages: told to look again when the messenger closes. */
  readonly #streams = new Set<() => void>()
  #profile: Profile
  readonly #overlay: OverlayNode | undefined
  /** The program gave it to us, and goes on using it. */
  readonly #isOverlayGiven: boolean
  readonly #endOverlayWatch: (() => void) | undefined
  readonly #nearby: Nearby | undefined
  readonly #meetings: Meetings | undefined
  /** Why there is none, although there was to be one. */
  readonly #notMet: MessengerError | undefined
  readonly #release: PlatformParts['release']
  readonly #closes = new AbortController()
  #closing: Promise<void> | undefined

  private constructor(
    folder: string,
    parts: PlatformParts,
    options: MessengerOptions,
    loaded: {
      clientId: number
      profile: Profile
      kinds: ReadonlyMap<string, ContactKind>
      notMet: MessengerError | undefined
    },
  ) {
    const { store, clock } = parts
    const { overlay } = parts
    this.#overlay = overlay
    this.#isOverlayGiven = overlay === options.overlay
    const generation =
      options.generation ?? (overlay === undefined && options.rendezvous === undefined ? DEFAULT_GENERATION : 'current')
    const features = FEATURES[generation]
    const onError = (error: unknown): void => this.#report(error)
    const isClosing = (): boolean => this.#closing !== undefined
    const assertOpen = (): void => this.#assertOpen()
    const retry = { minMs: options.retry?.minMs ?? 1_000, maxMs: options.retry?.maxMs ?? 120_000 }
    this.publicKey = toHex(parts.signer.publicKey)
    this.#signer = parts.signer
    this.#store = store
    this.#release = parts.release
    this.#notMet = loaded.notMet
    this.#clock = clock
    this.#logger = options.logger
    this.#generation = generation
    this.#commandPrefix = commandPrefix(options.commandPrefix)
    this.#metering = new Metering(options.metrics, options.logger)
    const transports = this.#metering.isOn ? this.#counted(parts.transports) : parts.transports
    this.#profile = loaded.profile
    this.#people = new People(store, this.#access, loaded.kinds, options.acceptFrom)
    // Not an `error` event: a listener of that may be the one that throws.
    this.#emitter = new Emitter((error) => this.#logger?.error({ err: error }, 'a listener threw'))
    if (options.logger) logEvents(this.#emitter, options.logger)
    this.#inbox = new Inbox({ store, clock, run: (message, park) => this.#handling.handle(message, park), onError })
    if (options.trackers && options.trackers.length > 0)
      this.#resolver = new Resolver({
        ...trackerNetwork(options.trackers, parts),
        signer: parts.signer,
        clientId: loaded.clientId >>> 0,
        ...(options.clock ? { clock: options.clock } : {}),
        ...(options.logger ? { logger: options.logger } : {}),
      })
    this.#outbox = new Outbox({
      store,
      clock,
      access: this.#access,
      people: this.#people,
      network: () => this.#network,
      resolver: this.#resolver,
      // Some have one key for both; the originals try that, too (current protocol §2.1).
      lastResort: overlay === undefined ? undefined : messengerAddress,
      nearby: (peer) => this.#nearby?.way(peer),
      sources: { hasTrackers: this.#resolver !== undefined, hasLocalNetwork: parts.multicast !== undefined },
      meet: (publicKey, signal) => this.#meetings?.meet(publicKey, signal),
      isRestarting: (address) => this.#meetings?.isRestarting(address) ?? false,
      retry,
      emitter: this.#emitter,
      isClosing,
      hasErrand: async (peer) => (await this.#requests.hasWord(peer)) || this.#transfers.wants(peer),
      onError,
    })
    this.#requests = new ContactRequests({
      store,
      clock,
      access: this.#access,
      people: this.#people,
      policy: options.contactRequests ?? 'ask',
      profile: () => this.#profile,
      connection: (peer) => this.#network.connection(fromHex(peer)),
      kick: (peer) => this.#outbox.kick(peer),
      onAccepted: (peer) => this.#outbox.accepted(peer),
      onRequest: (request) => this.#emitter.emit('contactRequest', request),
      onAnswer: (peer, accepted) => this.#emitter.emit('contactAnswer', { peer, accepted }),
      onError,
    })
    const fileServers = fileServerAccess({ ...options, ...parts, clock: options.clock ?? steadyClock })
    this.#transfers = new Transfers({
      store,
      disk: parts.disk,
      folder,
      clock,
      retry,
      connections: (peer) => this.#network.connectionsOf(fromHex(peer)),
      kick: (peer) => this.#kick(peer),
      fileServer: fileServers.own,
      connectFileServer: (key) => fileServers.connect(key),
      onEvent: (event) => this.#emitter.emit('file', event),
      onError,
      ...(options.transferLimits ? { limits: options.transferLimits } : {}),
      ...(options.faults ? { faults: options.faults } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
    })
    this.#calls = new Calls({
      clock,
      generation,
      publicKey: this.publicKey,
      maxCalls: options.maxCalls ?? 1,
      lines: (peer) => this.#network.connectionsOf(fromHex(peer)).reverse(),
      dial: (peer, signal) => this.#outbox.dial(peer, signal),
      isBlocked: (peer) => this.#people.isBlocked(peer),
      onCall: (call) => this.#emitter.emit('call', call),
      onMissed: (missed) => this.#missed(missed),
    })
    this.#conversations = new Conversations({
      store,
      access: this.#access,
      transfers: this.#transfers,
      publicKey: this.publicKey,
      group: (id) => this.#groups.find(id),
    })
    this.#groups = new Groups({
      store,
      clock,
      access: this.#access,
      people: this.#people,
      signer: parts.signer,
      transports,
      publicKey: this.publicKey,
      mediators: options.mediators ?? [],
      policy: options.groupInvites ?? 'ask',
      conversations: this.#conversations,
      emitter: this.#emitter,
      inbox: this.#inbox,
      metering: this.#metering,
      logger: options.logger,
      profile: () => this.#profile,
      send: (group, content) => this.send(group, content),
      toOther: (person) => this.#toOther(person),
      wakeWaiting: () => this.#outbox.wakeWaiting(),
      removed: () => this.#transfers.groupRemoved(),
      assertOpen,
      isClosing,
      onError,
      ...(options.clock ? { networkClock: options.clock } : {}),
      ...(options.retry ? { retry } : {}),
    })
    this.#acceptance = new Acceptance({
      store,
      clock,
      generation,
      access: this.#access,
      people: this.#people,
      transfers: this.#transfers,
      groups: this.#groups,
      metering: this.#metering,
      assertOpen,
    })
    this.#handling = new Handling({
      store,
      clock,
      people: this.#people,
      handlers: this.#handlers,
      acceptance: this.#acceptance,
      metering: this.#metering,
      publicKey: this.publicKey,
      commandPrefix: this.#commandPrefix,
      groups: this.#groups,
      toReceiver: (to) => this.#toReceiver(to),
      download: (message, how) => this.download(message, how),
      kick: (peer) => this.#kick(peer),
      onFailure: (error, fields) => this.#report(error, fields),
    })
    this.#reachability = new Reachability({
      network: () => this.#network,
      resolver: this.#resolver,
      canAnnounce: (address) => canAnnounce(options.trackers ?? [], address),
      hostAddresses: parts.hostAddresses,
      defaultAddress: overlay === undefined ? TCP_ADDRESS : messengerAddress(overlay.publicKey),
      emitter: this.#emitter,
      logger: options.logger,
      assertOpen,
      onError,
    })
    const reception = new Reception({
      store,
      clock,
      access: this.#access,
      people: this.#people,
      features,
      outbox: this.#outbox,
      inbox: this.#inbox,
      requests: this.#requests,
      transfers: this.#transfers,
      calls: this.#calls,
      emitter: this.#emitter,
      metering: this.#metering,
      logger: options.logger,
      profile: () => this.#profile,
      isClosing,
      onClosed: ({ remotePublicKey, remoteAddress }) => {
        if (!this.#network.connection(remotePublicKey)) this.#meetings?.lost(toHex(remotePublicKey), remoteAddress)
      },
      onError,
    })
    this.#network = new Peer({
      signer: parts.signer,
      transports,
      clientId: loaded.clientId,
      generation,
      // Random bytes to the originals; between our own kind they show that nobody relays, and logins need no ration.
      challenges: { bound: true },
      timers: { ringMs: CONNECTION_RING_MS },
      onConnection: (connection) => {
        // After READY, so that the connection is whole before anything else is given up for it.
        queueMicrotask(() => this.#meetings?.connected(connection))
        return reception.connected(connection)
      },
      authorize: (remotePublicKey, { direction }) =>
        (features.strangersConnect && direction === 'inbound') ||
        this.#people.accepts(toHex(remotePublicKey), direction),
      onListenerError: (listener, error) => this.#reachability.lost(listener, error),
      ...(options.limits ? { limits: options.limits } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
    })
    this.#endOverlayWatch =
      overlay && watchOverlay(overlay, { clock, onEvent: (event) => this.#emitter.emit('overlay', event), onError })
    if (parts.multicast)
      this.#nearby = new Nearby({
        network: parts.multicast,
        signer: parts.signer,
        people: this.#people,
        clock: options.clock,
        logger: options.logger,
        mayCome: (peer) => !this.#people.isBlocked(peer),
        connectedTo: (peer) => this.#network.connectionsOf(fromHex(peer)).map(({ remoteAddress }) => remoteAddress),
        onEvent: (event) => this.#emitter.emit('nearby', event),
        onFound: (peer, address) => this.#outbox.found(peer, address),
        onError,
      })
    if (parts.rendezvous)
      this.#meetings = new Meetings({
        place: parts.rendezvous,
        network: () => this.#network,
        people: this.#people,
        clock,
        random,
        name: () => this.#profile.nickname,
        onKnock: (knock) => this.#emitter.emit('knock', knock),
        onKnockOver: (peer) => this.#emitter.emit('knockOver', { peer }),
        onMissed: (peer) => this.#emitter.emit('missedKnock', { peer }),
        onServer: (status) => this.#emitter.emit('rendezvous', status),
        onClock: (event) => this.#emitter.emit('clock', event),
        onPath: (peer) => this.#outbox.pathChanged(peer),
        onError,
      })
  }

  /**
   * Open the messenger that lives in `folder`: its key in `identity.key`, everything else in `messenger.sqlite`.
   * Both are made on first use. Delivery of what is still undelivered starts at once. What cannot be reached now, peers of
   * the overlay among it, is tried again for as long as it is open. In a browser `folder` is a name: of the databases where all of that is.
   * Where there is no room left, it opens without rendezvous, which has to write something at each start, and stays so until it
   * is opened again: `error` says that once, and {@link health} as long as it lasts.
   *
   * @throws {MessengerError} `in-use` when another process, or page, has it open, `store` when it cannot be read, `passphrase` in a
   * browser when the key needs one that is not given, or does not fit,
   * `too-large` for the name, `bad-content` for a mediator that is none, or trackers that do not go together, `overlay`,
   * `multicast` or `rendezvous` when the node of it cannot start
   */
  static async open(folder: string, options: MessengerOptions = {}): Promise<Messenger> {
    // Before anything is made or opened.
    const rendezvous = rendezvousOptionsOf(options.rendezvous)
    let parts = await openParts(folder, options)
    const { store } = parts
    let messenger: Messenger | undefined
    try {
      const { clock, logger } = options
      let notMet: MessengerError | undefined
      parts = await withRendezvous(parts, rendezvous, { clock, logger, platform: rendezvousPlatform }).catch(
        (cause: unknown) => {
          // Else nobody could even delete something.
          if (!isMessengerError(cause) || !isFull(cause)) throw cause
          const why = 'our rendezvous node cannot start: there is no room left: make some, then open this again'
          notMet = new MessengerError('rendezvous', why, { cause })
          return parts
        },
      )
      await store.discardHeld()
      const opened = (messenger = new Messenger(folder, parts, options, {
        clientId: await loadClientId(store),
        profile: await loadProfile(store, options.name, parts.clock.nowMs()),
        kinds: await store.contactKinds(),
        notMet,
      }))
      await opened.#requests.load()
      await opened.#transfers.start()
      await opened.#groups.start()
      opened.#metering.start(opened.#emitter, () => opened.health())
      for (const peer of await store.pendingPeers()) opened.#outbox.kick(peer)
      await opened.#beNearby()
      await opened.#beMet()
      // When there is somebody who listens.
      if (notMet !== undefined) parts.clock.schedule(() => opened.#report(notMet), 0)
      return opened
    } catch (error) {
      await (messenger?.close({ timeoutMs: 0 }) ?? closeParts(parts, options)).catch(() => {})
      throw isStoreError(error) ? storeError(error) : error
    }
  }

  /**
   * Fires when {@link close} begins, with the error `closed` as its reason. A handler that gives it to what it waits for, and lets
   * that error through, is cut off in order: its message is not handled, and comes again at the next start.
   */
  get closing(): AbortSignal {
    return this.#closes.signal
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
      if (this.#handlers.isEmpty) this.#inbox.pause()
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
      waiting: this.#streams,
    }
    return streamMessages(source, options.signal)
  }

  /** Run this around everything that handles messages, in the order given: see {@link Middleware}. */
  use(middleware: Middleware): this {
    this.#handlers.middleware.push(middleware)
    return this
  }

  /**
   * Handle `/name …`, in any case. Commands come before patterns, both before the handlers of `message`, and the first
   * that wants a message has it alone. A bot that has nothing but commands and patterns lets everything else pass as handled.
   * @param names - letters, digits, `_` and `-`, without the prefix; several are the same command
   * @throws {RangeError} for a name that cannot be written, or has a handler already
   */
  command(names: string | readonly string[], handler: CommandHandler, options?: CommandOptions): this {
    this.#handlers.routes.command(names, handler, options)
    void this.#inbox.open()
    return this
  }

  /** Handle commands that nobody knows. @throws {RangeError} when there is a handler for them already */
  unknownCommand(handler: CommandHandler): this {
    this.#handlers.routes.unknownCommand(handler)
    void this.#inbox.open()
    return this
  }

  /** Handle texts and captions that a pattern fits: a text in any case and as a whole, a regular expression anywhere. */
  hears(patterns: string | RegExp | readonly (string | RegExp)[], handler: HeardHandler): this {
    this.#handlers.routes.hears(patterns, handler)
    void this.#inbox.open()
    return this
  }

  /** What can be asked of us: a line per command that has a description. */
  helpText(): string {
    return this.#handlers.routes.helpText(this.#commandPrefix)
  }

  /**
   * Take the next messages of this person before the commands and handlers get them, until it is ended. One that is opened
   * in a handler ends with the handler. A handler may talk with the sender of its own message: from the first time it
   * waits for an answer, that message counts as handled.
   * @param options - `group`: take what the person says in this group, and say the rest there; default: what it says to us alone
   * @throws {MessengerError} `busy` while there is one with this person (there) | `bad-key`, also for our own | `unknown-group` |
   * `closed`
   */
  conversation(person: string | Uint8Array, options: { group?: Group | string } = {}): Dialogue {
    this.#assertOpen()
    const send = (peer: string, content: Content): Promise<Sent> => this.send(peer, content)
    const { group } = options
    const parts = {
      clock: this.#clock,
      send,
      ...(group === undefined ? {} : { group: this.#groups.get(typeof group === 'string' ? group : group.id).id }),
    }
    const dialogue = this.#handlers.dialogues.open(this.#toOther(person), parts)
    void this.#inbox.open()
    return dialogue
  }

  /**
   * Send to a person, or to a group. When the promise resolves the message is on disk and will be delivered, now or after any number
   * of restarts of either side.
   *
   * @param to - public key (32 bytes or 64 hex digits), contact link, or id of a group
   * @throws {MessengerError} `bad-key`, also for our own | `bad-content` | `too-large` | `blocked` | `not-member`, `forbidden` for a
   * group | `store` | `closed`; then nothing was accepted
   */
  async send(to: string | Uint8Array, content: Content): Promise<Sent> {
    this.#assertOpen()
    // Checking a key is costly; the keys of those we are busy with were checked before.
    const isKnown = typeof to === 'string' && this.#outbox.knows(to)
    const peer = isKnown ? to : this.#toReceiver(to)
    const sent = await this.#acceptance.accept(peer, content, randomGuid(), undefined)
    this.#kick(peer)
    return sent
  }

  /**
   * Resolves when the receiver has the message on disk; for one to a group, when its mediator has. It waits as long as that takes, or until `signal` fires.
   * @throws {MessengerError} `unknown-message` | `aborted` | `closed` | `bad-content` for a message that was given up
   */
  whenDelivered(sent: Sent, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#outbox.whenDelivered(sent, options.signal)
  }

  /**
   * Be reachable: accept connections and, with trackers, announce our address until {@link close}.
   * @returns the address URL really listened on
   * @throws {MessengerError} `listen` | `closed`
   */
  async listen(options: string | ListenOptions = {}): Promise<string> {
    this.#assertOpen()
    return this.#reachability.listen(typeof options === 'string' ? { address: options } : options)
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
    if (waiting.length > 0) this.#outbox.kick(peer)
    if (wasBlocked) this.#inbox.notify(peer)
    if (wasBlocked) this.#nearby?.unblocked(peer)
    this.#meetings?.acquainted(peer)
    return contact
  }

  /**
   * Talk to this person no more, in either direction, and close what is open. What is undelivered stays where it is, for
   * the day when {@link addContact} undoes this.
   * @throws {MessengerError} `bad-key` | `store` | `closed`
   */
  async block(person: string | Uint8Array): Promise<void> {
    const peer = toPeer(person)
    if (this.#groups.find(peer)) throw new MessengerError('bad-key', 'this is a group: leave it, or block a person')
    const wasBlocked = this.#people.isBlocked(peer)
    await this.#people.put(peer, { kind: 'blocked' })
    this.#calls.drop(peer)
    this.#outbox.drop(peer)
    for (const connection of this.#network.connectionsOf(fromHex(peer))) connection.close()
    if (!wasBlocked) this.#nearby?.blocked(peer)
    this.#meetings?.blocked(peer)
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
    return this.#conversations.history(this.#toConversation(person), options)
  }

  /**
   * Take a message out of our own history; the other side keeps its copy, for the protocol knows no deletion between two
   * people ({@link Group.deleteMessage} deletes everywhere). One that was not delivered yet will not be.
   * @returns whether there was such a message
   * @throws {MessengerError} `bad-key` | `bad-content` for an id that is none | `store` | `closed`
   */
  async deleteMessage(person: string | Uint8Array, id: string, options: { outgoing: boolean }): Promise<boolean> {
    const peer = this.#toConversation(person)
    const guid = parseMessageId(id)
    this.#assertOpen()
    const removed = await this.#conversations.remove(peer, guid, options.outgoing)
    if (options.outgoing) this.#outbox.wakeWaiting()
    return removed
  }

  /**
   * Change what others see of us. Those connected ask again on their next connection.
   * @throws {MessengerError} `too-large` | `bad-content` | `store` | `closed`
   */
  async setProfile(change: ProfileChange): Promise<void> {
    const nowMs = this.#clock.nowMs()
    this.#profile = await this.#access.ask(() => changeProfile(this.#store, this.#profile, change, nowMs))
    this.#groups.profileChanged()
  }

  /**
   * Make a person a contact and ask them to do the same. The request is repeated on every connection until they answer,
   * or write anything; event `contactAnswer` tells.
   * @throws {MessengerError} `unsupported` outside the current generation | `bad-key` | `too-large` | `store` | `closed`
   */
  async requestContact(
    person: string | Uint8Array,
    options: { message?: string; name?: string } = {},
  ): Promise<Contact> {
    this.#assertOpen()
    if (!FEATURES[this.#generation].contactRequests)
      throw unsupported(this.#generation, 'contactRequests', 'contact requests')
    const contact = await this.addContact(person, options.name === undefined ? {} : { name: options.name })
    await this.#requests.ask(contact.peer, options.message ?? '')
    return contact
  }

  /** Requests that wait for {@link acceptContact} or {@link refuseContact}, oldest first. @throws {MessengerError} `store` | `closed` */
  contactRequests(): Promise<ContactRequest[]> {
    return this.#requests.list()
  }

  /** Say yes to a request: the person is a contact. @throws {MessengerError} `unknown-request` | `bad-key` | `store` | `closed` */
  async acceptContact(person: string | Uint8Array): Promise<void> {
    const peer = toPeer(person)
    const wasBlocked = this.#people.isBlocked(peer)
    await this.#requests.decide(peer, true)
    this.#meetings?.acquainted(peer)
    if (!wasBlocked) return
    this.#outbox.kick(peer)
    this.#inbox.notify(peer)
    this.#nearby?.unblocked(peer)
  }

  /** Say no to a request. @throws {MessengerError} `unknown-request` | `bad-key` | `store` | `closed` */
  refuseContact(person: string | Uint8Array): Promise<void> {
    return this.#requests.decide(toPeer(person), false)
  }

  /** Everybody we know, and our groups, those we talked to last first, with what is unread. @throws {MessengerError} `store` | `closed` */
  conversations(): Promise<ConversationSummary[]> {
    return this.#conversations.list()
  }

  /** Everything of this person, or group, up to now has been read. @throws {MessengerError} `bad-key` | `store` | `closed` */
  async markRead(person: string | Uint8Array): Promise<void> {
    await this.#conversations.markRead(this.#toConversation(person))
  }

  /** Texts and captions that contain this, newest first. @throws {MessengerError} `bad-key` | `store` | `closed` */
  async search(text: string, options: { person?: string | Uint8Array; limit?: number } = {}): Promise<HistoryEntry[]> {
    const { person, limit = 100 } = options
    const range = { limit, ...(person === undefined ? {} : { peer: this.#toConversation(person) }) }
    return this.#conversations.search(text, range)
  }

  /**
   * Make a group, with us as its owner. It takes a proof of work of about a second. The key is made here, and never leaves
   * unencrypted. If the answer of the mediator is lost, there may be a group there that nobody has the key of.
   * @throws {MessengerError} `bad-content` without a mediator, or a good name | `too-large` | `mediator`, also for too many groups an hour | `aborted` | `store` | `closed`
   */
  createGroup(options: CreateGroupOptions): Promise<Group> {
    return this.#groups.create(options)
  }

  /** Those we are in, or were. @throws {MessengerError} `closed` */
  async groups(): Promise<Group[]> {
    this.#assertOpen()
    return this.#groups.list()
  }

  /** @throws {MessengerError} `unknown-group` | `closed` */
  async group(id: string): Promise<Group> {
    this.#assertOpen()
    return this.#groups.get(id)
  }

  /** Invites that wait for {@link joinGroup} or {@link declineGroup}. @throws {MessengerError} `store` | `closed` */
  groupInvites(): Promise<GroupInvite[]> {
    return this.#groups.invites.list()
  }

  /**
   * Accept an invite. Once begun it is finished, at the next start if need be, unless it is refused.
   * @param invite - the invite, or its id
   * @throws {MessengerError} `unknown-invite` | `damaged` when no key can be had from it | `not-member` when it has expired | `mediator` |
   * `aborted` | `store` | `closed`
   */
  joinGroup(invite: string | GroupInvite, options: { signal?: AbortSignal } = {}): Promise<Group> {
    return this.#groups.join(invite, options)
  }

  /** Refuse an invite; nobody is told. @throws {MessengerError} `unknown-invite` | `mediator` | `store` | `closed` */
  declineGroup(invite: string | GroupInvite): Promise<void> {
    return this.#groups.decline(invite)
  }

  /**
   * Fetch the file of a message and put it on disk. The wish is kept: it is fetched, or goes on being fetched, whatever
   * happens to this call or this process.
   * @throws {MessengerError} `unknown-file` | `file` the disk, or the place to put it | `damaged` | `store` | `aborted` | `closed`
   */
  download(message: { id: string; peer: string }, options: DownloadOptions = {}): Promise<DownloadedFile> {
    return this.#transfers.download(this.#toConversation(message.peer), parseMessageId(message.id), options)
  }

  /**
   * The contents of a file that is here: of one that is {@link download | downloaded}, of our copy of one that we sent, or of one
   * that came inside its message. Its type is the sender's word for it where a browser only shows such things, else
   * `application/octet-stream`.
   * @throws {MessengerError} `unknown-file` when it has none, or it is not here | `damaged` | `file` | `bad-key` | `bad-content` for an id that is none | `store` | `closed`
   */
  async fileBlob(message: { id: string; peer: string; outgoing?: boolean }): Promise<Blob> {
    const { id, outgoing = false } = message
    const peer = this.#toConversation(message.peer)
    const guid = parseMessageId(id)
    const stored = await this.#access.ask(() => this.#store.message(peer, guid, outgoing))
    const file = stored && viewContent(stored).file
    if (file === undefined) throw new MessengerError('unknown-file', `message ${id} has no file`)
    if (file.damaged) throw new MessengerError('damaged', `the file in message ${id} is not what its sender meant`)
    const blob = file.bytes
      ? new Blob([file.bytes as Uint8Array<ArrayBuffer>])
      : await this.#access.ask(() => this.#transfers.blob(peer, guid, outgoing))
    return blob.slice(0, blob.size, blobType(file.mimeType))
  }

  /**
   * Stop a download and keep what has come; {@link download} goes on from there.
   * @throws {MessengerError} `unknown-file` | `cannot-resume` for an original client that has sent a part of it: it goes on |
   * `store`
   */
  pauseDownload(message: { id: string; peer: string }): Promise<void> {
    return this.#transfers.pause(toPeer(message.peer), parseMessageId(message.id))
  }

  /** Stop a download and throw away what has come. @throws {MessengerError} `unknown-file` | `store` */
  cancelDownload(message: { id: string; peer: string }): Promise<void> {
    return this.#transfers.cancel(toPeer(message.peer), parseMessageId(message.id))
  }

  /**
   * Call a person. Resolves when the offer is on its way on a connection that has just answered; see {@link Call}.
   * @throws {MessengerError} `unsupported` in the classic generation | `call` when a call goes on already, or nobody was
   * reached within 30 s | `bad-key` | `bad-content` | `blocked` | `aborted` | `closed`
   */
  async call(person: string | Uint8Array, options: CallOptions = {}): Promise<Call> {
    this.#assertOpen()
    return this.#calls.call(this.#toOther(person), options)
  }

  /** Also try this address URL for the person, before asking the trackers. Kept until the messenger closes. */
  addAddress(person: string | Uint8Array, address: string): void {
    this.#outbox.addAddress(toPeer(person), address)
  }

  /**
   * Have a connection to this person, whether or not there is something to send: event `state` tells how it stands.
   * @throws {MessengerError} `bad-key` | `unreachable` | `blocked` | `aborted` | `closed`
   */
  async connect(person: string | Uint8Array, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#assertOpen()
    const peer = this.#toOther(person)
    if (this.#people.isBlocked(peer)) throw new MessengerError('blocked', `${peer} is blocked: addContact undoes that`)
    const { signal = this.#closes.signal } = options
    try {
      await this.#outbox.dial(peer, signal)
    } catch (cause) {
      this.#assertOpen()
      if (signal.aborted) throw new MessengerError('aborted', 'connecting was aborted', { cause })
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('unreachable', `${peer} cannot be reached: ${why}`, { cause })
    }
  }

  /** The network is back, or the machine woke up: try everyone at once, and see which connections still live. */
  retryNow(): void {
    this.#overlay?.retryNow()
    this.#nearby?.refresh()
    this.#meetings?.refresh()
    this.#reachability.refresh()
    this.#outbox.retryNow()
    this.#transfers.retryNow()
    this.#groups.retryNow()
    for (const connection of this.#network.connections()) connection.probe().catch(() => {})
  }

  /**
   * Who is said to be on the local network now, strangers too; nobody without the option `multicast`. Those we heard longest
   * ago come first.
   */
  nearby(): NearbyPerson[] {
    return this.#nearby?.list() ?? []
  }

  /** Those who knock and wait for {@link acceptKnock} or {@link declineKnock}; nobody without the option `rendezvous`. */
  knocks(): Knock[] {
    return this.#meetings?.knocks() ?? []
  }

  /**
   * Let in somebody who knocks, and make them a contact: what they wanted to say comes then. {@link addContact} does the same.
   * @throws {MessengerError} `unknown-request` when no knock of theirs waits | `bad-key` | `store` | `closed`
   */
  async acceptKnock(person: string | Uint8Array): Promise<Contact> {
    const peer = this.#toOther(person)
    this.#withRendezvous().demandKnock(peer)
    return this.addContact(person)
  }

  /**
   * Do not let in somebody who knocks. They are told nothing, as if we were not there.
   * @param options - `tell`: tell them; `block`: and {@link block} them
   * @throws {MessengerError} `unknown-request` when no knock of theirs waits | `bad-key` | `store` | `closed`
   */
  async declineKnock(person: string | Uint8Array, options: { tell?: boolean; block?: boolean } = {}): Promise<void> {
    const peer = this.#toOther(person)
    const meetings = this.#withRendezvous()
    meetings.demandKnock(peer)
    meetings.decline(peer, options.tell ?? false)
    if (options.block) await this.block(peer)
  }

  /** Use one more rendezvous server, until we close. @throws {MessengerError} `rendezvous` without the option, for a URL that is none, or too many */
  addRendezvousServer(url: string): void {
    this.#withRendezvous().addServer(url)
  }

  /** Leave a rendezvous server. Links that are there stay. @throws {MessengerError} `rendezvous` without the option, or for a URL that is none */
  removeRendezvousServer(url: string): void {
    this.#withRendezvous().removeServer(url)
  }

  /** How we stand with every mediator that we know now: what the last `mediator` event of each said. */
  mediators(): MediatorEvent[] {
    return this.#groups.mediators()
  }

  /** @throws {MessengerError} `store` | `closed` */
  async health(): Promise<Health> {
    const { undelivered, unhandled } = await this.#access.ask(() => this.#store.counts())
    return {
      listening: this.#reachability.addresses,
      connections: this.#network.connections().length,
      mediators: this.#groups.connected,
      overlay: this.#overlay && overlayHealth(this.#overlay),
      multicast: this.#nearby?.health,
      rendezvous: this.#meetings?.health,
      rendezvousProblem: this.#notMet?.message,
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
    this.#closes.abort(new MessengerError('closed', 'the messenger is closed'))
    this.#calls.close()
    this.#reachability.silence()
    this.#outbox.wakeWaiting()
    for (const look of this.#streams) look()
    this.#meetings?.leave()
    this.#handlers.dialogues.close()
    this.#metering.stop()
    const startMs = this.#clock.nowMs()
    const leftMs = (): number => Math.max(0, timeoutMs - Math.max(0, this.#clock.nowMs() - startMs))
    await Promise.all([this.#reachability.close(), this.#nearby?.leave()])
    await this.#within(leftMs(), this.#inbox.close())
    this.#outbox.close()
    await this.#within(leftMs(), this.#groups.close(leftMs()))
    await this.#within(leftMs(), this.#transfers.close())
    await this.#network.close({ timeoutMs: leftMs() })
    await this.#resolver?.close()
    this.#endOverlayWatch?.()
    if (!this.#isOverlayGiven) await this.#overlay?.close({ timeoutMs: leftMs() })
    await this.#nearby?.close()
    await this.#meetings?.close()
    await this.#within(Math.max(leftMs(), STORE_GRACE_MS), this.#access.close())
    try {
      await this.#store.close()
    } catch (cause) {
      throw storeError(cause)
    } finally {
      await this.#release?.()
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

  /** Take connections on the local network, then say there that we are. */
  async #beNearby(): Promise<void> {
    const nearby = this.#nearby
    if (nearby === undefined) return
    try {
      await this.#reachability.listenQuietly(nearby.address)
    } catch (cause) {
      throw multicastError('our node of the local network', cause)
    }
    await nearby.start()
  }

  /** Be ready for whoever comes through rendezvous, then tell the servers that we are there. */
  async #beMet(): Promise<void> {
    const meetings = this.#meetings
    if (meetings === undefined) return
    try {
      await this.#reachability.listenQuietly(meetings.address)
    } catch (cause) {
      throw rendezvousError('our rendezvous node', cause)
    }
    meetings.start()
  }

  /** @throws {MessengerError} `rendezvous` | `closed` */
  #withRendezvous(): Meetings {
    this.#assertOpen()
    if (this.#meetings === undefined)
      throw this.#notMet ?? new MessengerError('rendezvous', 'this messenger was opened without the option rendezvous')
    return this.#meetings
  }

  #assertOpen(): void {
    if (this.#closing) throw new MessengerError('closed', 'the messenger is closed')
  }

  #toOther(person: string | Uint8Array): string {
    const peer = toPeer(person)
    if (this.#groups.find(peer)) throw new MessengerError('bad-key', 'this is a group: expected a person')
    if (peer === this.publicKey) throw new MessengerError('bad-key', 'this is our own key: expected somebody else')
    return peer
  }

  /** A group, or somebody else. @throws {MessengerError} `bad-key` */
  #toReceiver(to: string | Uint8Array): string {
    return this.#groups.resolve(to) ?? this.#toOther(toPeerOrGroup(to))
  }

  /** A person, or a group. @throws {MessengerError} `bad-key` */
  #toConversation(person: string | Uint8Array): string {
    return this.#groups.resolve(person) ?? toPeerOrGroup(person)
  }

  /** There is something to deliver. */
  #kick(peer: string): void {
    if (this.#groups.find(peer)) this.#groups.kick(peer)
    else this.#outbox.kick(peer)
  }

  #missed(missed: MissedCall): void {
    this.#access.track(this.#store.receive(missedCallRecord(missed, this.#clock))).then(
      () => {
        this.#inbox.notify(missed.peer)
        this.#emitter.emit('missedCall', missed)
      },
      (cause) => this.#report(new MessengerError('store', 'a missed call could not be written down', { cause })),
    )
  }

  #counted(transports: Transports): Transports {
    return countBytes(transports, {
      sent: (bytes) => this.#metering.count('network.sent', bytes),
      received: (bytes) => this.#metering.count('network.received', bytes),
    })
  }

  /** @param fields - of the line in the log */
  #report(error: unknown, fields: object = {}): void {
    const known = storeError(error)
    this.#logger?.warn({ ...fields, code: known.code, err: known }, known.message)
    this.#emitter.emit('error', known)
  }
}

/** What was opened for a messenger that cannot be made. */
async function closeParts(
  { store, overlay, multicast, rendezvous, release }: PlatformParts,
  options: MessengerOptions,
): Promise<void> {
  if (overlay !== options.overlay) await overlay?.close({ timeoutMs: 0 })
  await multicast?.node.close()
  await rendezvous?.node.close()
  try {
    await store.close()
  } finally {
    await release?.()
  }
}

function isClosedError(cause: unknown): boolean {
  return isMessengerError(cause) && cause.code === 'closed'
}

/** What is being written when the time to close is up gets this much more. */
const STORE_GRACE_MS = 500
