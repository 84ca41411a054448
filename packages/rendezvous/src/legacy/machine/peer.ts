import { TokenBucket } from '../../token-bucket.js'
import type { LegacyVerdict } from '../counters.js'
import type { LegacyLimits } from '../limits.js'
import type { LegacyCloseReason, LegacyHost, LegacyOwnSignal, LegacyPerson } from '../types.js'
import { type Attempt, newAttempt, relayFrame, signalText } from './attempt.js'

/** What somebody needs of the machine. */
export interface PeerOwner {
  readonly ownPem: string
  readonly limits: LegacyLimits
  readonly host: LegacyHost
  readonly hasReadyServer: boolean
  /** Whether one more attempt may begin. */
  readonly hasRoom: boolean
  random(): number
  /** A number for a connection of this one. */
  assign(peer: Peer): number
  release(connection: number): void
  /** To all servers that are ready. */
  broadcast(frame: string): void
}

/** When the machine has no room for an attempt, or no server, it is looked at again after so long. */
const LATER_MS = 1000

/**
 * One person: at most one offer of ours, one answer of ours, and one link. Originals know no tie-break when two offers
 * cross; with this one they and we always meet. rendezvous protocol A9, A13
 */
export class Peer {
  readonly person: LegacyPerson
  readonly #owner: PeerOwner
  readonly #answers: TokenBucket
  /** The user wants to be connected. */
  #isWanted = false
  #offer: Attempt | undefined
  #answer: Attempt | undefined
  #link: number | undefined
  /** When the next offer is made; `Infinity` while none is to be. */
  #offerAtMs = Number.POSITIVE_INFINITY
  #offers = 0

  constructor(person: LegacyPerson, owner: PeerOwner) {
    this.person = person
    this.#owner = owner
    const { answersPerMinute } = owner.limits
    this.#answers = new TokenBucket(answersPerMinute / 60, answersPerMinute)
  }

  /** The connection of the open link. */
  get link(): number | undefined {
    return this.#link
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  get attempts(): number {
    return (this.#offer === undefined ? 0 : 1) + (this.#answer === undefined ? 0 : 1)
  }

  /** Nothing goes on here: it can be forgotten. */
  get isIdle(): boolean {
    return !this.#isWanted && this.attempts === 0 && this.#link === undefined
  }

  get nextDeadlineMs(): number {
    const deadlines = [this.#offer, this.#answer].map((attempt) => attempt?.deadlineMs ?? Number.POSITIVE_INFINITY)
    return Math.min(this.#offerAtMs, ...deadlines)
  }

  connect(nowMs: number): void {
    if (this.#link !== undefined || this.#isWanted) return
    this.#isWanted = true
    this.#offers = 0
    if (this.#answer === undefined) this.#offerAtMs = nowMs
    this.tick(nowMs)
  }

  /** The user does not want it any more: nothing is begun, and what is under way ends. */
  cancel(): void {
    this.#isWanted = false
    this.#offerAtMs = Number.POSITIVE_INFINITY
    this.#offer = this.#drop(this.#offer)
    this.#answer = this.#drop(this.#answer)
  }

  /** End the open link. */
  close(): void {
    this.#endLink('closed')
  }

  /** An offer of theirs, wanted by the user. */
  offered(signal: LegacyOwnSignal, nowMs: number): LegacyVerdict {
    if (!this.#answers.take(nowMs)) return 'rate'
    const offer = this.#offer
    if (offer !== undefined && !offer.isAnswered && this.#owner.ownPem < this.person.pem) {
      // They may not have been there when it went out; to whom knows it, it is the same message again.
      if (offer.frame !== undefined) this.#owner.broadcast(offer.frame)
      return 'glare'
    }
    this.#answer = this.#drop(this.#answer)
    if (!this.#owner.hasRoom) return 'limit'
    const { attemptMs, gatherMs } = this.#owner.limits
    this.#answer = newAttempt(this.#owner.assign(this), 'answer', nowMs + gatherMs + attemptMs)
    this.#owner.host.makeAnswer(this.#answer.id, signal)
    return 'accepted'
  }

  /** An answer of theirs. */
  answered(signal: LegacyOwnSignal, nowMs: number): LegacyVerdict {
    const offer = this.#offer
    if (offer?.frame === undefined || offer.isAnswered) return 'state'
    offer.isAnswered = true
    offer.deadlineMs = nowMs + this.#owner.limits.attemptMs
    this.#owner.host.applyAnswer(offer.id, signal)
    return 'accepted'
  }

  described(connection: number, signal: LegacyOwnSignal): void {
    const attempt = this.#find(connection)
    if (attempt === undefined || attempt.text !== undefined) return
    attempt.text = signalText(signal, this.#owner.ownPem, this.person.pem)
    this.#owner.host.sign(connection, new TextEncoder().encode(attempt.text))
  }

  signed(connection: number, signature: Uint8Array, nowMs: number): void {
    const attempt = this.#find(connection)
    if (attempt?.text === undefined || attempt.frame !== undefined) return
    attempt.frame = relayFrame(attempt.text, signature)
    attempt.deadlineMs = nowMs + this.#owner.limits.attemptMs
    this.#owner.broadcast(attempt.frame)
  }

  /** One more server is there: it has not had what the others had. */
  serverReady(send: (frame: string) => void, nowMs: number): void {
    for (const attempt of [this.#offer, this.#answer])
      if (attempt?.frame !== undefined && !attempt.isAnswered) send(attempt.frame)
    this.tick(nowMs)
  }

  /** Both channels are open. */
  ready(connection: number): void {
    if (this.#find(connection) === undefined) return
    this.#endLink('replaced')
    if (this.#offer?.id !== connection) this.#drop(this.#offer)
    if (this.#answer?.id !== connection) this.#drop(this.#answer)
    this.#offer = undefined
    this.#answer = undefined
    this.#link = connection
    this.#isWanted = false
    this.#offerAtMs = Number.POSITIVE_INFINITY
    this.#owner.host.opened(connection, this.person)
  }

  /** A connection failed, or the other side closed it. */
  lost(connection: number, nowMs: number): void {
    if (this.#link === connection) this.#endLink('lost')
    else if (this.#offer?.id === connection) this.#offer = this.#drop(this.#offer)
    else if (this.#answer?.id === connection) this.#answer = this.#drop(this.#answer)
    this.#offerLater(nowMs)
  }

  tick(nowMs: number): void {
    if (this.#offer !== undefined && this.#offer.deadlineMs <= nowMs) this.#offer = this.#drop(this.#offer)
    if (this.#answer !== undefined && this.#answer.deadlineMs <= nowMs) this.#answer = this.#drop(this.#answer)
    this.#offerLater(nowMs)
    if (this.#offerAtMs > nowMs) return
    if (this.#owner.hasRoom && this.#owner.hasReadyServer) this.#makeOffer(nowMs)
    else this.#offerAtMs = nowMs + LATER_MS
  }

  #makeOffer(nowMs: number): void {
    const { attemptMs, gatherMs } = this.#owner.limits
    this.#offerAtMs = Number.POSITIVE_INFINITY
    this.#offers++
    this.#offer = newAttempt(this.#owner.assign(this), 'offer', nowMs + gatherMs + attemptMs)
    this.#owner.host.makeOffer(this.#offer.id)
  }

  /** While one is wanted and none is out, the next one has its time; an answer under way may make it needless. */
  #offerLater(nowMs: number): void {
    if (!this.#isWanted || this.#offer !== undefined || this.#answer !== undefined) return
    if (this.#offerAtMs !== Number.POSITIVE_INFINITY) return
    const doublings = Math.min(this.#offers, this.#owner.limits.retryDoublings)
    this.#offerAtMs = nowMs + 1000 * 2 ** doublings * (0.5 + this.#owner.random())
  }

  #find(connection: number): Attempt | undefined {
    return [this.#offer, this.#answer].find((attempt) => attempt?.id === connection)
  }

  #drop(attempt: Attempt | undefined): undefined {
    if (attempt === undefined) return
    this.#owner.release(attempt.id)
    this.#owner.host.closeConnection(attempt.id)
  }

  #endLink(reason: LegacyCloseReason): void {
    const link = this.#link
    if (link === undefined) return
    this.#link = undefined
    this.#owner.release(link)
    this.#owner.host.closeConnection(link)
    this.#owner.host.closed(link, reason)
  }
}
