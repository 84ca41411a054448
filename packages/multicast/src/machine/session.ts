import type { MulticastError } from '../error.js'
import type { Sleeper } from './deadlines.js'
import type { KeptAnswers } from './kept-answers.js'
import type { Salt } from './mix.js'
import { nameOf } from './names.js'
import { NonceSet } from './nonce-set.js'
import type { TokenBucket } from './token-bucket.js'
import type { MachineSession, Place, SessionRole, SessionState } from './types.js'

/** A key that the other side may have. Only an opening that was not confirmed yet can have several. */
export interface Candidate {
  /** The other side's ephemeral public value. */
  readonly remoteKey: Uint8Array
  /** AES-256; `undefined` where an original program would hold an empty one. */
  readonly key: Uint8Array | undefined
}

/** What the initiator repeats until somebody answers. */
export interface Opening {
  /** Our ephemeral secret: further responses may need it until the first data. */
  readonly secret: Uint8Array
  readonly initiation: Uint8Array
  isSigned: boolean
  /** Attempts begun. */
  attempts: number
  dueMs: number
}

/** A request under way or waiting. */
export interface Request {
  readonly payload: Uint8Array
  readonly done: (answer: Uint8Array | MulticastError) => void
  /** For each candidate that it was sent under, its own packet, which stays as it is. */
  readonly packets: { readonly candidate: Candidate; readonly bytes: Uint8Array }[]
  /** Transmissions since the newest candidate came. */
  turn: number
  attempts: number
  dueMs: number
}

export interface SessionFacts {
  readonly id: Uint8Array
  readonly peer: Uint8Array
  readonly role: SessionRole
  readonly places: readonly Place[]
  readonly nowMs: number
}

/** What is known of one session. It decides nothing. */
export class Session implements MachineSession, Sleeper {
  readonly id: Uint8Array
  readonly name: string
  readonly peer: Uint8Array
  readonly peerName: string
  readonly role: SessionRole
  readonly places: readonly Place[]
  readonly nonces: NonceSet
  state: SessionState = 'opening'
  received = 0
  sent = 0
  onOpen: (() => void) | undefined = undefined

  /** The newest first. */
  candidates: readonly Candidate[] = []
  readonly madeMs: number
  /** Last sign of life that was new. */
  activeMs: number
  /** Last sign of life that was old. */
  repeatedMs: number
  wakeMs = 0
  heapAt = -1
  /** The next one in the same slot of the table. */
  chained: Session | undefined = undefined

  /** As the initiator, until it is confirmed. */
  opening: Opening | undefined = undefined
  /** As the responder: the initiation's signature, by which the same bytes are recognised. */
  initiationSignature: Uint8Array | undefined = undefined
  /** As the responder, once it is signed and until data come. */
  response: Uint8Array | undefined = undefined

  answers: KeptAnswers | undefined = undefined
  repeats: TokenBucket | undefined = undefined
  /** An answer to be sent again as soon as the rate allows. */
  late: { readonly answer: Uint8Array; readonly dueMs: number } | undefined = undefined

  request: Request | undefined = undefined
  readonly waiting: Request[] = []

  constructor({ id, peer, role, places, nowMs }: SessionFacts, salt: Salt) {
    this.id = new Uint8Array(id)
    this.name = nameOf(id)
    this.peer = new Uint8Array(peer)
    this.peerName = nameOf(peer)
    this.role = role
    this.places = places
    this.nonces = new NonceSet(salt)
    this.madeMs = nowMs
    this.activeMs = nowMs
    this.repeatedMs = nowMs
  }

  /** Answered and never used. */
  get isHalfOpen(): boolean {
    return this.role === 'responder' && this.state === 'opening'
  }

  /** Whether the application has heard of it. */
  get isTold(): boolean {
    return this.role === 'initiator' || this.state === 'confirmed'
  }

  /** Overwrite all that would open what was recorded. */
  erase(): void {
    for (const { key } of this.candidates) key?.fill(0)
    this.candidates = []
    this.opening?.secret.fill(0)
    this.opening = undefined
    this.response = undefined
    this.answers = undefined
    this.late = undefined
    this.nonces.clear()
  }
}
