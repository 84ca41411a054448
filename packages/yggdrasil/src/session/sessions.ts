import { compareKeys, isKeyAt, type KeyId, keyId } from '../key.js'
import type { SessionLimits } from '../limits.js'
import type { SessionInfo } from '../node/types.js'
import { SESSION_TRAFFIC_HEAD_BYTES, SessionType } from '../wire/session.js'
import { MAX_HEAD_BYTES } from './header.js'
import { Herald } from './herald.js'
import type { Announced, InitType } from './init.js'
import { InitGate } from './init-gate.js'
import { Opening, Openings } from './openings.js'
import { joined, Scratch } from './scratch.js'
import { Session } from './session.js'
import { SessionTable } from './table.js'
import { newStats, type SessionStats, type SessionsOptions, type SessionsOutput } from './types.js'

/** While packets can be opened, those that cannot are old or forged, and not answered. */
const IN_SYNC_MS = 250
/** Held back for so long at most: see {@link Sessions.#hold}. */
const HOLD_MS = 1000
/** Longest patience with silence: see {@link Sessions.#doubt}. */
const MAX_PATIENCE_MS = 64_000
/** How long the higher key waits for the lower one: see {@link Sessions.#uncross}. */
const CROSSED_MS = 3000
/** Two that end one after the other share a sweep. */
const SWEEP_PAUSE_MS = 1000
/** What is added to a payload at most: numbers, tag, key, prefix. */
const OVERHEAD_BYTES = MAX_HEAD_BYTES + 16 + SESSION_TRAFFIC_HEAD_BYTES + 1

/**
 * The encrypted sessions of a node: turns payloads of traffic into packets that are authentic, come once and in order.
 * No I/O, no clock, no chance. yggdrasil protocol §8
 */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #limits: SessionLimits
  readonly #output: SessionsOutput
  readonly #table: SessionTable
  readonly #openings: Openings
  readonly #herald: Herald
  readonly #gate: InitGate
  readonly #out = new Scratch()
  readonly #in = new Scratch()
  readonly #keep: (plain: Uint8Array) => Uint8Array
  readonly #stats: SessionStats = newStats()
  #openingDueMs = Number.POSITIVE_INFINITY
  #sweepMs = Number.POSITIVE_INFINITY

  constructor(options: SessionsOptions) {
    const { limits, identity, output } = options
    this.#options = options
    this.#limits = limits
    this.#output = output
    this.#table = new SessionTable(limits.sessions, limits.sessionIdleMs, ({ held, id }) => {
      if (held) this.#close(this.#openings.get(id))
    })
    this.#openings = new Openings(limits)
    this.#herald = new Herald({
      ...options,
      ...limits,
      stats: this.#stats,
      send: (dest, message, nowMs) => output.send(dest, message, nowMs),
    })
    this.#gate = new InitGate(identity, limits, this.#stats)
    this.#keep = (plain) => this.#in.copy(plain)
  }

  get size(): number {
    return this.#table.size
  }

  /** Sessions that are being opened. */
  get openings(): number {
    return this.#openings.size
  }

  get stats(): Readonly<SessionStats> {
    return this.#stats
  }

  /** Entries of all tables. */
  get tableSizes(): { sessions: number; openings: number; openingBytes: number; sources: number; strays: number } {
    return {
      sessions: this.#table.size,
      openings: this.#openings.size,
      openingBytes: this.#openings.bytes,
      sources: this.#gate.sources,
      strays: this.#herald.strays,
    }
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#openingDueMs, this.#sweepMs)
  }

  sessions(): SessionInfo[] {
    return Array.from(this.#table.values(), (session) => session.info())
  }

  /** Whether there is a session with this key of 32 bytes. */
  has(key: Uint8Array, nowMs: number): boolean {
    return this.#table.find(key, nowMs) !== undefined
  }

  /**
   * Send a packet; without a session it waits for one, instead of what waited. `payload` is not held on to.
   * @param prefix - a byte in front of the payload
   * @returns `false`: taken, but the way is full
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number, prefix?: number): boolean {
    const session = this.#table.find(dest, nowMs)
    if (session !== undefined && !session.held) return this.#sendTraffic(session, prefix, payload, nowMs)
    this.#wait(dest, joined(prefix, payload), nowMs)
    return true
  }

  /**
   * Make the other side answer with an Ack, which everybody does who has its key: see {@link SessionsOutput.answered}.
   * @returns `nowMs` when an Init went out; else when the next one may
   */
  probe(dest: Uint8Array, nowMs: number): number {
    const session = this.#table.find(dest, nowMs)
    return session === undefined ? this.#wait(dest, undefined, nowMs) : this.#herald.ask(session, nowMs)
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
    this.#table.clear()
    for (const opening of this.#openings.values()) this.#close(opening)
    this.#sweepMs = this.#openingDueMs = Number.POSITIVE_INFINITY
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
    return this.#output.send(session.publicKey, out.subarray(0, end), nowMs)
  }

  /**
   * We write and hear nothing. Perhaps nobody answers by design; perhaps the other side was started anew and does not
   * say so (not all implementations do), and would not hear from us until we are silent for a minute. An Init finds out.
   */
  #doubt(session: Session, nowMs: number): void {
    session.unansweredMs = nowMs
    session.patienceMs = Math.min(session.patienceMs * 2, MAX_PATIENCE_MS)
    this.#herald.ask(session, nowMs)
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
    const sentMs = this.#herald.open(opening, nowMs)
    this.#openingDueMs = Math.min(this.#openingDueMs, opening.dueMs)
    return sentMs
  }

  #receiveTraffic(source: Uint8Array, message: Uint8Array, nowMs: number): void {
    const session = this.#table.find(source, nowMs)
    if (session === undefined) {
      this.#receiveStray(source, nowMs)
      return
    }
    const opened = session.open(message, this.#keep, this.#options.generateKeyPair, nowMs)
    if (opened === 'ignored') {
      this.#stats.ignored++
    } else if (opened === 'out-of-sync') {
      this.#stats.outOfSync++
      // An Init for what is old or forged would cost us packets under way.
      if (nowMs - session.openedMs >= IN_SYNC_MS) this.#herald.ask(session, nowMs)
    } else {
      this.#stats.received++
      session.heard()
      if (session.held) this.#release(session, nowMs)
      if (session.crossedMs !== Number.POSITIVE_INFINITY) this.#uncross(session, nowMs)
      this.#output.deliver(session.publicKey, opened.subarray(SESSION_TRAFFIC_HEAD_BYTES), nowMs)
    }
  }

  /** Both would send an Init now, which would cross again: the lower key goes first. */
  #uncross(session: Session, nowMs: number): void {
    const isFirst = compareKeys(this.#options.publicKey, session.publicKey) < 0
    if (isFirst || nowMs - session.crossedMs >= CROSSED_MS) this.#herald.ask(session, nowMs)
  }

  #receiveStray(source: Uint8Array, nowMs: number): void {
    if (isKeyAt(source, 0, this.#options.publicKey)) return
    const id = keyId(source)
    const opening = this.#openings.get(id)
    if (opening === undefined) this.#herald.answerStray(id, source, nowMs)
    else this.#sendOpening(opening, nowMs)
  }

  #receiveInit(type: InitType, source: Uint8Array, message: Uint8Array, nowMs: number): void {
    if (isKeyAt(source, 0, this.#options.publicKey)) return
    const session = this.#table.find(source, nowMs)
    const id = session?.id ?? keyId(source)
    const opening = this.#openings.get(id)
    const isExpected = session !== undefined || opening !== undefined
    const announced = this.#gate.read(source, message, isExpected, nowMs)
    if (announced === undefined) return
    // What is old can have been recorded and sent again by anybody: it answers nothing, and costs its sender nothing.
    const isNews = session?.isNews(announced) ?? true
    if (!isNews) this.#stats.ignored++
    else if (!this.#gate.admit(id, isExpected, nowMs)) return
    else if (session === undefined) this.#create(type, id, source, announced, nowMs)
    else this.#update(type, session, announced, nowMs)
    if (type !== SessionType.ack) return
    if (session?.held) this.#release(session, nowMs)
    if (isNews) this.#output.answered(source, nowMs)
  }

  #create(type: InitType, id: KeyId, source: Uint8Array, announced: Announced, nowMs: number): void {
    const { generateKeyPair } = this.#options
    const opening = this.#openings.get(id)
    const recv = opening?.current ?? generateKeyPair()
    const send = opening?.next ?? generateKeyPair()
    const session = new Session(source, announced, recv, send, generateKeyPair(), nowMs)
    if (this.#table.add(session)) this.#stats.evicted++
    this.#sweepMs = Math.min(this.#sweepMs, nowMs + this.#limits.sessionIdleMs)
    if (opening !== undefined) {
      session.ourSeq = opening.ourSeq
      session.initSentMs = opening.initSentMs
      if (type === SessionType.init) session.askedMs = opening.initSentMs
    }
    this.#herald.welcome(session, nowMs)
    if (opening === undefined) return
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
    session.update(announced, this.#options.generateKeyPair(), nowMs)
    // What crosses an Init of ours is not the answer to it.
    if (type === SessionType.init) this.#herald.acknowledge(session, nowMs)
    else session.askedMs = Number.NEGATIVE_INFINITY
  }

  #close(opening: Opening | undefined): void {
    if (opening === undefined) return
    this.#openings.remove(opening)
    opening.wipe()
    const session = opening.held ? this.#table.get(opening.id) : undefined
    if (session !== undefined) session.held = false
  }

  #advanceOpenings(nowMs: number): void {
    this.#openingDueMs = Number.POSITIVE_INFINITY
    for (const opening of this.#openings.values()) {
      if (opening.dueMs <= nowMs) {
        const session = this.#table.get(opening.id)
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
    const { sessionIdleMs } = this.#limits
    let nextMs = this.#table.sweep(nowMs)
    for (const opening of this.#openings.values()) {
      if (nowMs - opening.usedMs >= sessionIdleMs) this.#close(opening)
      else nextMs = Math.min(nextMs, opening.usedMs + sessionIdleMs)
    }
    this.#sweepMs = Math.max(nextMs, nowMs + SWEEP_PAUSE_MS)
  }
}
