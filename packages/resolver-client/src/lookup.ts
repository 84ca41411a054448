import type { Exchange, ExchangeFailure, ExchangeOutcome, Exchanges } from './exchange.js'
import type { ResolverLimits } from './limits.js'
import type { ResolverPolicy } from './policy.js'
import { type ResolvedAddress, readRecords } from './record.js'
import type { Tracker } from './trackers.js'

export type LookupOutcome =
  /** No address means: trackers answered, and none of them knows any. */
  | { readonly type: 'found'; readonly addresses: readonly ResolvedAddress[] }
  | { readonly type: 'failed'; readonly reason: ExchangeFailure; readonly cause?: unknown }

export interface LookupContext {
  readonly policy: ResolverPolicy
  readonly limits: ResolverLimits
  readonly exchanges: Exchanges
}

/** How much a failure tells, least first: what is reported when all trackers failed, each in its way. */
const TELLING: readonly ExchangeFailure[] = ['timeout', 'transport', 'malformed']

/**
 * One question to several trackers at once (tracker protocol §11.4): the first answer with a record of the user's own
 * wins; "no records" is believed when everyone says so, or when the others had a fair chance to know better.
 */
export class Lookup {
  readonly #context: LookupContext
  readonly #publicKey: Uint8Array
  readonly #done: (outcome: LookupOutcome, nowMs: number) => void
  readonly #asked = new Set<Exchange>()
  #emptyUntilMs = Infinity
  #failure: Extract<LookupOutcome, { type: 'failed' }> = { type: 'failed', reason: 'timeout' }
  #over = false

  /** @param done - called once, unless cancelled; never from inside {@link start} */
  constructor(context: LookupContext, publicKey: Uint8Array, done: (outcome: LookupOutcome, nowMs: number) => void) {
    this.#context = context
    this.#publicKey = publicKey
    this.#done = done
  }

  /** @param trackers - no more than there are free exchanges */
  start(trackers: readonly Tracker[], nowMs: number): void {
    const publicKey = this.#publicKey
    for (const tracker of trackers) {
      const exchange = this.#context.exchanges.start(
        tracker,
        { command: 'getAddrs', publicKey },
        (outcome, atMs) => {
          if (exchange !== undefined) this.#asked.delete(exchange)
          this.#settled(tracker, outcome, atMs)
        },
        nowMs,
      )
      if (exchange !== undefined) this.#asked.add(exchange)
    }
  }

  /** When {@link tick} next has work of its own. */
  get nextDeadlineMs(): number {
    return this.#emptyUntilMs
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#emptyUntilMs) this.#finish({ type: 'found', addresses: [] }, nowMs)
  }

  cancel(): void {
    this.#over = true
    for (const exchange of this.#asked) this.#context.exchanges.cancel(exchange)
    this.#asked.clear()
  }

  #settled(tracker: Tracker, outcome: ExchangeOutcome, nowMs: number): void {
    if (outcome.type === 'failed') {
      if (TELLING.indexOf(outcome.reason) >= TELLING.indexOf(this.#failure.reason)) this.#failure = outcome
    } else if (outcome.response.command === 'getAddrs') {
      const { policy, limits } = this.#context
      const { records } = outcome.response
      const { addresses, honest } = readRecords(records, this.#publicKey, policy, limits.recordsPerUser, nowMs)
      if (!honest) tracker.failed()
      if (addresses.length > 0) {
        this.#finish({ type: 'found', addresses }, nowMs)
        return
      }
      this.#emptyUntilMs = Math.min(this.#emptyUntilMs, nowMs + policy.emptyGraceMs)
    }
    if (this.#asked.size > 0) return
    this.#finish(this.#emptyUntilMs < Infinity ? { type: 'found', addresses: [] } : this.#failure, nowMs)
  }

  #finish(outcome: LookupOutcome, nowMs: number): void {
    if (this.#over) return
    this.cancel()
    this.#emptyUntilMs = Infinity
    this.#done(outcome, nowMs)
  }
}
