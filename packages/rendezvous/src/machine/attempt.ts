import type { EnvelopeBody, SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { ChannelSession } from './channel-session.js'
import { nameOf } from './keys.js'
import type { Letter } from './outbox.js'
import type { Received } from './receiver.js'
import type { Attempt, AttemptState, CloseCode, ConnectionState, Role } from './types.js'

/** Candidates of a description that is not here yet. */
export interface EarlyCandidates {
  readonly re: Uint8Array
  readonly c: readonly SignalledCandidate[]
  readonly end: boolean
}

/** New paths are looked for, on the connection that there is. */
export interface Restart {
  /** When it has to be over, in ms. */
  readonly deadlineMs: number
  /** Of its offer; `undefined` while the offerer makes it. */
  offerId: Uint8Array | undefined
  /** Whether the answer is applied here, or on its way to the other side. */
  isAnswered: boolean
}

/** What the machine knows of one attempt: {@link Attempt} is what others see of it. */
export class OwnAttempt implements Attempt {
  readonly peer: Uint8Array
  /** The table name of `peer`. */
  readonly name: string
  readonly sinceMs: number
  state: AttemptState
  role: Role
  sid: Uint8Array
  connection: number | undefined
  openedMs: number | undefined
  closeCode: CloseCode | undefined
  closeDetail: string | undefined

  /** When this state has to be over. */
  deadlineMs: number = Number.POSITIVE_INFINITY
  /** What is repeated until the other side goes on. */
  letters: Letter[] = []
  /** The newest instance of the other side that took part, and the counter of its knock. */
  peerEpoch = 0
  knockCtr = 0
  /** What the user is asked about. */
  knock: Received | undefined

  /** Envelope ids, as far as the attempt has come. */
  knockId: Uint8Array | undefined
  welcomeId: Uint8Array | undefined
  offerId: Uint8Array | undefined
  answerId: Uint8Array | undefined
  /** Of ours, from before the last restart. */
  previousAnswerId: Uint8Array | undefined
  /** SHA-256 of the certificates, in hex. */
  ownFp: string | undefined
  peerFp: string | undefined

  /** Whose candidates are passed on: the id of the other side's description that is applied. */
  remoteId: Uint8Array | undefined
  early: EarlyCandidates[] = []
  remoteCandidates = 0
  /** The id of our description: candidates go out under it. */
  localId: Uint8Array | undefined
  localCandidates = 0
  /** Candidates of ours that wait for more, to go out together. */
  unsent: SignalledCandidate[] = []
  isUnsentEnd = false
  unsentDueMs: number = Number.POSITIVE_INFINITY

  /** The channel, from its opening on. */
  channel: ChannelSession | undefined
  connectionState: ConnectionState = 'connected'
  /** When new paths are looked for unless the connection recovers. */
  restartDueMs: number = Number.POSITIVE_INFINITY
  restart: Restart | undefined

  constructor(peer: Uint8Array, state: AttemptState, role: Role, sid: Uint8Array, nowMs: number) {
    this.peer = peer
    this.name = nameOf(peer)
    this.state = state
    this.role = role
    this.sid = sid
    this.sinceMs = nowMs
  }

  get isRestarting(): boolean {
    return this.restart !== undefined
  }

  /** Whether it counts against the limit of attempts. */
  get isUnderWay(): boolean {
    return this.state !== 'prompting' && this.state !== 'open' && this.state !== 'closed'
  }

  /** Forget everything but who it is with: it goes on as the answer to this knock. */
  turnTo(knock: Received, state: AttemptState): void {
    this.state = state
    this.role = 'answerer'
    this.sid = knock.sid
    this.knockId = knock.id
    this.knockCtr = knock.ctr
    this.peerEpoch = knock.epoch
    this.letters = []
    this.welcomeId = undefined
    this.offerId = undefined
    this.answerId = undefined
    this.previousAnswerId = undefined
    this.ownFp = undefined
    this.peerFp = undefined
    this.channel = undefined
    this.forgetCandidates()
  }

  /** Those of both sides: a description was made, or will be. */
  forgetCandidates(): void {
    this.remoteId = undefined
    this.early = []
    this.remoteCandidates = 0
    this.localId = undefined
    this.localCandidates = 0
    this.unsent = []
    this.isUnsentEnd = false
    this.unsentDueMs = Number.POSITIVE_INFINITY
  }

  /** What is still to be repeated, without envelopes of this kind. */
  dropLetters(kind: EnvelopeBody['kind']): void {
    this.letters = this.letters.filter((letter) => letter.kind !== kind)
  }
}
