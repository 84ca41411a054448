import { toHex } from '@mimirjs/wire'
import { Announcer, type AnnouncerEvents } from './announcer.js'
import { Cache } from './cache.js'
import { type ExchangeFailure, Exchanges, type Outgoing } from './exchange.js'
import type { AnnouncedRecord } from './forms.js'
import type { ResolverLimits } from './limits.js'
import { Lookup } from './lookup.js'
import type { ResolverPolicy } from './policy.js'
import type { ResolvedAddress } from './record.js'
import type { Tracker, Trackers } from './trackers.js'

// The resolver without sockets, timers and promises: commands, datagrams and the time go in; datagrams to send, results
// and the next deadline come out.

export type LookupResult =
  | { readonly type: 'found'; readonly addresses: readonly ResolvedAddress[] }
  | {
      readonly type: 'failed'
      readonly reason: ExchangeFailure | 'busy'
      readonly cause?: unknown
    }

export type LookupListener = (result: LookupResult) => void

/** One look-up and all who wait for it. */
interface Running {
  readonly publicKey: Uint8Array
  readonly lookup: Lookup
  readonly listeners: Set<LookupListener>
  /** Until when it may wait for free exchanges; `Infinity` once it was started. */
  startByMs: number
}

/** Exchanges that look-ups leave free, so that many of them do not keep us from announcing. */
const RESERVED_EXCHANGES = 8

export class ResolverMachine {
  readonly #policy: ResolverPolicy
  readonly #limits: ResolverLimits
  readonly #trackers: Trackers
  readonly #random: (byteLength: number) => Uint8Array
  readonly #exchanges: Exchanges
  readonly #cache: Cache
  /** By user; those waiting for exchanges are among them, oldest first. */
  readonly #running = new Map<string, Running>()
  readonly #announcers = new Set<Announcer>()
  #waiting = 0

  constructor(
    policy: ResolverPolicy,
    limits: ResolverLimits,
    trackers: Trackers,
    random: (byteLength: number) => Uint8Array,
  ) {
    this.#policy = policy
    this.#limits = limits
    this.#trackers = trackers
    this.#random = random
    this.#exchanges = new Exchanges(policy, limits.outstanding, random)
    this.#cache = new Cache(limits)
  }

  /** What is known without asking; `undefined` if a tracker has to be asked. */
  cached(publicKey: Uint8Array, nowMs: number): ResolvedAddress[] | undefined {
    return this.#cache.get(toHex(publicKey), nowMs)
  }

  /**
   * Ask the trackers (there has to be one), or join the look-up of this user that runs already.
   * @param listener - called once, later, unless cancelled
   * @returns a function that cancels; the look-up ends with its last listener
   */
  lookup(publicKey: Uint8Array, listener: LookupListener, nowMs: number): () => void {
    const user = toHex(publicKey)
    const running = this.#running.get(user) ?? this.#begin(user, new Uint8Array(publicKey), nowMs)
    running.listeners.add(listener)
    return () => {
      if (!running.listeners.delete(listener) || running.listeners.size > 0) return
      running.lookup.cancel()
      this.#remove(user, running)
    }
  }

  /**
   * An announcer for `record`; nothing is sent before its `refresh`.
   * @param repeat - `false` to announce once only
   */
  addAnnouncer(record: AnnouncedRecord, events: AnnouncerEvents, repeat: boolean): Announcer {
    const context = {
      policy: this.#policy,
      trackers: this.#trackers,
      exchanges: this.#exchanges,
      chance: () => {
        const bytes = this.#random(4)
        return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
      },
    }
    const announcer = new Announcer(context, record, events, repeat)
    this.#announcers.add(announcer)
    return announcer
  }

  removeAnnouncer(announcer: Announcer): void {
    announcer.stop()
    this.#announcers.delete(announcer)
  }

  forget(publicKey: Uint8Array, address: string): void {
    this.#cache.forget(toHex(publicKey), address)
  }

  /** A datagram arrived. @param from - address URL of its sender; only our trackers are listened to */
  receive(bytes: Uint8Array, from: string, nowMs: number): void {
    const tracker = this.#trackers.byAddress(from)
    if (tracker !== undefined) this.#exchanges.receive(bytes, tracker, nowMs)
  }

  unreachable(tracker: Tracker, cause: unknown, nowMs: number): void {
    this.#exchanges.unreachable(tracker, cause, nowMs)
  }

  /** When {@link tick} next has work; `Infinity` while nothing is awaited. */
  get nextDeadlineMs(): number {
    let next = this.#exchanges.nextDeadlineMs
    for (const { lookup, startByMs } of this.#running.values()) next = Math.min(next, lookup.nextDeadlineMs, startByMs)
    for (const announcer of this.#announcers) next = Math.min(next, announcer.nextDeadlineMs)
    return next
  }

  /** Do what is due. To be called after every command and datagram as well: it starts look-ups that wait for a place. */
  tick(nowMs: number): void {
    this.#exchanges.tick(nowMs)
    for (const announcer of [...this.#announcers]) announcer.tick(nowMs)
    for (const { lookup } of [...this.#running.values()]) lookup.tick(nowMs)
    if (this.#waiting > 0) this.#startWaiting(nowMs)
  }

  takeOutgoing(): Outgoing[] {
    return this.#exchanges.takeOutgoing()
  }

  /** Nothing is due any more, and nobody is called. */
  close(): void {
    for (const announcer of [...this.#announcers]) this.removeAnnouncer(announcer)
    for (const [user, running] of [...this.#running]) {
      running.lookup.cancel()
      this.#remove(user, running)
    }
  }

  #begin(user: string, publicKey: Uint8Array, nowMs: number): Running {
    const context = { policy: this.#policy, limits: this.#limits, exchanges: this.#exchanges }
    const running: Running = {
      publicKey,
      listeners: new Set(),
      startByMs: this.#waiting < this.#limits.waitingLookups ? nowMs + this.#limits.waitMs : nowMs,
      lookup: new Lookup(context, publicKey, (outcome, atMs) => {
        if (outcome.type === 'found') this.#cache.put(user, outcome.addresses, atMs)
        this.#finish(user, running, outcome)
      }),
    }
    this.#running.set(user, running)
    this.#waiting++
    return running
  }

  #startWaiting(nowMs: number): void {
    const asked = this.#trackers.inOrder().slice(0, Math.min(this.#limits.trackersAsked, this.#limits.outstanding))
    const reserved = Math.min(RESERVED_EXCHANGES, Math.max(0, this.#limits.outstanding - asked.length))
    for (const [user, running] of [...this.#running]) {
      if (running.startByMs === Infinity) continue
      if (this.#exchanges.free - reserved >= asked.length) {
        running.startByMs = Infinity
        this.#waiting--
        running.lookup.start(asked, nowMs)
      } else if (nowMs >= running.startByMs) this.#finish(user, running, { type: 'failed', reason: 'busy' })
    }
  }

  #finish(user: string, running: Running, result: LookupResult): void {
    this.#remove(user, running)
    for (const listener of [...running.listeners]) listener(result)
    running.listeners.clear()
  }

  #remove(user: string, running: Running): void {
    if (this.#running.get(user) !== running) return
    this.#running.delete(user)
    if (running.startByMs < Infinity) this.#waiting--
  }
}
