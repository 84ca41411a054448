import type { Database } from '@mimirjs/store'
import {
  type Clock,
  type DatagramPeer,
  type DatagramSocket,
  type DatagramTransport,
  Emitter,
  type Logger,
  wallClock,
} from '@mimirjs/transport'
import { udp } from '@mimirjs/transport/udp'
import { TrackerError } from './error.js'
import { completeLimits, type TrackerLimits } from './limits.js'
import { loadStore } from './load-store.js'
import { type Commit, TrackerMachine } from './machine.js'
import { POLICIES } from './policy.js'
import { publicKeyOf } from './record.js'
import { classify } from './source.js'
import type { Storage } from './storage.js'
import { Table } from './table.js'
import { verifyRecord } from './verify.js'

export interface TrackerOptions {
  /**
   * Address URL to serve on: `udp://[200:…]:5050`. Loopback, private and Yggdrasil (200::/7) addresses, and the
   * wildcards `udp://[::]:5050` and `udp://0.0.0.0:5050`, on which nobody outside those ranges is answered. For the rest
   * see {@link allowAnySource}.
   */
  readonly address: string
  /** SQLite file, made if it is not there; `:memory:`; or a database opened with {@link STORE_MIGRATIONS}. */
  readonly store: string | Database
  /**
   * What a commit survives before its announce is acknowledged. `process` (default): the death of the process. `power`:
   * the loss of power as well, for one fsync per turn of the event loop. Not used for a database of your own.
   */
  readonly durability?: 'process' | 'power'
  /** The way to the network. Default: UDP. */
  readonly transport?: DatagramTransport
  /**
   * Answer everybody. Anybody who can forge a sender address can then point this tracker at others: each resolve
   * of 38 bytes sends up to 956. Default `false`.
   */
  readonly allowAnySource?: boolean
  readonly limits?: Partial<TrackerLimits>
  /** Has to be wall-clock time: the store outlives the process. */
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Figures since the start, and what the table holds now. */
export interface TrackerStats {
  readonly users: number
  readonly records: number
  /** Resolves answered, and those of them that found somebody. */
  readonly answered: number
  readonly found: number
  /** Announces stored, and those refused because the table or the share of their sender was full. */
  readonly announced: number
  readonly refused: number
  /** Datagrams dropped: no request; wrong signature; above a rate; from outside of what is served. */
  readonly malformed: number
  readonly badSignature: number
  readonly limited: number
  readonly notServed: number
  /** Announces that could not be written down. */
  readonly storeFailures: number
}

export interface TrackerEvents extends Record<string, unknown> {
  /** A record was stored; the acknowledgement is on its way. */
  announced: { readonly publicKey: Uint8Array; readonly clientId: number }
  /** The socket failed; it is opened again after `retryMs`. */
  down: { readonly error: unknown; readonly retryMs: number }
  /** The socket is open again. */
  up: { readonly address: string }
}

/** A running tracker, made by {@link createTracker}. */
export interface Tracker {
  /** Address URL really bound. */
  readonly address: string
  stats(): TrackerStats
  /** @returns a function that takes the listener off again */
  on<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): () => void
  off<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): void
  /** Stop answering, write down what is pending, close the store. Calling it again joins the first call. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const MAX_RETRY_MS = 60_000
const COARSE_MS = 20

/**
 * Start a tracker of the classic generation.
 *
 * ```ts
 * const tracker = await createTracker({ address: 'udp://[::1]:5050', store: 'tracker.sqlite' })
 * ```
 *
 * @throws {TrackerError} `public-address` | `listen` | `store-foreign` | `store-newer` | `store-in-use` | `store` |
 *   `bad-option`
 */
export async function createTracker(options: TrackerOptions): Promise<Tracker> {
  const limits = completeLimits(options.limits)
  requireSafeAddress(options)
  const { store, durability = 'process', clock = wallClock, logger } = options
  const policy = POLICIES.classic
  const table = new Table(policy, limits)
  const { database, storage } = await loadStore({ store, durability, policy, table, clock, logger })
  try {
    const tracker = new RunningTracker(options, limits, clock, table, database, storage)
    await tracker.open()
    return tracker
  } catch (error) {
    database?.close()
    throw error
  }
}

class RunningTracker implements Tracker {
  readonly #limits: TrackerLimits
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #transport: DatagramTransport
  readonly #table: Table
  /** Ours to close; absent when the caller opened it. */
  readonly #database: Database | undefined
  readonly #storage: Storage
  readonly #machine: TrackerMachine
  readonly #emitter: Emitter<TrackerEvents>
  readonly #pending = new Set<Promise<void>>()
  #address: string
  #socket: DatagramSocket | undefined
  #cancelSweep: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  #nowMs: number | undefined
  #cancelNow: (() => void) | undefined
  #storeFailures = 0
  #storeFails = false
  #closing: Promise<void> | undefined

  constructor(
    options: TrackerOptions,
    limits: TrackerLimits,
    clock: Clock,
    table: Table,
    database: Database | undefined,
    storage: Storage,
  ) {
    const { address, allowAnySource = false, transport = udp(), logger } = options
    this.#limits = limits
    this.#clock = clock
    this.#logger = logger
    this.#transport = transport
    this.#table = table
    this.#database = database
    this.#storage = storage
    this.#address = address
    this.#emitter = new Emitter((error) => logger?.warn({ err: error }, 'a listener threw'))
    this.#machine = new TrackerMachine({
      policy: POLICIES.classic,
      limits,
      table,
      allowAnySource,
      verify: verifyRecord,
      nowMs: clock.nowMs(),
    })
    this.#scheduleSweep()
  }

  get address(): string {
    return this.#address
  }

  stats(): TrackerStats {
    return {
      users: this.#table.users,
      records: this.#table.records,
      ...this.#machine.counters,
      storeFailures: this.#storeFailures,
    }
  }

  on<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  off<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): void {
    this.#emitter.off(name, listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @throws {TrackerError} `listen` */
  async open(): Promise<void> {
    let socket: DatagramSocket
    try {
      socket = await this.#transport.open(this.#address)
    } catch (cause) {
      this.#cancelSweep?.()
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new TrackerError('listen', `the tracker cannot serve on ${this.#address}: ${reason}`, { cause })
    }
    this.#start(socket)
    this.#logger?.info({ address: this.#address, users: this.#table.users }, 'tracker is serving')
  }

  #start(socket: DatagramSocket): void {
    this.#socket = socket
    this.#address = socket.localAddress
    socket.start({
      message: (bytes, from) => this.#receive(socket, bytes, from),
      closed: (error) => {
        if (this.#closing === undefined) this.#retry(error, 1000)
      },
    })
  }

  #receive(socket: DatagramSocket, bytes: Uint8Array, from: DatagramPeer): void {
    if (this.#closing !== undefined) return
    const reaction = this.#machine.receive(bytes, from, this.#coarseMs())
    if (reaction === undefined) return
    if (reaction instanceof Uint8Array) this.#send(socket, reaction, from)
    else this.#commit(socket, reaction, from)
  }

  /** The time, at most 20 ms old: asking for it costs as much as finding a user, and nothing here is that exact. */
  #coarseMs(): number {
    if (this.#nowMs === undefined) {
      this.#nowMs = this.#clock.nowMs()
      this.#cancelNow = this.#clock.schedule(() => {
        this.#nowMs = undefined
      }, COARSE_MS)
    }
    return this.#nowMs
  }

  /** The answer goes out after the commit: whoever was told that the record is kept finds it after a crash. */
  #commit(socket: DatagramSocket, commit: Commit, from: DatagramPeer): void {
    const done = this.#storage.write(commit.changes).then(
      () => {
        this.#storeFails = false
        this.#send(socket, commit.acknowledgement, from)
        const { user, clientId } = commit
        this.#emitter.emit('announced', { publicKey: publicKeyOf(user), clientId })
      },
      (error: unknown) => {
        this.#storeFailures++
        if (!this.#storeFails) this.#logger?.error({ err: error }, 'records cannot be written down; served from memory')
        this.#storeFails = true
        this.#send(socket, commit.refusal, from)
      },
    )
    this.#pending.add(done)
    void done.finally(() => this.#pending.delete(done))
  }

  #send(socket: DatagramSocket, bytes: Uint8Array, to: DatagramPeer): void {
    try {
      socket.send(bytes, to)
    } catch (error) {
      this.#logger?.debug({ err: error }, 'an answer could not be sent')
    }
  }

  /** A socket that fails takes no table with it: open it again, however long that takes. */
  #retry(error: unknown, retryMs: number): void {
    this.#socket = undefined
    this.#logger?.error({ err: error, retryMs }, 'the socket failed')
    this.#emitter.emit('down', { error, retryMs })
    this.#cancelRetry = this.#clock.schedule(() => {
      this.#transport.open(this.#address).then(
        (socket) => {
          if (this.#closing !== undefined) return socket.close()
          this.#start(socket)
          this.#emitter.emit('up', { address: this.#address })
          return undefined
        },
        (cause: unknown) => {
          if (this.#closing === undefined) this.#retry(cause, Math.min(retryMs * 2, MAX_RETRY_MS))
        },
      )
    }, retryMs)
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.schedule(() => {
      this.#scheduleSweep()
      const nowMs = this.#clock.nowMs()
      const removed = this.#table.sweep(nowMs)
      if (removed > 0) this.#logger?.debug({ removed }, 'expired records removed')
      const swept = this.#storage.sweep(POLICIES.classic.lapsedBelowMs(nowMs)).catch((error: unknown) => {
        this.#logger?.error({ err: error }, 'expired records cannot be removed from the store')
      })
      this.#pending.add(swept)
      void swept.finally(() => this.#pending.delete(swept))
    }, this.#limits.sweepIntervalMs)
  }

  async #close(): Promise<void> {
    this.#cancelSweep?.()
    this.#cancelRetry?.()
    this.#cancelNow?.()
    const socket = this.#socket
    await Promise.allSettled(this.#pending)
    await socket?.close()
    this.#database?.close()
  }
}

/** A resolve is answered with up to 25 times its bytes, and UDP senders can be forged outside of overlays. */
function requireSafeAddress({ address, allowAnySource = false }: TrackerOptions): void {
  let scope: ReturnType<typeof classify>['scope']
  try {
    scope = classify(address).scope
  } catch (cause) {
    throw new TrackerError('bad-option', `address: expected an address URL such as udp://[::1]:5050, got ${address}`, {
      cause,
    })
  }
  if (scope !== 'public' || allowAnySource) return
  throw new TrackerError(
    'public-address',
    `${address} is an address of the open Internet, where a tracker can be misused to flood others. ` +
      'Serve on a Yggdrasil (200::/7), private or loopback address, or set allowAnySource',
  )
}
