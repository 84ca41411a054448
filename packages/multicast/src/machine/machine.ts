import { MulticastPacketType } from '@mimirjs/wire/multicast'
import { type Counters, newCounters, type Verdict } from '../counters.js'
import { MulticastError } from '../error.js'
import { Core } from './core.js'
import { receiveData } from './data.js'
import { receiveDeclaration } from './declarations.js'
import { receiveInitiation } from './initiations.js'
import { attemptAgain, open, requirePeer } from './openings.js'
import { requirePayload } from './payload.js'
import { addRequest, repeatRequest } from './requests.js'
import { Session } from './session.js'
import type { MachineHost, MachineOptions, MachineSession, PeerAddress } from './types.js'

/**
 * Both roles of the protocol on one socket, without the socket: datagrams, commands and the time go in, and what is to
 * be sent and told comes out at the host. Whatever comes in, nothing is sent because of it that its checks do not allow,
 * and tables stay bounded. After each call, look at {@link deadlineMs}.
 */
export class MulticastMachine {
  readonly #core: Core
  readonly #counters: Counters = newCounters()

  /** @throws {MulticastError} `misuse` for limits that cannot be */
  constructor(host: MachineHost, options: MachineOptions) {
    this.#core = new Core(host, options)
  }

  /** What became of all datagrams so far. */
  get counters(): Readonly<Counters> {
    return this.#counters
  }

  /** Sessions of both roles, half-open ones included. */
  get sessionCount(): number {
    return this.#core.sessions.size
  }

  /** Keys whose addresses are known. */
  get peerCount(): number {
    return this.#core.peers.size
  }

  /** Memory of the nonces of all sessions, in bytes. */
  get nonceBytes(): number {
    return this.#core.nonceBytes
  }

  /** When {@link advance} is due; it may turn out that it was early. Infinity when nothing waits. */
  get deadlineMs(): number {
    return this.#core.deadlines.nextMs
  }

  /**
   * Take a datagram.
   * @param bytes - not kept, and not changed
   * @param source - the address of its sender without the port, for rates only
   */
  receive(bytes: Uint8Array, source: string, nowMs: number): Verdict {
    const core = this.#core
    core.nowMs = nowMs
    const verdict = this.#judge(bytes, source, nowMs)
    this.#counters[verdict] += 1
    if (core.nonceBytes > core.limits.nonceBytes) core.shedNonces()
    return verdict
  }

  /**
   * Open a session. It is `opening` until the other side answers; `closed` tells when it never does.
   * @throws {MulticastError} `bad-key` | `bad-address` | `limit`
   */
  connect(peer: PeerAddress, nowMs: number): MachineSession {
    this.#core.nowMs = nowMs
    return open(this.#core, peer, nowMs)
  }

  /**
   * Send one message, once.
   * @throws {MulticastError} `too-large` | `closed` | `misuse` before the session is open
   */
  send(session: MachineSession, payload: Uint8Array, nowMs: number): void {
    const own = this.#usable(session, nowMs)
    requirePayload(this.#core.limits, payload)
    const key = own.candidates[0]?.key
    if (key === undefined) throw new MulticastError('misuse', 'session: expected an open one; wait until it is')
    const bytes = this.#core.seal(own, key, payload)
    if (bytes === undefined) throw new MulticastError('closed', 'the session had all its messages: open a new one')
    this.#core.sendTo(own, bytes)
    if (this.#core.nonceBytes > this.#core.limits.nonceBytes) this.#core.shedNonces()
  }

  /**
   * Send a message, again and again until data come back: those are the answer. Waits while the session is opening, and
   * for the request before.
   * @param done - called once: with the answer, or with what went wrong (`no-answer`, `no-response`, `closed`, `limit`)
   * @throws {MulticastError} `too-large` | `closed` | `limit` when too many wait; `done` is not called then
   */
  request(
    session: MachineSession,
    payload: Uint8Array,
    nowMs: number,
    done: (answer: Uint8Array | MulticastError) => void,
  ): void {
    const own = this.#usable(session, nowMs)
    requirePayload(this.#core.limits, payload)
    addRequest(this.#core, own, payload, done, nowMs)
    if (this.#core.nonceBytes > this.#core.limits.nonceBytes) this.#core.shedNonces()
  }

  /** Forget a session and its keys. The other side is not told: the protocol has no word for it. */
  close(session: MachineSession, nowMs: number): void {
    this.#core.nowMs = nowMs
    if (session instanceof Session) this.#core.close(session)
  }

  /** Close every session and erase its keys: the node ends. */
  closeAll(nowMs: number): void {
    this.#core.nowMs = nowMs
    for (const session of [...this.#core.sessions.all()]) this.#core.close(session)
  }

  /**
   * The user says whose key this is and where its owner listens. No policy is asked about it any more, and no
   * declaration takes the place away.
   * @throws {MulticastError} `bad-key` | `bad-address` | `limit` when all peers were learned
   */
  learn(peer: PeerAddress): void {
    requirePeer(this.#core, peer)
    if (!this.#core.peers.pin(peer, this.#core.nowMs))
      throw new MulticastError('limit', `expected at most ${this.#core.limits.peers} peers: raise limits.peers`)
  }

  /** The opposite; sessions with this key go on. */
  forget(publicKey: Uint8Array): void {
    this.#core.peers.forget(publicKey)
  }

  /** Do what is due: repeat, give up, expire. */
  advance(nowMs: number): void {
    const core = this.#core
    core.nowMs = nowMs
    for (let session = core.deadlines.takeDue(nowMs); session !== undefined; session = core.deadlines.takeDue(nowMs))
      this.#wake(session, nowMs)
    if (core.nonceBytes > core.limits.nonceBytes) core.shedNonces()
  }

  #judge(bytes: Uint8Array, source: string, nowMs: number): Verdict {
    switch (bytes[0]) {
      case MulticastPacketType.sessionData:
        return receiveData(this.#core, bytes, nowMs)
      case MulticastPacketType.sessionInitiation:
        return receiveInitiation(this.#core, bytes, source, nowMs)
      case MulticastPacketType.addressDeclaration:
        return receiveDeclaration(this.#core, bytes, source, nowMs)
      default:
        return bytes.length === 0 ? 'drop:empty' : 'drop:type'
    }
  }

  #wake(session: Session, nowMs: number): void {
    const core = this.#core
    const { late, opening } = session
    if (core.expiryMs(session) <= nowMs) {
      core.close(session)
      return
    }
    if (late !== undefined && late.dueMs <= nowMs) {
      session.late = undefined
      core.sendTo(session, late.answer)
    }
    if (opening !== undefined && opening.dueMs <= nowMs) attemptAgain(core, session, opening, nowMs)
    const { request } = session
    if (request !== undefined && request.dueMs <= nowMs) repeatRequest(core, session, request, nowMs)
    if (session.state !== 'closed') core.arm(session)
  }

  /** @throws {MulticastError} `closed` */
  #usable(session: MachineSession, nowMs: number): Session {
    const core = this.#core
    core.nowMs = nowMs
    if (!(session instanceof Session)) throw new MulticastError('misuse', 'session: expected one of this machine')
    if (core.expiryMs(session) <= nowMs) core.close(session)
    if (session.state === 'closed') throw new MulticastError('closed', 'the session is closed: open a new one')
    return session
  }
}
