import { isWireError } from '@mimirjs/wire'
import { peekResponse, TrackerCommand } from '@mimirjs/wire/tracker'
import type { Question, Response } from './forms.js'
import type { Patience, ResolverPolicy, Version } from './policy.js'
import type { Tracker } from './trackers.js'

// Requests that wait for their answer. Each has a nonce nobody can guess, one tracker whose answer counts, one deadline that
// nothing puts off, and is sent again meanwhile, since datagrams are lost and all requests may arrive twice. Where the
// generation has it, a ping goes first.

export type ExchangeFailure = 'timeout' | 'malformed' | 'transport'

export type ExchangeOutcome =
  /** `response` holds views of the datagram: valid only during the call. */
  | { readonly type: 'answer'; readonly response: Response }
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
  readonly question: Question
  readonly settle: (outcome: ExchangeOutcome, nowMs: number) => void
  /** What is asked just now: whether the tracker is there, or the question itself; and in which version. */
  asked: Question
  version: number
  patience: Patience
  startedMs: number
  repeats: number
  /** When what was asked went out, by the nonces that may be answered. */
  readonly sentMs: Map<number, number>
  /** What goes out again where repeats keep their nonce. */
  datagram: Uint8Array
}

const PING: Question = { command: 'ping' }

export class Exchanges {
  readonly #policy: ResolverPolicy
  readonly #limit: number
  readonly #random: (byteLength: number) => Uint8Array
  readonly #pending = new Set<Pending>()
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
    return this.#limit - this.#pending.size
  }

  /**
   * Ask `tracker`. The score of the tracker is kept here.
   * @param settle - called once, unless cancelled
   * @returns `undefined` when there is no free place
   */
  start(
    tracker: Tracker,
    question: Question,
    settle: (outcome: ExchangeOutcome, nowMs: number) => void,
    nowMs: number,
  ): Exchange | undefined {
    if (this.free <= 0) return undefined
    const { ping, warmMs, request } = this.#policy
    const version = tracker.version ?? 0
    const pending: Pending = {
      tracker,
      question,
      settle,
      version,
      asked: question,
      patience: request,
      startedMs: nowMs,
      repeats: 0,
      sentMs: new Map(),
      datagram: new Uint8Array(0),
    }
    this.#pending.add(pending)
    const cold = nowMs - tracker.answeredMs >= warmMs
    if (this.#version(pending).ping && cold) this.#ask(pending, PING, ping, nowMs)
    else this.#ask(pending, question, request, nowMs)
    return pending
  }

  /** Forget a request: a late answer to it is that of a stranger, and the score stays. */
  cancel(exchange: Exchange): void {
    this.#forget(exchange as Pending)
  }

  /** A datagram from `tracker`. What answers nothing that we asked this tracker is ignored. */
  receive(bytes: Uint8Array, tracker: Tracker, nowMs: number): void {
    const head = peekResponse(bytes)
    const pending = head && this.#byNonce.get(head.nonce)
    if (pending === undefined || pending.tracker !== tracker) return
    const { command } = pending.asked
    if (TrackerCommand[command] !== head?.command) return
    let response: Response
    try {
      response = this.#version(pending).form.decode(command, bytes)
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      this.#fail(pending, { type: 'failed', reason: 'malformed', cause }, nowMs)
      return
    }
    tracker.succeeded(nowMs - pending.sentMs.get(head.nonce)!, nowMs)
    tracker.version = pending.version
    if (pending.asked !== pending.question) this.#ask(pending, pending.question, this.#policy.request, nowMs)
    else if (this.#forget(pending)) pending.settle({ type: 'answer', response }, nowMs)
  }

  /** Nothing can be sent to `tracker`: its requests fail now. */
  unreachable(tracker: Tracker, cause: unknown, nowMs: number): void {
    for (const pending of [...this.#pending]) {
      if (pending.tracker === tracker) this.#fail(pending, { type: 'failed', reason: 'transport', cause }, nowMs)
    }
  }

  /** When {@link tick} next has work. */
  get nextDeadlineMs(): number {
    let next = Infinity
    for (const pending of this.#pending) next = Math.min(next, dueMs(pending))
    return next
  }

  tick(nowMs: number): void {
    for (const pending of [...this.#pending]) {
      if (nowMs >= pending.startedMs + pending.patience.timeoutMs) this.#timedOut(pending, nowMs)
      else if (nowMs >= dueMs(pending)) {
        while (dueMs(pending) <= nowMs) pending.repeats++
        this.#send(pending, nowMs)
      }
    }
  }

  takeOutgoing(): Outgoing[] {
    const outgoing = this.#outgoing
    if (outgoing.length > 0) this.#outgoing = []
    return outgoing
  }

  #version({ version }: Pending): Version {
    return this.#policy.versions[version]!
  }

  #ask(pending: Pending, asked: Question, patience: Patience, nowMs: number): void {
    this.#forgetNonces(pending)
    pending.asked = asked
    pending.patience = patience
    pending.startedMs = nowMs
    pending.repeats = 0
    this.#send(pending, nowMs)
  }

  #send(pending: Pending, nowMs: number): void {
    if (this.#policy.freshNonces || pending.sentMs.size === 0) {
      const nonce = this.#freshNonce()
      pending.datagram = this.#version(pending).form.encode(pending.asked, nonce)
      pending.sentMs.set(nonce, nowMs)
      this.#byNonce.set(nonce, pending)
    }
    this.#outgoing.push({ tracker: pending.tracker, datagram: pending.datagram.slice() })
  }

  /** A tracker that has never answered may not know this version (§7.4). */
  #timedOut(pending: Pending, nowMs: number): void {
    const next = pending.version + 1
    if (pending.tracker.version !== undefined || next >= this.#policy.versions.length) {
      this.#fail(pending, { type: 'failed', reason: 'timeout' }, nowMs)
      return
    }
    pending.version = next
    this.#ask(pending, pending.question, this.#policy.request, nowMs)
  }

  #fail(pending: Pending, outcome: ExchangeOutcome, nowMs: number): void {
    if (!this.#forget(pending)) return
    pending.tracker.failed()
    pending.settle(outcome, nowMs)
  }

  /** @returns whether it was still waited for */
  #forget(pending: Pending): boolean {
    this.#forgetNonces(pending)
    return this.#pending.delete(pending)
  }

  #forgetNonces({ sentMs }: Pending): void {
    for (const nonce of sentMs.keys()) this.#byNonce.delete(nonce)
    sentMs.clear()
  }

  #freshNonce(): number {
    for (;;) {
      const bytes = this.#random(4)
      const nonce = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      if (nonce >= this.#policy.minNonce && !this.#byNonce.has(nonce)) return nonce
    }
  }
}

function dueMs({ startedMs, repeats, patience }: Pending): number {
  return startedMs + (patience.repeatAfterMs[repeats] ?? patience.timeoutMs)
}
