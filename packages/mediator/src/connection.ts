import type { ByteStream, StreamHandlers, TransportError } from '@mimirjs/transport'
import type { MediatorDialect, MediatorRequestFrame } from '@mimirjs/wire/mediator'
import type { Account } from './accounts.js'
import { Outbox } from './outbox.js'
import type { RequestRates } from './rate-limits.js'
import type { Room } from './rooms.js'
import type { Session } from './session.js'
import type { CutReason } from './types.js'

/** An answer in the making: they leave in the order of their requests. */
export interface Slot {
  readonly bytes: number
  readonly isHeavy: boolean
  frames: readonly Uint8Array[] | undefined
  /** The connection ends behind this answer: cut, or because its client has ended it. */
  last: CutReason | 'done' | undefined
}

/** What a connection tells: everything is decided there. */
export interface ConnectionOwner {
  received(connection: Connection, chunk: Uint8Array): void
  remoteEnded(connection: Connection): void
  drained(connection: Connection): void
  closed(connection: Connection, error: TransportError | undefined): void
  /** It has something to write: flush it at the end of this turn. */
  wantsFlush(connection: Connection): void
}

/**
 * One client. Holds the state that its stream, its requests and its subscriptions need, and nothing while it is idle: it is
 * the stream's handlers itself, and what only busy connections need is made when they are.
 */
export class Connection implements StreamHandlers {
  readonly stream: ByteStream
  readonly session: Session
  /** What limits count it under: a transport key, or a host. */
  readonly source: string
  readonly outbox: Outbox = new Outbox()
  readonly rooms: Room[] = []
  account: Account | undefined
  rates: RequestRates | undefined
  /** Invites that wait until it has logged in and read what is before them. */
  invites: Set<bigint> | undefined
  /** One of them is being read from the store. */
  isInviting = false
  /** Answers that are not out yet, oldest first. */
  readonly slots: Slot[] = []
  slotBytes = 0
  heavySlots = 0
  /** A command that lets no other run beside it is in the store. */
  isExclusive = false
  /** A request that waits for those before it. */
  held: MediatorRequestFrame | undefined
  isPaused = false
  isPumping = false
  /** Since when its stream takes nothing more; 0: it does. */
  blockedSinceMs = 0
  /** An answer that is to be the last one is in the row: nothing is read behind it. */
  isStopped = false
  /** The client ended its direction. */
  hasRemoteEnded = false
  isDirty = false
  /** It was aborted, and will hear of it. */
  isCut = false
  isClosed = false
  failedLogins = 0
  /** Bytes of it that the sum over all connections contains. */
  countedBytes = 0
  /** When its last answer was queued; 0: it goes on. What is queued still leaves. */
  endingSinceMs = 0
  /** Our direction is ended. */
  hasEnded = false
  readonly #owner: ConnectionOwner

  constructor(stream: ByteStream, session: Session, source: string, owner: ConnectionOwner) {
    this.stream = stream
    this.session = session
    this.source = source
    this.#owner = owner
  }

  /** Only of a connection whose opening was read. */
  get dialect(): MediatorDialect {
    return this.session.dialect ?? 'tlv-push'
  }

  /** Queue a whole frame; it leaves at the end of this turn, or when the reader has caught up. */
  send(frame: Uint8Array): void {
    if (this.isClosed || this.hasEnded) return
    this.outbox.push(frame)
    if (!this.isDirty) this.#owner.wantsFlush(this)
  }

  data(chunk: Uint8Array): void {
    this.#owner.received(this, chunk)
  }

  end(): void {
    this.#owner.remoteEnded(this)
  }

  drain(): void {
    this.#owner.drained(this)
  }

  closed(error?: TransportError): void {
    this.#owner.closed(this, error)
  }
}
