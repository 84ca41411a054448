import { isWireError } from '@mimirjs/wire'
import { decodeResponse, peekResponse, TrackerCommand, type TrackerResponse } from '@mimirjs/wire/tracker'
import type { ResolverPolicy } from './policy.js'
import type { Tracker } from './trackers.js'

// Requests that wait for their answer. Each has a nonce nobody can guess, one tracker whose answer counts, one deadline,
// and is sent again meanwhile, since UDP loses datagrams and both requests may arrive twice.

export type ExchangeFailure = 'timeout' | 'malformed' | 'transport'

export type ExchangeOutcome =
  /** `response` holds views of the datagram: valid only during the call. */
  | { readonly type: 'answer'; readonly response: TrackerResponse }
  | { readonly type: 'failed'; readonly reason: ExchangeFailure; readonly cause?: unknown }

export interface Exchange {
  readonly tracker: Tracker
}

/** A datagram for the adapter to send. */
export interface Outgoing {
  readonly tracker: Tracker
  readonly datagram: Uint8Array
}

interface Pending extends Exchange {
  readonly nonce: number
  readonly command: TrackerResponse['command']
  readonly datagram: Uint8Array
  readonly startedMs: number
  readonly settle: (outcome: ExchangeOutcome, nowMs: number) => void
  repeats: number
}

export class Exchanges {
  readonly #policy: ResolverPolicy
  readonly #limit: number
  readonly #random: (byteLength: number) => Uint8Array
  readonly #byNonce = new Map<number, Pending>()
  #outgoing: Outgoing[] = []

  /** @param random - bytes nobody can predict */
  constructor(policy: ResolverPolicy, limit: number, random: (byteLength: number) => Uint8Array) {
    this.#policy = policy
    this.#limit = limit
    this.#random = random
  }

  /** How many more may start now. */
  get free(): number {
    return this.#limit - this.#byNonce.size
  }

  /**
   * Ask `tracker`. The score of the tracker is kept here.
   * @param encode - makes the request under the nonce chosen
   * @param settle - called once, unless cancelled
   * @returns `undefined` when there is no free place
   */
  start(
    tracker: Tracker,
    command: TrackerResponse['command'],
    encode: (nonce: number) => Uint8Array,
    settle: (outcome: ExchangeOutcome, nowMs: number) => void,
    nowMs: number,
  ): Exchange | undefined {
    if (this.free <= 0) return undefined
    const nonce = this.#freshNonce()
    const datagram = encode(nonce)
    const pending: Pending = { tracker, nonce, command, datagram, startedMs: nowMs, settle, repeats: 0 }
    this.#byNonce.set(nonce, pending)
    this.#outgoing.push({ tracker, datagram })
    return pending
  }

  /** Forget a request: a late answer to it is that of a stranger, and the score stays. */
  cancel(exchange: Exchange): void {
    this.#byNonce.delete((exchange as Pending).nonce)
  }

  /** A datagram from `tracker`. What answers nothing that we asked this tracker is ignored. */
  receive(bytes: Uint8Array, tracker: Tracker, nowMs: number): void {
    const head = peekResponse(bytes)
    const pending = head && this.#byNonce.get(head.nonce)
    if (pending === undefined || pending.tracker !== tracker || TrackerCommand[pending.command] !== head?.command)
      return
    this.#byNonce.delete(pending.nonce)
    let response: TrackerResponse
    try {
      response = decodeResponse(bytes)
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      this.#fail(pending, { type: 'failed', reason: 'malformed', cause }, nowMs)
      return
    }
    tracker.succeeded(nowMs - pending.startedMs)
    pending.settle({ type: 'answer', response }, nowMs)
  }

  /** Nothing can be sent to `tracker`: its requests fail now. */
  unreachable(tracker: Tracker, cause: unknown, nowMs: number): void {
    for (const pending of [...this.#byNonce.values()]) {
      if (pending.tracker !== tracker || !this.#byNonce.delete(pending.nonce)) continue
      this.#fail(pending, { type: 'failed', reason: 'transport', cause }, nowMs)
    }
  }

  /** When {@link tick} next has work. */
  get nextDeadlineMs(): number {
    let next = Infinity
    for (const pending of this.#byNonce.values()) next = Math.min(next, this.#dueMs(pending))
    return next
  }

  tick(nowMs: number): void {
    for (const pending of [...this.#byNonce.values()]) {
      if (nowMs >= pending.startedMs + this.#policy.requestTimeoutMs) {
        if (this.#byNonce.delete(pending.nonce)) this.#fail(pending, { type: 'failed', reason: 'timeout' }, nowMs)
      } else if (nowMs >= this.#dueMs(pending)) {
        while (this.#dueMs(pending) <= nowMs) pending.repeats++
        this.#outgoing.push({ tracker: pending.tracker, datagram: pending.datagram.slice() })
      }
    }
  }

  takeOutgoing(): Outgoing[] {
    const outgoing = this.#outgoing
    if (outgoing.length > 0) this.#outgoing = []
    return outgoing
  }

  #fail(pending: Pending, outcome: ExchangeOutcome, nowMs: number): void {
    pending.tracker.failed()
    pending.settle(outcome, nowMs)
  }

  #dueMs({ startedMs, repeats }: Pending): number {
    const { repeatAfterMs, requestTimeoutMs } = this.#policy
    return startedMs + (repeatAfterMs[repeats] ?? requestTimeoutMs)
  }

  #freshNonce(): number {
    for (;;) {
      const bytes = this.#random(4)
      const nonce = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      if (!this.#byNonce.has(nonce)) return nonce
    }
  }
}
