import { type Clock, Emitter, type Listener, type Logger, wallClock } from '@mimirjs/transport'
import { Accounts } from './accounts.js'
import { createLocalBus } from './bus.js'
import { createCluster } from './cluster/cluster.js'
import type { Cluster } from './cluster/types.js'
import { type Core, secondsOf } from './core.js'
import { Counters } from './counters.js'
import { MediatorServerError } from './error.js'
import { Housekeeping } from './housekeeping.js'
import { type HttpPage, serveHttp } from './http.js'
import { Hub } from './hub.js'
import { completeLimits } from './limits.js'
import { Nonces } from './nonces.js'
import { call, type MediatorStore, type Program } from './operations.js'
import { presenceMessage, sawLast } from './presence.js'
import { RateLimits } from './rate-limits.js'
import { Rooms } from './rooms.js'
import type { TlvDialect } from './session.js'
import { openSqliteStore } from './stores/sqlite.js'
import type { Mediator, MediatorEvents, MediatorListen, MediatorOptions, MediatorStats } from './types.js'

const PUBLIC_KEY_BYTES = 32
const CLOSE_TIMEOUT_MS = 2_000

/**
 * Start a mediator: a group chat server for all three dialects on one port.
 *
 * ```ts
 * const mediator = await createMediator({
 *   signer,
 *   transports: new Transports([tcp()]),
 *   listen: ['tcp://127.0.0.1:7001'],
 *   store: 'mediator.db',
 * })
 * ```
 *
 * @throws {MediatorServerError} `bad-option` | `listen` | `store-foreign` | `store-in-use` | `store-newer` | `store`
 */
export async function createMediator(options: MediatorOptions): Promise<Mediator> {
  const limits = completeLimits(options.limits)
  const listen = options.listen.map(listenOf)
  checkOptions(options, listen)
  const { store, durability } = options
  const isOurs = typeof store === 'string'
  const opened = isOurs ? openSqliteStore(store, { durability }) : store
  const mediator = new RunningMediator(options, limits, opened, isOurs)
  try {
    await mediator.open(listen)
    return mediator
  } catch (error) {
    await mediator.close({ timeoutMs: 0 })
    throw error
  }
}

class RunningMediator implements Mediator {
  readonly publicKey: Uint8Array
  readonly #options: MediatorOptions
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #store: MediatorStore
  readonly #isStoreOurs: boolean
  readonly #emitter: Emitter<MediatorEvents>
  readonly #counters = new Counters()
  readonly #rooms: Rooms
  readonly #accounts = new Accounts()
  readonly #hub: Hub
  readonly #core: Core
  readonly #cluster: Cluster | undefined
  readonly #housekeeping: Housekeeping
  readonly #listeners: Listener[] = []
  readonly #pending = new Set<Promise<unknown>>()
  #http: HttpPage | undefined
  #closing: Promise<void> | undefined

  constructor(
    options: MediatorOptions,
    limits: ReturnType<typeof completeLimits>,
    store: MediatorStore,
    isStoreOurs: boolean,
  ) {
    const { signer, clock = wallClock, logger, moderation = 'strict', retentionDays = 0, bus } = options
    this.#options = options
    this.publicKey = signer.publicKey.slice()
    this.#clock = clock
    this.#logger = logger
    this.#store = store
    this.#isStoreOurs = isStoreOurs
    const broken = (error: unknown): void => logger?.error({ err: error }, 'a part of the mediator threw')
    this.#emitter = new Emitter((error) => logger?.warn({ err: error }, 'a listener threw'))
    this.#rooms = new Rooms({
      opened: (room) => this.#cluster?.opened(room),
      closed: (room) => this.#cluster?.closed(room),
      absent: (room, account) => this.#cluster?.absent(room, account),
    })
    const core: Omit<Core, 'cluster'> = {
      mediatorKey: this.publicKey,
      moderation,
      limits,
      clock,
      logger,
      emitter: this.#emitter,
      counters: this.#counters,
      store,
      rooms: this.#rooms,
      accounts: this.#accounts,
      nonces: new Nonces(limits),
      rates: new RateLimits(limits),
      background: (program, chatId) => this.#background(program, chatId),
      storeFailed: (error) => this.#storeFailed(error),
      broken,
    }
    this.#cluster = store.shared ? createCluster(core, bus ?? createLocalBus()) : undefined
    this.#core = { ...core, cluster: this.#cluster }
    this.#hub = new Hub(this.#core)
    this.#housekeeping = new Housekeeping(this.#core, retentionDays, () => this.#hub.sweep())
  }

  get addresses(): readonly string[] {
    return this.#listeners.map(({ address }) => address)
  }

  get httpAddress(): string | undefined {
    return this.#http?.address
  }

  stats(): MediatorStats {
    const { bufferedBytes, cut, ...counters } = this.#counters
    let queuedBytes = 0
    for (const { outbox } of this.#hub.connections) queuedBytes += outbox.bytes
    return {
      connections: this.#hub.connections.size,
      authenticated: this.#accounts.connections,
      subscriptions: this.#rooms.subscriptions,
      rooms: this.#rooms.size,
      queuedBytes,
      bufferedBytes,
      ...counters,
      cut: { ...cut },
    }
  }

  on<Name extends keyof MediatorEvents>(name: Name, listener: (event: MediatorEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  off<Name extends keyof MediatorEvents>(name: Name, listener: (event: MediatorEvents[Name]) => void): void {
    this.#emitter.off(name, listener)
  }

  async backup(path: string): Promise<void> {
    if (this.#closing !== undefined) throw new MediatorServerError('closed', 'the mediator was closed')
    await this.#store.backup(path)
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @throws {MediatorServerError} `listen` | `store` */
  async open(listen: readonly MediatorListen[]): Promise<void> {
    await this.#housekeeping.start()
    this.#cluster?.start()
    for (const { address, tlvDialect } of listen) {
      const dialect = tlvDialect ?? defaultDialect(address)
      this.#listeners.push(await this.#listen(address, dialect))
    }
    const { http } = this.#options
    if (http !== undefined)
      this.#http = await serveHttp(
        http.address,
        () => this.#isHealthy(),
        () => this.stats(),
      )
    this.#logger?.info({ addresses: this.addresses, http: this.httpAddress }, 'mediator is serving')
  }

  async #listen(address: string, dialect: TlvDialect): Promise<Listener> {
    try {
      return await this.#options.transports.listen(address, {
        onStream: (stream) => this.#hub.accept(stream, dialect),
        onError: (error) => this.#logger?.error({ err: error, address }, 'a listener failed'),
      })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new MediatorServerError('listen', `the mediator cannot listen on ${address}: ${reason}`, { cause })
    }
  }

  /** Whether the store answers. */
  #isHealthy(): Promise<boolean> {
    const answers = this.#store.run(() => call('lastMessageIds', []))
    return answers.then(
      () => true,
      () => false,
    )
  }

  #background<T>(program: () => Program<T>, chatId?: bigint): Promise<T | undefined> {
    const done = this.#store.run(program, { chatId }).catch((error: unknown) => {
      this.#storeFailed(error)
      return undefined
    })
    this.#pending.add(done)
    void done.finally(() => this.#pending.delete(done))
    return done
  }

  #storeFailed(error: unknown): void {
    this.#counters.storeFailures++
    this.#logger?.error({ err: error }, 'the store failed')
    this.#emitter.emit('storeFailed', { error })
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#housekeeping.stop()
    const cancelTimer = { current: (): void => {} }
    const timeout = new Promise<void>((resolve) => {
      cancelTimer.current = this.#clock.schedule(resolve, timeoutMs)
    })
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    // What was asked for is answered first: whoever has no answer does not know.
    await Promise.race([this.#hub.drain(), timeout])
    for (const room of this.#rooms.all())
      for (const { publicKey } of room.online.keys()) this.#leave(room.chatId, publicKey)
    await Promise.race([Promise.all(this.#pending), timeout])
    this.#cluster?.stop()
    await Promise.race([this.#hub.farewell(), timeout])
    cancelTimer.current()
    this.#hub.abortAll()
    await this.#http?.close()
    await Promise.allSettled(this.#pending)
    if (this.#isStoreOurs) await this.#store.close()
  }

  /** The disconnect path of everybody at once: last seen is written, and nobody is left to be told (§2). */
  #leave(chatId: bigint, publicKey: Uint8Array): void {
    const seconds = secondsOf(this.#clock)
    this.#cluster?.announce(chatId, presenceMessage(this.publicKey, publicKey, false, seconds))
    void this.#background(() => sawLast(chatId, publicKey, seconds), chatId)
  }
}

function listenOf(given: string | MediatorListen): MediatorListen {
  return typeof given === 'string' ? { address: given } : given
}

/** Mediator protocol §1.2: what speaks QUIC expects pushes to look like answers. */
function defaultDialect(address: string): TlvDialect {
  return address.startsWith('quic:') ? 'tlv' : 'tlv-push'
}

function checkOptions(
  { signer, moderation, retentionDays = 0 }: MediatorOptions,
  listen: readonly MediatorListen[],
): void {
  if (!(signer.publicKey instanceof Uint8Array) || signer.publicKey.length !== PUBLIC_KEY_BYTES)
    throw badOption(`signer.publicKey must be ${PUBLIC_KEY_BYTES} bytes`)
  if (moderation !== undefined && moderation !== 'strict' && moderation !== 'original')
    throw badOption(`moderation must be 'strict' or 'original', got ${String(moderation)}`)
  if (!Number.isFinite(retentionDays) || retentionDays < 0)
    throw badOption(`retentionDays must be a number of at least 0, got ${String(retentionDays)}`)
  for (const { tlvDialect } of listen)
    if (tlvDialect !== undefined && tlvDialect !== 'tlv' && tlvDialect !== 'tlv-push')
      throw badOption(`tlvDialect must be 'tlv' or 'tlv-push', got ${String(tlvDialect)}`)
}

function badOption(message: string): MediatorServerError {
  return new MediatorServerError('bad-option', message)
}
