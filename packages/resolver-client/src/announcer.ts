import type { Exchange, ExchangeFailure, ExchangeOutcome, Exchanges } from './exchange.js'
import type { AnnouncedRecord } from './forms.js'
import type { ResolverPolicy } from './policy.js'
import type { Tracker, Trackers } from './trackers.js'

export type AnnounceFailure = ExchangeFailure | 'busy'

export interface AnnouncerEvents {
  /** A tracker keeps the record. */
  announced(tracker: Tracker, ttlSeconds: number): void
  /** One place among the trackers could not be filled; it is tried again later. */
  failed(reason: AnnounceFailure, cause: unknown): void
}

export interface AnnouncerContext {
  readonly policy: ResolverPolicy
  readonly trackers: Trackers
  readonly exchanges: Exchanges
  /** Evenly spread numbers from 0 up to, not including, 1. */
  readonly chance: () => number
}

const BACKOFF_MS: readonly number[] = [5000, 10_000, 20_000, 40_000, 60_000]
/** Devices that started together do not stay together. */
const MAX_JITTER_MS = 10_000
const MIN_REFRESH_INTERVAL_MS = 2000
/** A tracker that failed one place is no help for another at the same time. */
const AVOID_MS = 5000
/** A lifetime above it is cut: 2^53 ms would be lost in a Number, and no clock lasts as long. */
const MAX_TTL_SECONDS = 0xffff_ffffn

/** One of the places to be told at: the tracker that fills it, or the search for one. */
interface Slot {
  dueMs: number
  tracker: Tracker | undefined
  exchange: Exchange | undefined
  /** Trackers that failed in this round. */
  tried: Set<Tracker>
  failures: number
}

/**
 * Keeps one record announced (tracker protocol §11.5): at as many trackers as the generation asks for, each told again
 * before it forgets; where one fails, the next best takes its place at once, and when none is left, later.
 */
export class Announcer {
  readonly #context: AnnouncerContext
  readonly #events: AnnouncerEvents
  readonly #slots: Slot[]
  readonly #repeat: boolean
  readonly #avoidUntilMs = new Map<Tracker, number>()
  #record: AnnouncedRecord
  #refreshedMs = -Infinity

  /** @param repeat - `false`: every place has one outcome, and that is it */
  constructor(context: AnnouncerContext, record: AnnouncedRecord, events: AnnouncerEvents, repeat: boolean) {
    this.#context = context
    this.#events = events
    this.#record = record
    this.#repeat = repeat
    const places = Math.min(context.policy.announceFanout, context.trackers.all.length)
    this.#slots = Array.from({ length: places }, () => ({
      dueMs: Infinity,
      tracker: undefined,
      exchange: undefined,
      tried: new Set(),
      failures: 0,
    }))
  }

  /** Places among the trackers that are to be filled. */
  get places(): number {
    return this.#slots.length
  }

  /** Announce at once, but no more than once in two seconds; a request on its way with an older record is given up. */
  refresh(record: AnnouncedRecord, nowMs: number): void {
    const dueMs = Math.max(nowMs, this.#refreshedMs + MIN_REFRESH_INTERVAL_MS)
    this.#refreshedMs = dueMs
    this.#record = record
    this.#avoidUntilMs.clear()
    for (const slot of this.#slots) {
      this.#cancel(slot)
      slot.tried.clear()
      slot.failures = 0
      slot.dueMs = dueMs
    }
  }

  get nextDeadlineMs(): number {
    return this.#slots.reduce((next, { dueMs }) => Math.min(next, dueMs), Infinity)
  }

  tick(nowMs: number): void {
    for (const slot of this.#slots) if (nowMs >= slot.dueMs) this.#ask(slot, nowMs)
  }

  stop(): void {
    for (const slot of this.#slots) {
      this.#cancel(slot)
      slot.dueMs = Infinity
    }
  }

  #ask(slot: Slot, nowMs: number, last: { reason: AnnounceFailure; cause?: unknown } = { reason: 'busy' }): void {
    const { exchanges } = this.#context
    const tracker = this.#choose(slot, nowMs)
    const record = this.#record
    slot.tracker = tracker
    slot.dueMs = Infinity
    slot.exchange =
      tracker &&
      exchanges.start(
        tracker,
        { command: 'announce', record },
        (outcome, atMs) => this.#settled(slot, tracker, outcome, atMs),
        nowMs,
      )
    if (slot.exchange !== undefined) return
    slot.tracker = undefined
    slot.tried.clear()
    slot.dueMs = this.#repeat ? nowMs + BACKOFF_MS[Math.min(slot.failures++, BACKOFF_MS.length - 1)]! : Infinity
    this.#events.failed(last.reason, last.cause)
  }

  #settled(slot: Slot, tracker: Tracker, outcome: ExchangeOutcome, nowMs: number): void {
    slot.exchange = undefined
    if (outcome.type === 'answer' && outcome.response.command === 'announce') {
      const { ttlSeconds } = outcome.response
      const cut = Number(ttlSeconds < MAX_TTL_SECONDS ? ttlSeconds : MAX_TTL_SECONDS)
      slot.tried.clear()
      slot.failures = 0
      slot.dueMs = this.#repeat ? nowMs + this.#pauseMs(cut) : Infinity
      this.#events.announced(tracker, cut)
    } else if (outcome.type === 'failed') {
      slot.tried.add(tracker)
      this.#avoidUntilMs.set(tracker, nowMs + AVOID_MS)
      slot.tracker = undefined
      this.#ask(slot, nowMs, outcome)
    }
  }

  /** The best tracker that no other place holds and that has not failed in this round. */
  #choose(slot: Slot, nowMs: number): Tracker | undefined {
    const held = new Set(this.#slots.filter((other) => other !== slot).map(({ tracker }) => tracker))
    return this.#context.trackers
      .inOrder()
      .find(
        (tracker) =>
          !held.has(tracker) && !slot.tried.has(tracker) && nowMs >= (this.#avoidUntilMs.get(tracker) ?? -Infinity),
      )
  }

  #pauseMs(ttlSeconds: number): number {
    const { minAnnounceMs, maxAnnounceMs, announceAfter } = this.#context.policy
    const pauseMs = Math.min(Math.max(ttlSeconds * 1000, minAnnounceMs), maxAnnounceMs)
    return Math.max(minAnnounceMs, pauseMs * announceAfter - this.#context.chance() * MAX_JITTER_MS)
  }

  #cancel(slot: Slot): void {
    if (slot.exchange !== undefined) this.#context.exchanges.cancel(slot.exchange)
    slot.exchange = undefined
    slot.tracker = undefined
  }
}
