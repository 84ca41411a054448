import { isSmallOrder, type X25519KeyPair } from '@mimirjs/crypto'
import { compareKeys, isKeyAt, type KeyId, keyId } from '../key.js'
import type { SessionLimits } from '../limits.js'
import type { SessionInfo } from '../node/types.js'
import { TokenBucket } from '../router/token-bucket.js'
import { SESSION_TRAFFIC_HEAD_BYTES, SessionType } from '../wire/session.js'
import { MAX_HEAD_BYTES } from './header.js'
import type { SessionIdentity } from './identity.js'
import { type Announced, type InitType, openInit, sealInit } from './init.js'
import { Opening, Openings } from './openings.js'
import { SourceRates } from './rates.js'
import { Scratch } from './scratch.js'
import { Session } from './session.js'
import { Strays } from './strays.js'
import type { SessionStats } from './types.js'

/** At most one Init to a key in this time, whatever the reason. yggdrasil protocol §8.6 */
const INIT_PAUSE_MS = 1000
/** The rate of one source is counted over so long: two that open to each other say several things at once. */
const SOURCE_SPAN_S = 3
/** Held back for so long at most: see {@link Sessions.#hold}. */
const HOLD_MS = 1000
/** Silence after a packet of ours that makes us ask whether the session is still there; doubled each time. */
const PATIENCE_MS = 2000
const MAX_PATIENCE_MS = 64_000
/** How long the higher key waits for the lower one: see {@link Sessions.#uncross}. */
const CROSSED_MS = 3000
/** Two idle sessions that end one after the other share a sweep. */
const SWEEP_PAUSE_MS = 1000
/** What is added to a payload at most: numbers, tag, key, prefix. */
const OVERHEAD_BYTES = MAX_HEAD_BYTES + 16 + SESSION_TRAFFIC_HEAD_BYTES + 1

export interface SessionsOutput {
  /**
   * Into the network. `payload` is a view that is valid only during the call.
   * @returns `false`: taken, but the way is full
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): boolean | void
  /**
   * A packet that `source` (32 bytes) is proven to have sent to us. `payload` is a view that is valid only during the
   * call; the callback may send.
   */
  deliver(source: Uint8Array, payload: Uint8Array, nowMs: number): void
  /** An Ack came: the other side is there. */
  answered(source: Uint8Array, nowMs: number): void
}

export interface SessionsOptions {
  /** Ours, Ed25519. */
  readonly publicKey: Uint8Array
  readonly identity: SessionIdentity
  readonly generateKeyPair: () => X25519KeyPair
  /** Unix time; may be set back, and is then taken as standing still. */
  readonly wallSeconds: () => number
  readonly limits: SessionLimits
  readonly output: SessionsOutput
}

/**
 * The encrypted sessions of a node: turns payloads of traffic into packets that are authentic, come once and in order.
 * No I/O, no clock, no chance. yggdrasil protocol §8
 */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #limits: SessionLimits
  readonly #output: SessionsOutput
  readonly #sessions = new Map<KeyId, Session>()
  readonly #openings: Openings
  readonly #strangers: TokenBucket
  readonly #expected: TokenBucket
  readonly #inits: SourceRates
  readonly #strays: Strays
  readonly #out = new Scratch()
  readonly #in = new Scratch()
  readonly #keep: (plain: Uint8Array) => Uint8Array
  readonly #stats: SessionStats = {
    sent: 0,
    received: 0,
    initsSent: 0,
    acksSent: 0,
    straysAnswered: 0,
    initsRead: 0,
    throttled: 0,
    ignored: 0,
    outOfSync: 0,
    evicted: 0,
  }
  /** The one used last: most packets are of one flow, and need no look-up. */
  #last: Session | undefined
  #wallSeconds = 0
  #openingDueMs = Number.POSITIVE_INFINITY
  #sweepMs = Number.POSITIVE_INFINITY

  constructor(options: SessionsOptions) {
    const { limits } = options
    this.#options = options
    this.#limits = limits
    this.#output = options.output
    this.#openings = new Openings(limits)
    this.#strangers = new TokenBucket(limits.initsPerSecond)
    this.#expected = new TokenBucket(limits.expectedInitsPerSecond)
    this.#strays = new Strays(limits.strayInitsPerSecond)
    this.#inits = new SourceRates(limits.initsPerSourcePerSecond * SOURCE_SPAN_S, SOURCE_SPAN_S * 1000)
    this.#keep = (plain) => this.#in.copy(plain)
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Sessions that are being opened. */
  get openings(): number {
    return this.#openings.size
  }

  get stats(): Readonly<SessionStats> {
    return this.#stats
  }

  /** Entries of all tables, for tests. */
  get tableSizes(): { sessions: number; openings: number; openingBytes: number; sources: number; strays: number } {
    return {
      sessions: this.#sessions.size,
      openings: this.#openings.size,
      openingBytes: this.#openings.bytes,
      sources: this.#inits.size,
      strays: this.#strays.size,
    }
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#openingDueMs, this.#sweepMs)
  }

  sessions(): SessionInfo[] {
    return Array.from(this.#sessions.values(), (session) => session.info())
  }

  /**
   * Send a packet; without a session it waits for one, instead of what waited. `payload` is not held on to.
   * @param prefix - a byte in front of the payload
   * @returns `false`: taken, but the way is full
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number, prefix?: number): boolean {
    const session = this.#find(dest, nowMs)
    if (session !== undefined && !session.held) return this.#sendTraffic(session, prefix, payload, nowMs)
    this.#wait(dest, copied(prefix, payload), nowMs)
    return true
  }

  /**
   * Make the other side answer with an Ack, which everybody does who has its key: see {@link SessionsOutput.answered}.
   * @returns `nowMs` when an Init went out; else when the next one may
   */
  probe(dest: Uint8Array, nowMs: number): number {
    const session = this.#find(dest, nowMs)
    if (session !== undefined) return this.#ask(session, nowMs)
    return this.#wait(dest, undefined, nowMs)
  }

  /** A payload of traffic. `source` is claimed, not proven; both are views that are valid only during the call. */
  receive(source: Uint8Array, message: Uint8Array, nowMs: number): void {
    const type = message[0]
    if (type === SessionType.traffic) this.#receiveTraffic(source, message, nowMs)
    else if (type === SessionType.init || type === SessionType.ack) this.#receiveInit(type, source, message, nowMs)
  }

  /** Do what is due. */
  advance(nowMs: number): void {
    if (nowMs >= this.#openingDueMs) this.#advanceOpenings(nowMs)
    if (nowMs >= this.#sweepMs) this.#sweep(nowMs)
  }

  /** Forget everything, secrets first. */
  close(): void {
    for (const session of this.#sessions.values()) session.wipe()
    for (const opening of this.#openings.values()) this.#close(opening)
    this.#sessions.clear()
    this.#last = undefined
    this.#sweepMs = this.#openingDueMs = Number.POSITIVE_INFINITY
  }

  #find(key: Uint8Array, nowMs: number): Session | undefined {
    let session = this.#last
    if (session === undefined || !isKeyAt(key, 0, session.publicKey)) {
      session = this.#sessions.get(keyId(key))
      if (session === undefined) return undefined
      this.#last = session
    }
    if (nowMs - session.usedMs < this.#limits.sessionIdleMs) return session
    // The other side has forgotten it, whether or not the sweep has been here.
    this.#drop(session)
    return undefined
  }

  #sendTraffic(session: Session, prefix: number | undefined, payload: Uint8Array, nowMs: number): boolean {
    // Before the packet: where the path is not known, only the newest message waits for it.
    if (session.unansweredMs === Number.POSITIVE_INFINITY) session.unansweredMs = nowMs
    else if (nowMs - session.unansweredMs >= session.patienceMs) this.#doubt(session, nowMs)
    const out = this.#out.room(payload.length + OVERHEAD_BYTES)
    let end: number
    try {
      end = session.seal(out, 0, prefix, payload, this.#options.generateKeyPair)
    } catch {
      // They announced a key of small order: nothing can be said to them until the next Init.
      this.#stats.ignored++
      return true
    }
    session.usedMs = nowMs
    this.#stats.sent++
    return this.#output.send(session.publicKey, out.subarray(0, end), nowMs) !== false
  }

  /**
   * We write and hear nothing. Perhaps nobody answers by design; perhaps the other side was started anew and does not
   * say so (not all implementations do), and would not hear from us until we are silent for a minute. An Init finds out.
   */
  #doubt(session: Session, nowMs: number): void {
    session.unansweredMs = nowMs
    session.patienceMs = Math.min(session.patienceMs * 2, MAX_PATIENCE_MS)
    this.#ask(session, nowMs)
  }

  #ask(session: Session, nowMs: number): number {
    if (nowMs - session.initSentMs < INIT_PAUSE_MS) return session.initSentMs + INIT_PAUSE_MS
    session.initSentMs = nowMs
    this.#sendInit(SessionType.init, session.publicKey, session.announce(this.#nextSeq(session.ourSeq)), nowMs)
    return nowMs
  }

  /** @returns as {@link probe} */
  #wait(dest: Uint8Array, payload: Uint8Array | undefined, nowMs: number): number {
    const id = keyId(dest)
    let opening = this.#openings.get(id)
    if (opening === undefined) {
      const { generateKeyPair } = this.#options
      opening = new Opening(id, dest.slice(), generateKeyPair(), generateKeyPair(), nowMs)
    }
    this.#openings.put(opening, payload, nowMs)
    for (let old = this.#openings.surplus(); old !== undefined && old !== opening; old = this.#openings.surplus()) {
      this.#close(old)
      this.#stats.evicted++
    }
    this.#sweepMs = Math.min(this.#sweepMs, nowMs + this.#limits.sessionIdleMs)
    return this.#sendOpening(opening, nowMs)
  }

  #sendOpening(opening: Opening, nowMs: number): number {
    const allowedMs = opening.initSentMs + INIT_PAUSE_MS
    const due = !opening.held && nowMs >= allowedMs
    if (due) {
      const announced = opening.announce(this.#nextSeq(opening.ourSeq), nowMs)
      this.#sendInit(SessionType.init, opening.publicKey, announced, nowMs)
    }
    this.#openingDueMs = Math.min(this.#openingDueMs, opening.dueMs)
    return due ? nowMs : allowedMs
  }

  #receiveTraffic(source: Uint8Array, message: Uint8Array, nowMs: number): void {
    const session = this.#find(source, nowMs)
    if (session === undefined) {
      this.#answerStray(source, nowMs)
      return
    }
    const opened = session.open(message, this.#keep, this.#options.generateKeyPair, nowMs)
    if (opened === 'ignored') {
      this.#stats.ignored++
    } else if (opened === 'out-of-sync') {
      this.#stats.outOfSync++
      // While it works, what does not fit is old or forged: an Init for it would cost us packets under way.
      if (nowMs - session.openedMs >= INIT_PAUSE_MS) this.#ask(session, nowMs)
    } else {
      this.#stats.received++
      session.unansweredMs = Number.POSITIVE_INFINITY
      session.patienceMs = PATIENCE_MS
      if (session.held) this.#release(session, nowMs)
      if (session.crossedMs !== Number.POSITIVE_INFINITY) this.#uncross(session, nowMs)
      this.#output.deliver(session.publicKey, opened.subarray(SESSION_TRAFFIC_HEAD_BYTES), nowMs)
    }
  }

  /** Both would send an Init now, which would cross again: the lower key goes first. */
  #uncross(session: Session, nowMs: number): void {
    const first = compareKeys(this.#options.publicKey, session.publicKey) < 0
    if (first || nowMs - session.crossedMs >= CROSSED_MS) this.#ask(session, nowMs)
  }

  /** Traffic without a session: one of us was started anew. An Init with keys that we forget lets them notice. */
  #answerStray(source: Uint8Array, nowMs: number): void {
    const id = keyId(source)
    const opening = this.#openings.get(id)
    if (opening !== undefined) {
      this.#sendOpening(opening, nowMs)
      return
    }
    const seq = this.#nextSeq(0)
    if (isKeyAt(source, 0, this.#options.publicKey) || !this.#strays.take(id, seq, nowMs)) {
      this.#stats.throttled++
      return
    }
    this.#stats.straysAnswered++
    const { generateKeyPair } = this.#options
    const [current, next] = [generateKeyPair().publicKey, generateKeyPair().publicKey]
    this.#sendInit(SessionType.init, source, { current, next, keySeq: 0, seq }, nowMs)
  }

  #receiveInit(type: InitType, source: Uint8Array, message: Uint8Array, nowMs: number): void {
    const session = this.#find(source, nowMs)
    const id = session?.id ?? keyId(source)
    const opening = this.#openings.get(id)
    const all = session === undefined && opening === undefined ? this.#strangers : this.#expected
    if (isKeyAt(source, 0, this.#options.publicKey) || !this.#inits.take(id, all, nowMs)) {
      this.#stats.throttled++
      return
    }
    // Under a key of small order anybody can sign anything.
    const announced = isSmallOrder(source) ? undefined : openInit(message, this.#options.identity, source)
    if (announced === undefined) {
      this.#stats.ignored++
      return
    }
    this.#stats.initsRead++
    if (session === undefined) this.#create(type, id, source, announced, nowMs)
    else this.#update(type, session, announced, nowMs)
    if (type === SessionType.ack) this.#output.answered(source, nowMs)
  }

  #create(type: InitType, id: KeyId, source: Uint8Array, announced: Announced, nowMs: number): void {
    const { generateKeyPair } = this.#options
    const opening = this.#openings.get(id)
    const recv = opening?.current ?? generateKeyPair()
    const send = opening?.next ?? generateKeyPair()
    const session = new Session(source, announced, recv, send, generateKeyPair(), nowMs)
    session.patienceMs = PATIENCE_MS
    if (this.#sessions.size >= this.#limits.sessions) this.#evict()
    this.#sessions.set(id, session)
    this.#sweepMs = Math.min(this.#sweepMs, nowMs + this.#limits.sessionIdleMs)
    if (opening === undefined) {
      session.ourSeq = this.#strays.seqTo(id)
      this.#acknowledge(session, nowMs)
      return
    }
    session.ourSeq = opening.ourSeq
    session.initSentMs = opening.initSentMs
    this.#acknowledge(session, nowMs)
    opening.wipe()
    if (opening.payload === undefined) this.#openings.remove(opening)
    else if (type === SessionType.init) this.#hold(session, opening, nowMs)
    else this.#release(session, nowMs)
  }

  /**
   * Both have written first. They get our Init and our Ack, and turn their keys for each: what we seal now they can no
   * longer open when it comes. Their Ack says that they are done.
   */
  #hold(session: Session, opening: Opening, nowMs: number): void {
    session.held = true
    opening.held = true
    opening.dueMs = nowMs + HOLD_MS
    this.#openingDueMs = Math.min(this.#openingDueMs, opening.dueMs)
  }

  #release(session: Session, nowMs: number): void {
    session.held = false
    const opening = this.#openings.get(session.id)
    if (opening === undefined) return
    this.#openings.remove(opening)
    if (opening.payload !== undefined) this.#sendTraffic(session, undefined, opening.payload, nowMs)
  }

  #update(type: InitType, session: Session, announced: Announced, nowMs: number): void {
    if (announced.seq > session.theirSeq) {
      session.update(announced, this.#options.generateKeyPair(), nowMs)
      session.unansweredMs = Number.POSITIVE_INFINITY
      if (type === SessionType.init) this.#acknowledge(session, nowMs)
    } else {
      this.#stats.ignored++
    }
    if (session.held && type === SessionType.ack) this.#release(session, nowMs)
  }

  #acknowledge(session: Session, nowMs: number): void {
    this.#sendInit(SessionType.ack, session.publicKey, session.announce(this.#nextSeq(session.ourSeq)), nowMs)
  }

  #sendInit(type: InitType, dest: Uint8Array, announced: Announced, nowMs: number): void {
    const ephemeral = this.#options.generateKeyPair()
    let message: Uint8Array
    try {
      message = sealInit(type, announced, this.#options.identity, ephemeral, dest)
    } catch {
      // No point, or one of small order: nobody has this key.
      this.#stats.ignored++
      return
    }
    if (type === SessionType.ack) this.#stats.acksSent++
    else this.#stats.initsSent++
    this.#output.send(dest, message, nowMs)
  }

  /** Never the same twice for one key, never back. yggdrasil protocol §8.6 */
  #nextSeq(last: number): number {
    this.#wallSeconds = Math.max(this.#wallSeconds, Math.floor(this.#options.wallSeconds()))
    return Math.max(last + 1, this.#wallSeconds)
  }

  #evict(): void {
    let idlest: Session | undefined
    for (const session of this.#sessions.values()) {
      if (idlest === undefined || session.usedMs < idlest.usedMs) idlest = session
    }
    if (idlest === undefined) return
    this.#drop(idlest)
    this.#stats.evicted++
  }

  #drop(session: Session): void {
    this.#sessions.delete(session.id)
    if (this.#last === session) this.#last = undefined
    if (session.held) this.#close(this.#openings.get(session.id))
    session.wipe()
  }

  #close(opening: Opening | undefined): void {
    if (opening === undefined) return
    this.#openings.remove(opening)
    opening.wipe()
    const session = opening.held ? this.#sessions.get(opening.id) : undefined
    if (session !== undefined) session.held = false
  }

  #advanceOpenings(nowMs: number): void {
    this.#openingDueMs = Number.POSITIVE_INFINITY
    for (const opening of this.#openings.values()) {
      if (opening.dueMs <= nowMs) {
        const session = this.#sessions.get(opening.id)
        if (opening.held && session !== undefined) {
          this.#release(session, nowMs)
          continue
        }
        this.#sendOpening(opening, nowMs)
      }
      this.#openingDueMs = Math.min(this.#openingDueMs, opening.dueMs)
    }
  }

  #sweep(nowMs: number): void {
    let oldestMs = Number.POSITIVE_INFINITY
    for (const session of this.#sessions.values()) {
      if (nowMs - session.usedMs >= this.#limits.sessionIdleMs) this.#drop(session)
      else oldestMs = Math.min(oldestMs, session.usedMs)
    }
    for (const opening of this.#openings.values()) {
      if (nowMs - opening.usedMs >= this.#limits.sessionIdleMs) this.#close(opening)
      else oldestMs = Math.min(oldestMs, opening.usedMs)
    }
    this.#sweepMs = Math.max(oldestMs + this.#limits.sessionIdleMs, nowMs + SWEEP_PAUSE_MS)
  }
}

function copied(prefix: number | undefined, payload: Uint8Array): Uint8Array {
  if (prefix === undefined) return payload.slice()
  const copy = new Uint8Array(1 + payload.length)
  copy[0] = prefix
  copy.set(payload, 1)
  return copy
}
