import type { MediatorDialect } from '@mimirjs/wire/mediator'
import type { MediatorError } from './error.js'
import type { MediatorClientLimits } from './limits.js'
import { SyncPosition } from './sync-position.js'
import { SyncQueue } from './sync-queue.js'
import { type MediatorTimers, nextPause } from './timers.js'
import type { ReceivedBatch, ReceivedMessage } from './types.js'

// Keeps up with one chat, without network, store, clock and chance: what the mediator said, what was stored and the time
// go in; questions for the mediator, batches for the store and the next deadline come out. It lives as long as the chat
// is followed, over all connections.
//
// What holds at every moment: whatever the mediator has up to `syncedTo` is stored, or stands in the queue before the
// entry that says so. `syncedTo` moves over three things only: a page, which shows all there is up to its last id; an
// id that is the next one; and, where a page may be empty although something follows, the rows that it looked at.
// Pushes are stored as they come, and prove nothing about what lies before them.
// Source: mediator protocol §11.5 and current protocol §19.6.

/** A question for the mediator; its answer is handed in together with it. */
export type SyncQuestion =
  /** GET_MESSAGES_SINCE; answer with {@link ChatSync.page} or {@link ChatSync.failed}. */
  | {
      readonly type: 'page'
      readonly sinceId: bigint
      readonly limit: number
      /** Highest id heard of when it was asked: what lies before was there already. */
      readonly highestId: bigint
    }
  /** GET_LAST_MESSAGE_ID; answer with {@link ChatSync.last} or {@link ChatSync.failed}. */
  | { readonly type: 'last' }

export type SyncAction =
  | SyncQuestion
  /** All that there was at the time of the subscription is stored; once per subscription. */
  | { readonly type: 'caughtUp' }
  /** A page cannot be had, not even of one message. Nothing was skipped. */
  | { readonly type: 'stuck'; readonly error: MediatorError }

export interface ChatSyncOptions {
  readonly syncedTo: bigint
  readonly dialect: MediatorDialect
  readonly timers: MediatorTimers
  readonly limits: MediatorClientLimits
}

const NEVER = Number.POSITIVE_INFINITY

export class ChatSync {
  readonly #options: ChatSyncOptions
  readonly #queue: SyncQueue
  readonly #fullLimit: number
  readonly #position: SyncPosition
  #storedTo: bigint
  #phase: 'idle' | 'held' | 'fetching' | 'live' = 'idle'
  /** We may not subscribe, and look from time to time. */
  #polls = false
  #isReported = false
  /** Caught up as soon as this is stored. */
  #reportAt: bigint | undefined
  /** A message that is too large for the client ends the connection every time. */
  #isBlocked: MediatorError | undefined
  #actions: SyncAction[] = []
  #asked: SyncQuestion | undefined
  /** Asked before the last subscription, so that it may miss what came in between. */
  #isOldAnswer = false
  #wantsLast = false
  #limit: number
  /** What SUBSCRIBE or GET_LAST_MESSAGE_ID named. */
  #lastId = 0n
  #gapDueMs = NEVER
  /** Where the gap was for which that time is set. */
  #gapAt = 0n
  /** When to look unasked: nothing came for long, or we poll. */
  #lookDueMs = NEVER
  #askAfterMs = 0
  #askPauseMs = 0
  #isStoring = false
  #storeAfterMs = 0
  #storePauseMs = 0

  constructor(options: ChatSyncOptions) {
    const { syncedTo, limits } = options
    this.#options = options
    this.#storedTo = syncedTo
    this.#position = new SyncPosition(syncedTo, limits.knownIds)
    this.#limit = this.#fullLimit = limits.pageMessages
    this.#queue = new SyncQueue(limits.batchMessages, syncedTo)
  }

  /** As last stored. */
  get storedTo(): bigint {
    return this.#storedTo
  }

  get polls(): boolean {
    return this.#polls
  }

  /** Whether the answer to this is still of interest. */
  isWaitingFor(question: SyncQuestion): boolean {
    return this.#asked === question
  }

  /** Messages that wait to be stored, and their bytes. */
  get queued(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#queue.messages, bytes: this.#queue.bytes }
  }

  /** SUBSCRIBE was answered with this id. Nothing is asked for until {@link begin}. */
  subscribed(lastId: bigint): void {
    this.#polls = false
    this.#lastId = lastId
    this.#hold()
  }

  /** SUBSCRIBE was refused, but we may read. */
  readOnly(): void {
    this.#polls = true
    this.#hold()
  }

  /** Fetch now what is missing. */
  begin(nowMs: number): void {
    if (this.#phase !== 'held') return
    if (this.#isBlocked !== undefined) this.#stuck(this.#isBlocked, nowMs)
    else if (this.#polls) this.#look(nowMs)
    else this.#fetch(this.#lastId, nowMs)
  }

  /** The connection, or our membership, is over; what waits to be stored stays. */
  disconnected(error: MediatorError): void {
    if (this.#asked?.type === 'page' && error.code === 'protocol') this.#shrink(error)
    this.#phase = 'idle'
    this.#asked = undefined
    this.#wantsLast = false
    this.#unreport()
    this.#position.disconnected()
    this.#gapDueMs = this.#lookDueMs = NEVER
    this.#askAfterMs = this.#askPauseMs = 0
    this.#actions = []
  }

  /** Try again what ended the connection. */
  unblock(): void {
    this.#isBlocked = undefined
  }

  /** A message was pushed; its id is at least 1. */
  pushed(message: ReceivedMessage, nowMs: number): void {
    const { messageId } = message
    this.#heardOf(messageId, nowMs)
    if (this.#position.has(messageId)) return
    const { queuedMessages, queuedBytes } = this.#options.limits
    if (this.#queue.messages >= queuedMessages || this.#queue.bytes + message.blob.length > queuedBytes) {
      // Dropped, not lost: a gap stays before it, and closes when there is room again.
      this.#checkGap(nowMs)
      return
    }
    this.#position.pushed(messageId)
    this.#position.add(messageId)
    this.#queue.push(message, this.#position.syncedTo)
    this.#checkGap(nowMs)
  }

  /** A message of our own is stored there and here. */
  sent(messageId: bigint, nowMs: number): void {
    if (messageId < 1n) return
    this.#heardOf(messageId, nowMs)
    this.#position.add(messageId)
    this.#queue.push(undefined, this.#position.syncedTo)
    this.#checkGap(nowMs)
  }

  /** @param messages - of the page, in any order, with whatever else the mediator put in */
  page(asked: SyncQuestion, messages: readonly ReceivedMessage[], nowMs: number): void {
    if (asked.type !== 'page' || !this.#takeAnswer(asked)) return
    const isOld = this.#isOldAnswer
    this.#answered(nowMs)
    this.#limit = Math.min(this.#fullLimit, this.#limit * 2)
    const { sinceId } = asked
    const found = messages
      .filter(({ messageId }) => messageId > sinceId)
      .sort((a, b) => (a.messageId < b.messageId ? -1 : a.messageId > b.messageId ? 1 : 0))
    for (const message of found) {
      const { messageId } = message
      if (this.#position.listed(messageId)) this.#queue.push(message, messageId)
    }
    const isEmpty = found.length === 0
    // The mediator looked at the first rows above `sinceId`, and had lost what was in them.
    if (isEmpty && this.#hasEmptyPages && sinceId < this.#lastId) {
      const lookedAt = sinceId + BigInt(asked.limit)
      this.#position.moveTo(lookedAt < this.#lastId ? lookedAt : this.#lastId)
    }
    this.#queue.push(undefined, this.#position.syncedTo)
    const isFull = messages.length >= asked.limit && !isEmpty
    if (this.#phase === 'fetching' && !isOld && !isFull && this.#isDone(asked, isEmpty)) {
      this.#position.settle(asked.highestId)
      this.#live(nowMs)
    }
  }

  /** The answer of GET_LAST_MESSAGE_ID. */
  last(asked: SyncQuestion, lastId: bigint, nowMs: number): void {
    if (asked.type !== 'last' || !this.#takeAnswer(asked)) return
    this.#answered(nowMs)
    if (this.#polls || lastId > this.#position.syncedTo) this.#fetch(lastId, nowMs)
  }

  /** What was asked for was not answered, or refused. */
  failed(asked: SyncQuestion, error: MediatorError, nowMs: number): void {
    if (!this.#takeAnswer(asked) || error.code === 'not-connected' || error.code === 'closed') return
    if (error.code === 'rate-limit' || error.code === 'busy') {
      this.#askPauseMs = nextPause(this.#askPauseMs, this.#options.timers)
      this.#askAfterMs = nowMs + this.#askPauseMs
      this.#wantsLast ||= asked.type === 'last'
    } else if (asked.type === 'page') {
      if (this.#limit > 1) this.#shrink(error)
      else this.#stuck(error, nowMs)
    }
  }

  /** What to do next; nothing more is asked before the answer to what was asked. */
  next(nowMs: number): SyncAction | undefined {
    const action = this.#actions.shift()
    if (action !== undefined) return action
    if (this.#asked !== undefined || this.#phase === 'idle' || this.#phase === 'held') return undefined
    if (nowMs < this.#askAfterMs) return undefined
    if (this.#wantsLast) {
      this.#wantsLast = false
      return this.#ask({ type: 'last' })
    }
    if (this.#phase !== 'fetching' || !this.#hasRoom) return undefined
    const { syncedTo: sinceId, highestId } = this.#position
    return this.#ask({ type: 'page', sinceId, limit: this.#limit, highestId })
  }

  /** What to store next; say with {@link stored} or {@link storeFailed} how that went. */
  takeBatch(nowMs: number): ReceivedBatch | undefined {
    if (this.#isStoring || nowMs < this.#storeAfterMs) return undefined
    const batch = this.#queue.batch()
    if (batch === undefined) return undefined
    if (batch.messages.length === 0 && batch.syncedTo === this.#storedTo) {
      this.#queue.confirm()
      return this.takeBatch(nowMs)
    }
    this.#isStoring = true
    return batch
  }

  stored(): void {
    if (!this.#isStoring) return
    this.#isStoring = false
    this.#storePauseMs = 0
    this.#storedTo = this.#queue.batch()?.syncedTo ?? this.#storedTo
    this.#queue.confirm()
    this.#report()
  }

  /** The same batch is offered again after a pause. */
  storeFailed(nowMs: number): void {
    this.#isStoring = false
    this.#storePauseMs = nextPause(this.#storePauseMs, this.#options.timers)
    this.#storeAfterMs = nowMs + this.#storePauseMs
  }

  /** When {@link tick} or another question next has work. */
  get nextDeadlineMs(): number {
    const storeMs = this.#isStoring || this.#queue.isEmpty ? NEVER : this.#storeAfterMs
    const isWaiting = this.#asked === undefined && (this.#wantsLast || (this.#phase === 'fetching' && this.#hasRoom))
    return Math.min(storeMs, isWaiting ? this.#askAfterMs : NEVER, this.#gapDueMs, this.#lookDueMs)
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#gapDueMs) {
      this.#gapDueMs = NEVER
      // Another gap than the one that was waited for gets its own second.
      if (this.#position.syncedTo === this.#gapAt) this.#fetch(this.#lastId, nowMs)
      else this.#checkGap(nowMs)
    }
    if (nowMs >= this.#lookDueMs) this.#look(nowMs)
  }

  /** In these dialects rows may have lost their content, and are left out of a page that looked at them. */
  get #hasEmptyPages(): boolean {
    return this.#options.dialect !== 'tlv-push'
  }

  /** A page in advance of the store, and no more. */
  get #hasRoom(): boolean {
    const { queuedMessages, queuedBytes } = this.#options.limits
    return this.#queue.messages <= queuedMessages / 2 && this.#queue.bytes <= queuedBytes / 2
  }

  #ask(question: SyncQuestion): SyncQuestion {
    this.#asked = question
    this.#isOldAnswer = false
    return question
  }

  /** Whether this is what we wait for; an answer to what was asked before a disconnect is not. */
  #takeAnswer(asked: SyncQuestion): boolean {
    if (this.#asked !== asked) return false
    this.#asked = undefined
    return true
  }

  #hold(): void {
    this.#phase = 'held'
    this.#gapDueMs = this.#lookDueMs = NEVER
    this.#wantsLast = false
    this.#unreport()
    this.#isOldAnswer = this.#asked !== undefined
  }

  #fetch(lastId: bigint, nowMs: number): void {
    this.#lastId = lastId
    this.#gapDueMs = this.#lookDueMs = NEVER
    this.#phase = 'fetching'
    if (this.#isBlocked === undefined) return
    this.#position.settle(this.#position.highestId)
    this.#live(nowMs)
  }

  #look(nowMs: number): void {
    this.#phase = this.#phase === 'held' ? 'live' : this.#phase
    this.#wantsLast = true
    this.#lookLater(nowMs)
  }

  #lookLater(nowMs: number): void {
    const { pollMs, quietMs } = this.#options.timers
    this.#lookDueMs = nowMs + (this.#polls ? pollMs : quietMs)
  }

  /** After a page that was not full: of messages, for mediators end one at a number of bytes, too. */
  #isDone(asked: SyncQuestion & { type: 'page' }, isEmpty: boolean): boolean {
    const { syncedTo, liveFrom } = this.#position
    if (isEmpty) return !this.#hasEmptyPages || syncedTo >= this.#lastId
    return syncedTo >= this.#lastId && syncedTo >= asked.highestId && syncedTo >= liveFrom - 1n
  }

  #live(nowMs: number): void {
    this.#phase = 'live'
    this.#lookLater(nowMs)
    if (!this.#isReported) this.#reportAt ??= this.#position.syncedTo
    this.#report()
    this.#checkGap(nowMs)
  }

  #unreport(): void {
    this.#isReported = false
    this.#reportAt = undefined
  }

  /** What was missing has to be on disk first: a message of our own may be among it, which is not to be sent again. */
  #report(): void {
    if (this.#reportAt === undefined || this.#storedTo < this.#reportAt) return
    this.#reportAt = undefined
    this.#isReported = true
    this.#actions.push({ type: 'caughtUp' })
  }

  #stuck(error: MediatorError, nowMs: number): void {
    this.#actions.push({ type: 'stuck', error })
    this.#position.settle(this.#position.highestId)
    this.#live(nowMs)
  }

  #shrink(error: MediatorError): void {
    if (this.#limit === 1) this.#isBlocked = error
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
  }

  #answered(nowMs: number): void {
    this.#askPauseMs = 0
    if (this.#phase === 'live') this.#lookLater(nowMs)
  }

  #heardOf(messageId: bigint, nowMs: number): void {
    this.#position.heardOf(messageId)
    if (this.#phase === 'live' && !this.#polls) this.#lookLater(nowMs)
  }

  #checkGap(nowMs: number): void {
    if (this.#phase !== 'live' || this.#polls || !this.#position.hasGap) {
      this.#gapDueMs = NEVER
    } else if (this.#gapDueMs === NEVER) {
      this.#gapDueMs = nowMs + this.#options.timers.gapMs
      this.#gapAt = this.#position.syncedTo
    }
  }
}
