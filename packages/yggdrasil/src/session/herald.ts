import type { X25519KeyPair } from '@mimirjs/crypto'
import type { KeyId } from '../key.js'
import { SessionType } from '../wire/session.js'
import type { SessionIdentity } from './identity.js'
import { type Announced, type InitType, sealInit } from './init.js'
import type { Opening } from './openings.js'
import type { Session } from './session.js'
import { Strays } from './strays.js'
import type { SessionStats } from './types.js'

/** At most one Init to a key in this time, whatever the reason. yggdrasil protocol §8.6 */
const INIT_PAUSE_MS = 1000

export interface HeraldOptions {
  readonly identity: SessionIdentity
  readonly generateKeyPair: () => X25519KeyPair
  readonly wallSeconds: () => number
  readonly strayInitsPerSecond: number
  readonly stats: SessionStats
  /** Into the network. */
  send(dest: Uint8Array, message: Uint8Array, nowMs: number): unknown
}

/** Writes Inits and Acks: seldom enough, and each with a higher number than the one before to the same key. */
export class Herald {
  readonly #options: HeraldOptions
  readonly #strays: Strays
  #wallSeconds = 0

  constructor(options: HeraldOptions) {
    this.#options = options
    this.#strays = new Strays(options.strayInitsPerSecond)
  }

  /** Keys that throw-away Inits were sent to lately. */
  get strays(): number {
    return this.#strays.size
  }

  /** An Init in a session. @returns `nowMs` when it went out; else when the next one may */
  ask(session: Session, nowMs: number): number {
    const allowedMs = session.initSentMs + INIT_PAUSE_MS
    if (nowMs < allowedMs) return allowedMs
    session.catchUp(this.#options.generateKeyPair, nowMs)
    session.initSentMs = session.askedMs = nowMs
    this.#send(SessionType.init, session.publicKey, session.announce(this.#nextSeq(session.ourSeq)), nowMs)
    return nowMs
  }

  /** An Init that opens. @returns as {@link ask} */
  open(opening: Opening, nowMs: number): number {
    const allowedMs = opening.initSentMs + INIT_PAUSE_MS
    if (nowMs < allowedMs || opening.held) return allowedMs
    this.#send(SessionType.init, opening.publicKey, opening.announce(this.#nextSeq(opening.ourSeq), nowMs), nowMs)
    return nowMs
  }

  /** The first Ack of a session that they have begun. */
  welcome(session: Session, nowMs: number): void {
    session.ourSeq = Math.max(session.ourSeq, this.#strays.seqTo(session.id))
    this.acknowledge(session, nowMs)
  }

  acknowledge(session: Session, nowMs: number): void {
    this.#send(SessionType.ack, session.publicKey, session.announce(this.#nextSeq(session.ourSeq)), nowMs)
  }

  /**
   * To one who sends traffic though there is no session: one of us was started anew. An Init with keys that are
   * forgotten at once lets them notice.
   */
  answerStray(id: KeyId, source: Uint8Array, nowMs: number): void {
    const { stats, generateKeyPair } = this.#options
    const seq = this.#nextSeq(0)
    if (!this.#strays.take(id, seq, nowMs)) {
      stats.throttled++
      return
    }
    stats.straysAnswered++
    const [current, next] = [generateKeyPair().publicKey, generateKeyPair().publicKey]
    this.#send(SessionType.init, source, { current, next, keySeq: 0, seq }, nowMs)
  }

  #send(type: InitType, dest: Uint8Array, announced: Announced, nowMs: number): void {
    const { identity, generateKeyPair, stats } = this.#options
    let message: Uint8Array
    try {
      message = sealInit(type, announced, identity, generateKeyPair(), dest)
    } catch {
      // No point, or one of small order: nobody has this key.
      stats.ignored++
      return
    }
    if (type === SessionType.ack) stats.acksSent++
    else stats.initsSent++
    this.#options.send(dest, message, nowMs)
  }

  /** Never the same twice for one key, and never back when the clock is set back. yggdrasil protocol §8.6 */
  #nextSeq(last: number): number {
    this.#wallSeconds = Math.max(this.#wallSeconds, Math.floor(this.#options.wallSeconds()))
    return Math.max(last + 1, this.#wallSeconds)
  }
}
