import type { Database } from '@mimirjs/store'
import {
  type Clock,
  type DatagramPeer,
  type DatagramSocket,
  type DatagramTransport,
  Emitter,
  type Logger,
  steadyClock,
} from '@mimirjs/transport'
import { udp } from '@mimirjs/transport/udp'
import { TrackerError } from './error.js'
import type { TrackerLimits } from './limits.js'
import { type Commit, TrackerMachine } from './machine.js'
import { POLICIES, type TrackerPolicy } from './policy.js'
import { publicKeyOf, type TableChange } from './record.js'
import type { Storage } from './storage.js'
import { Gossip } from './sync/gossip.js'
import { SyncService } from './sync/service.js'
import type { SyncCounters } from './sync/types.js'
import type { Table } from './table.js'
import type { SyncOptions, Tracker, TrackerEvents, TrackerOptions, TrackerStats } from './types.js'
import { verifyRecord } from './verify.js'

const MAX_RETRY_MS = 60_000
const COARSE_MS = 20

const NO_SYNC: SyncCounters = { synced: 0, syncIgnored: 0, syncSent: 0, syncDropped: 0 }

/** A tracker whose store is open and read. */
export class RunningTracker implements Tracker {
  readonly #policy: TrackerPolicy
  readonly #limits: TrackerLimits
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #transport: DatagramTransport
  readonly #table: Table
  /** Ours to close; absent when the caller opened it. */
  readonly #database: Database | undefined
  readonly #storage: Storage
  readonly #machine: TrackerMachine
  readonly #syncOptions: SyncOptions | undefined
  /** Clock of links, which no correction of the time of day may end. */
  readonly #linkClock: Clock
  #sync: SyncService | undefined
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
    const { generation = 'classic', address, allowAnySource = false, transport = udp(), sync, logger } = options
    this.#policy = POLICIES[generation]
    this.#syncOptions = sync
    this.#linkClock = options.clock ?? steadyClock
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
      generation,
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
      syncPeers: this.#sync?.connected ?? 0,
      ...(this.#sync?.counters ?? NO_SYNC),
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
    try {
      this.#start(await this.#transport.open(this.#address))
      await this.#startSync()
    } catch (cause) {
      this.#closing = Promise.resolve()
      this.#cancelSweep?.()
      await this.#socket?.close()
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new TrackerError('listen', `the tracker cannot serve on ${this.#address}: ${reason}`, { cause })
    }
    this.#logger?.info({ address: this.#address, users: this.#table.users }, 'tracker is serving')
  }

  async #startSync(): Promise<void> {
    if (this.#syncOptions === undefined) return
    const { streams, peers = [], open = false } = this.#syncOptions
    if (peers.length === 0 && !open) return
    this.#sync = new SyncService({
      streams,
      peers,
      open,
      address: this.#address,
      limits: this.#limits,
      gossip: new Gossip({
        policy: this.#policy,
        limits: this.#limits,
        table: this.#table,
        checks: this.#machine.checks,
        verify: verifyRecord,
      }),
      clock: this.#clock,
      linkClock: this.#linkClock,
      logger: this.#logger,
      stored: ({ changes, user, record }, peer) => {
        this.#write(changes, (written) => {
          if (!written) return
          this.#emitter.emit('synced', { publicKey: publicKeyOf(user), clientId: record.clientId, peer })
        })
      },
      up: (peer) => this.#emitter.emit('peerUp', { peer }),
      down: (peer, error) => this.#emitter.emit('peerDown', { peer, error }),
    })
    await this.#sync.start()
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
    this.#write(commit.changes, (written) => {
      this.#send(socket, written ? commit.acknowledgement : commit.refusal, from)
      if (!written) return
      const { user, record } = commit
      this.#emitter.emit('announced', { publicKey: publicKeyOf(user), clientId: record.clientId })
      if (this.#closing === undefined) this.#sync?.announced(user, record)
    })
  }

  #write(changes: readonly TableChange[], done: (written: boolean) => void): void {
    this.#waitFor(
      this.#storage.write(changes).then(
        () => {
          this.#storeFails = false
          done(true)
        },
        (error: unknown) => {
          this.#storeFailures++
          if (!this.#storeFails)
            this.#logger?.error({ err: error }, 'records cannot be written down; served from memory')
          this.#storeFails = true
          done(false)
        },
      ),
    )
  }

  /** Closing waits for this. */
  #waitFor(work: Promise<void>): void {
    this.#pending.add(work)
    void work.finally(() => this.#pending.delete(work))
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
      this.#waitFor(
        this.#storage.sweep(this.#policy.lapsedBelowMs(nowMs)).catch((error: unknown) => {
          this.#logger?.error({ err: error }, 'expired records cannot be removed from the store')
        }),
      )
    }, this.#limits.sweepIntervalMs)
  }

  async #close(): Promise<void> {
    this.#cancelSweep?.()
    this.#cancelRetry?.()
    this.#cancelNow?.()
    const socket = this.#socket
    await this.#sync?.close()
    await Promise.allSettled(this.#pending)
    await socket?.close()
    this.#database?.close()
  }
}
