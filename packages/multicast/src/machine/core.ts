import { MulticastError } from '../error.js'
import { limitsOf, type MulticastLimits } from '../limits.js'
import { NONCE_AT } from './data-layout.js'
import { DataSealer } from './data-sealer.js'
import { Deadlines } from './deadlines.js'
import { Finished } from './finished.js'
import { type Salt, saltOf } from './mix.js'
import { Used } from './nonce-set.js'
import { OwnDeclaration } from './own-declaration.js'
import { Peers } from './peers.js'
import { RULES, type Rules } from './rules.js'
import type { Session } from './session.js'
import { SessionTable } from './session-table.js'
import { SignatureGate } from './signature-gate.js'
import type { MachineHost, MachineOptions, Place, PolicyAnswer } from './types.js'

const UNIT_MS = 1000
const ATTEMPTS = 20

/** What all parts of the machine share, and what they all do to a session. */
export class Core {
  readonly host: MachineHost
  readonly publicKey: Uint8Array
  readonly place: Place
  readonly limits: MulticastLimits
  readonly rules: Rules
  readonly policy: (publicKey: Uint8Array, place: Place) => PolicyAnswer
  readonly extraScopes: boolean
  readonly unitMs: number
  readonly attempts: number
  readonly salt: Salt
  readonly declaration: OwnDeclaration
  readonly peers: Peers
  readonly sessions: SessionTable
  readonly finished: Finished
  readonly gate: SignatureGate
  readonly deadlines: Deadlines<Session> = new Deadlines()
  readonly #sealer: DataSealer
  /** Memory of the nonces of all sessions. */
  nonceBytes = 0
  nowMs = 0

  constructor(host: MachineHost, options: MachineOptions) {
    const { publicKey, place, mode = 'hardened', unitMs = UNIT_MS, attempts = ATTEMPTS } = options
    if (!(unitMs > 0)) throw new MulticastError('misuse', `unitMs: expected a number above 0, got ${unitMs}`)
    if (!(Number.isInteger(attempts) && attempts > 0))
      throw new MulticastError('misuse', `attempts: expected an integer above 0, got ${attempts}`)
    this.host = host
    this.publicKey = new Uint8Array(publicKey)
    this.place = { group: new Uint8Array(place.group), port: place.port }
    this.limits = limitsOf(options.limits)
    this.rules = RULES[mode]
    this.policy = options.policy ?? (() => this.rules.unknownKeys)
    this.extraScopes = options.extraScopes ?? false
    this.unitMs = unitMs
    this.attempts = attempts
    this.#sealer = new DataSealer((sizeBytes) => host.randomBytes(sizeBytes))
    this.salt = saltOf(host.randomBytes(8))
    this.declaration = new OwnDeclaration(host, this.publicKey, this.place)
    this.sessions = new SessionTable(this.salt)
    this.peers = new Peers(this.limits, ({ name }) => this.sessions.openedBy(name).size > 0)
    this.finished = new Finished(this.limits.finished)
    this.gate = new SignatureGate(this.limits)
  }

  sendTo(session: Session, bytes: Uint8Array): void {
    for (const place of session.places) this.host.send(bytes, place)
  }

  /** The same for what is seldom sent, and shows whether anything can be. */
  sendRare(session: Session, bytes: Uint8Array): void {
    for (const place of session.places) this.host.send(bytes, place, true)
  }

  /**
   * A packet of session data under this key, counted as a message.
   * @returns `undefined` when the session has had all its messages; it is closed then
   * @throws {MulticastError} `misuse` when the random source repeats itself
   */
  seal(session: Session, key: Uint8Array, payload: Uint8Array): Uint8Array | undefined {
    if (session.sent >= this.limits.messagesPerSession) {
      this.close(session, allMessagesSent())
      return undefined
    }
    const packet = this.#sealer.seal(
      session.id,
      key,
      payload,
      (sealed) => !this.rules.remembersData || this.remember(session, sealed, Used.sent),
    )
    session.sent += 1
    return packet
  }

  /** Note that the nonce of this packet is used. @returns `false` when it was already */
  remember(session: Session, packet: Uint8Array, direction: typeof Used.received | typeof Used.sent): boolean {
    const { nonces } = session
    const before = nonces.sizeBytes
    const isNew = nonces.add(packet, NONCE_AT, direction)
    this.nonceBytes += nonces.sizeBytes - before
    return isNew
  }

  /** Close who holds most while all together hold too much. Not in the middle of anything. */
  shedNonces(): void {
    while (this.nonceBytes > this.limits.nonceBytes) {
      let largest: Session | undefined
      for (const session of this.sessions.all()) {
        if (largest === undefined || session.nonces.sizeBytes > largest.nonces.sizeBytes) largest = session
      }
      if (largest === undefined) return
      this.close(
        largest,
        new MulticastError('limit', 'closed for its memory: open a new session, or raise limits.nonceBytes'),
      )
    }
  }

  /** When nobody uses it any more. An opening ends with its attempts instead. */
  expiryMs(session: Session): number {
    if (!this.rules.hasTimers || (session.role === 'initiator' && session.state === 'opening'))
      return Number.POSITIVE_INFINITY
    const { halfOpenMs, idleMs, repeatedMs } = this.limits
    if (session.isHalfOpen) return session.activeMs + halfOpenMs
    return Math.max(session.activeMs, Math.min(session.repeatedMs, session.activeMs + repeatedMs)) + idleMs
  }

  /** See to it that this session is woken in time. */
  arm(session: Session): void {
    const { opening, request, late } = session
    let dueMs = this.expiryMs(session)
    if (opening !== undefined && opening.dueMs < dueMs) dueMs = opening.dueMs
    if (request !== undefined && request.dueMs < dueMs) dueMs = request.dueMs
    if (late !== undefined && late.dueMs < dueMs) dueMs = late.dueMs
    this.deadlines.wakeBy(session, dueMs)
  }

  /** For good, and told once; what it waited for fails. */
  close(session: Session, error?: MulticastError): void {
    if (session.state === 'closed') return
    const { isTold } = session
    session.state = 'closed'
    this.sessions.delete(session)
    this.deadlines.forget(session)
    this.nonceBytes -= session.nonces.sizeBytes
    session.erase()
    this.finished.add(session.peerName, session.name)
    const unanswered = session.waiting.splice(0)
    if (session.request !== undefined) unanswered.unshift(session.request)
    session.request = undefined
    if (unanswered.length > 0) {
      const reason = error ?? new MulticastError('closed', 'the session is closed: open a new one')
      for (const { done } of unanswered) done(reason)
    }
    if (isTold) this.host.closed(session, error)
  }
}

function allMessagesSent(): MulticastError {
  return new MulticastError('limit', 'closed after its last message: open a new session')
}
