import type { Clock, Logger } from '@mimirjs/transport'
import type { MediatorDialect, MediatorMessage, MemberInfoRecord, SystemMessage } from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import { ChatSync, type SyncAction, type SyncQuestion } from './chat-sync.js'
import type { Connection } from './connection.js'
import { deferred } from './deferred.js'
import { isMediatorError, MediatorError } from './error.js'
import { KnownEvents } from './known-events.js'
import type { MediatorClientLimits } from './limits.js'
import { MemberWatch } from './member-watch.js'
import type { Pace } from './pace.js'
import { type MediatorTimers, nextPause } from './timers.js'
import type { Turns } from './turns.js'
import type { ChatFollower, Following, ReceivedBatch, ReceivedMessage } from './types.js'

/** What the chats of one client share. */
export interface FollowedChatHost {
  /** Our own, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly dialect: MediatorDialect
  readonly clock: Clock
  readonly timers: MediatorTimers
  readonly limits: MediatorClientLimits
  /** For the work after a connect: not all chats at once. */
  readonly turns: Turns
  readonly pace: Pace
  readonly logger: Logger | undefined
  toReceived(message: MediatorMessage): ReceivedMessage
  /** Something failed that nobody waits for. */
  report(error: unknown, chatId: bigint): void
}

const NEVER = Number.POSITIVE_INFINITY
/**
 * One chat that is followed: does what {@link ChatSync} asks for on the connection that there is, in the order of
 * mediator protocol §20.2, and tells the follower. Whatever the follower throws is reported, and tried again where it
 * has to be.
 */
export class FollowedChat implements Following {
  readonly chatId: bigint
  readonly #follower: ChatFollower
  readonly #host: FollowedChatHost
  readonly #onStop: () => void
  readonly #sync: ChatSync
  readonly #members: MemberWatch
  readonly #events = new KnownEvents()
  #connection: Connection | undefined
  /** Counts attempts to come up: one that is not the last is over. */
  #attempt = 0
  #retryPauseMs = 0
  #cancelRetry: (() => void) | undefined
  #cancelResubscribe: (() => void) | undefined
  #subscribedMs = Number.NEGATIVE_INFINITY
  #isCaughtUp = false
  #caughtUp = deferred()
  #stopped = false
  #storing: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined
  #timerMs = NEVER

  constructor(chatId: bigint, follower: ChatFollower, host: FollowedChatHost, onStop: () => void) {
    const { dialect, timers, limits } = host
    this.chatId = chatId
    this.#follower = follower
    this.#host = host
    this.#onStop = onStop
    this.#sync = new ChatSync({ syncedTo: follower.syncedTo, dialect, timers, limits })
    this.#members = new MemberWatch(chatId, follower, host)
  }

  get syncedTo(): bigint {
    return this.#sync.storedTo
  }

  /** Resolves when no `store` runs. */
  get settled(): Promise<void> {
    return this.#storing
  }

  connected(connection: Connection): void {
    this.#connection = connection
    this.#retryPauseMs = 0
    this.#subscribedMs = Number.NEGATIVE_INFINITY
    this.#comeUp()
  }

  disconnected(error: MediatorError): void {
    this.#connection = undefined
    this.#down(error)
    this.#pump()
  }

  pushed(message: ReceivedMessage): void {
    if (this.#stopped) return
    if (message.messageId === 0n) {
      const { system, guid } = message
      if (system !== undefined && this.#events.isNew(system, guid)) this.#event(system)
      return
    }
    if (message.messageId < 0n) return
    this.#sync.pushed(message, this.#nowMs)
    this.#pump()
  }

  infoRequested(lastUpdateSeconds: bigint): void {
    if (!this.#stopped) this.#members.infoRequested(lastUpdateSeconds)
  }

  memberInfos(infos: readonly MemberInfoRecord[]): void {
    if (!this.#stopped) void this.#members.receive(infos)
  }

  /** Somebody changed its info, perhaps a member of this chat: the dialect `binary` does not say (mediator protocol §9.4). */
  memberInfoHint(infos: readonly MemberInfoRecord[]): void {
    if (!this.#stopped) for (const { publicKey } of infos) this.#members.hint(publicKey)
  }

  sent(messageId: bigint): void {
    if (this.#stopped) return
    this.#sync.sent(messageId, this.#nowMs)
    this.#pump()
  }

  refresh(): void {
    this.#sync.unblock()
    this.#retryPauseMs = 0
    this.#comeUp()
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#connection = undefined
    this.#down(new MediatorError('closed', `chat ${this.chatId} is not followed any more`))
    this.#cancelTimer?.()
    this.#onStop()
  }

  get #nowMs(): number {
    return this.#host.clock.nowMs()
  }

  /** Nothing more can be asked on this connection, or for this chat. */
  #down(error: MediatorError): void {
    this.#attempt++
    this.#isCaughtUp = false
    this.#cancelRetry?.()
    this.#cancelResubscribe?.()
    this.#cancelRetry = this.#cancelResubscribe = undefined
    this.#caughtUp.resolve()
    this.#sync.disconnected(error)
    this.#members.down()
  }

  /** Subscribe, and what follows; what is under way already is over. */
  #comeUp(): void {
    const connection = this.#connection
    if (connection === undefined) return
    const attempt = ++this.#attempt
    this.#cancelRetry?.()
    this.#cancelResubscribe?.()
    this.#cancelRetry = this.#cancelResubscribe = undefined
    this.#caughtUp.resolve()
    const isCurrent = (): boolean => this.#attempt === attempt
    void this.#host.turns.run(async () => {
      if (!isCurrent()) return
      try {
        await this.#subscribe(connection, isCurrent)
      } catch (error) {
        if (isCurrent()) this.#refused(error)
      }
    })
  }

  async #subscribe(connection: Connection, isCurrent: () => boolean): Promise<void> {
    const { chatId } = this
    this.#subscribedMs = this.#nowMs
    let readOnly: MediatorError | undefined
    try {
      const { messageId } = await this.#host.pace.run(() => connection.request('subscribe', { chatId }))
      if (isCurrent()) this.#sync.subscribed(messageId)
    } catch (error) {
      if (!isMediatorError(error) || error.code !== 'read-only') throw error
      readOnly = error
      if (isCurrent()) this.#sync.readOnly()
    }
    if (!isCurrent()) return
    if (readOnly !== undefined) this.#tellRefused(readOnly)
    await this.#members.up(connection)
    if (!isCurrent()) return
    this.#retryPauseMs = 0
    this.#caughtUp = deferred()
    this.#sync.begin(this.#nowMs)
    this.#pump()
    await this.#patience()
  }

  /** The turn of others comes when we are up to date, or when that takes long. */
  async #patience(): Promise<void> {
    const cancel = this.#host.clock.schedule(this.#caughtUp.resolve, this.#host.timers.requestMs)
    await this.#caughtUp.promise
    cancel()
  }

  /** Something on the way up, or after it, did not work. */
  #refused(error: unknown): void {
    if (isMediatorError(error) && error.code === 'not-member') {
      this.#down(error)
      this.#tellRefused(error)
      this.#pump()
      return
    }
    // Without a connection the next one brings us up.
    if (isMediatorError(error) && (error.code === 'not-connected' || error.code === 'closed')) return
    this.#host.report(error, this.chatId)
    this.#retryPauseMs = nextPause(this.#retryPauseMs, this.#host.timers)
    this.#cancelRetry = this.#host.clock.schedule(() => this.#comeUp(), this.#retryPauseMs)
  }

  #tellRefused(error: MediatorError): void {
    this.#call(() => this.#follower.refused?.(error))
  }

  /** A callback of the follower; what it throws is its own fault, and ends nothing here. */
  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#host.report(error, this.chatId)
    }
  }

  #event(message: SystemMessage): void {
    this.#call(() => this.#follower.event?.(message))
    const isAboutUs = message.event === 'memberOnline' && sameBytes(message.publicKey, this.#host.publicKey)
    if (isAboutUs && !message.online) this.#resubscribeSoon()
  }

  /** Another connection of ours ended, or the mediator lost this one: make sure (mediator protocol §12). */
  #resubscribeSoon(): void {
    if (!this.#isCaughtUp || this.#cancelResubscribe !== undefined) return
    const { clock, timers } = this.#host
    const delayMs = Math.max(0, this.#subscribedMs + timers.resubscribeMs - this.#nowMs)
    this.#cancelResubscribe = clock.schedule(() => this.#comeUp(), delayMs)
  }

  /** Do what is due and what is asked for. */
  #pump(): void {
    if (this.#stopped) return
    const nowMs = this.#nowMs
    this.#sync.tick(nowMs)
    for (let action = this.#sync.next(nowMs); action !== undefined; action = this.#sync.next(nowMs)) this.#do(action)
    const batch = this.#sync.takeBatch(nowMs)
    if (batch !== undefined) this.#storing = this.#store(batch)
    this.#schedule()
  }

  #do(action: SyncAction): void {
    switch (action.type) {
      case 'page':
      case 'last':
        void this.#ask(action)
        return
      case 'stuck':
        this.#host.report(action.error, this.chatId)
        return
      case 'caughtUp':
        this.#isCaughtUp = true
        this.#caughtUp.resolve()
        this.#members.caughtUp()
        if (!this.#sync.polls) this.#call(() => this.#follower.ready?.())
    }
  }

  async #ask(question: SyncQuestion): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    try {
      await this.#answer(question, connection)
    } catch (error) {
      if (!this.#sync.isWaitingFor(question)) return
      if (isMediatorError(error) && error.code !== 'not-member') this.#sync.failed(question, error, this.#nowMs)
      else this.#refused(error)
    }
    this.#pump()
  }

  async #answer(question: SyncQuestion, connection: Connection): Promise<void> {
    const { chatId } = this
    const { pace } = this.#host
    if (question.type === 'last') {
      const { messageId } = await pace.run(() => connection.request('getLastMessageId', { chatId }))
      this.#sync.last(question, messageId, this.#nowMs)
    } else {
      const { sinceId, limit } = question
      const request = { chatId, sinceId, limit }
      const { messages } = await pace.run(() => connection.request('getMessagesSince', request))
      const ours = messages.filter((message) => message.chatId === undefined || message.chatId === chatId)
      this.#sync.page(question, ours.map(this.#host.toReceived), this.#nowMs)
    }
  }

  async #store(batch: ReceivedBatch): Promise<void> {
    try {
      await this.#follower.store(batch)
      this.#sync.stored()
      if (!this.#stopped) this.#read(batch.messages)
    } catch (error) {
      this.#sync.storeFailed(this.#nowMs)
      this.#host.report(error, this.chatId)
    }
    this.#pump()
  }

  /** What the system messages among them mean for us. */
  #read(messages: readonly ReceivedMessage[]): void {
    const changes = messages.flatMap(({ system }) => (system !== undefined && isMembership(system) ? [system] : []))
    if (changes.length === 0) return
    this.#members.look('members')
    const isAboutUs = changes.some((change) => 'target' in change && sameBytes(change.target, this.#host.publicKey))
    // Whoever may only read finds out this way that it may subscribe again.
    if (isAboutUs && this.#sync.polls && this.#isCaughtUp) this.#comeUp()
  }

  #schedule(): void {
    const dueMs = this.#sync.nextDeadlineMs
    // A timer that is too early costs less than a new one for every message.
    if (dueMs >= this.#timerMs && dueMs !== NEVER) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerMs = dueMs
    if (dueMs === NEVER) return
    this.#cancelTimer = this.#host.clock.schedule(
      () => {
        this.#timerMs = NEVER
        this.#pump()
      },
      Math.max(0, dueMs - this.#nowMs),
    )
  }
}

const MEMBERSHIP: ReadonlySet<SystemMessage['event']> = new Set([
  'userAdded',
  'userEntered',
  'userLeft',
  'userBanned',
  'permsChanged',
])

function isMembership(message: SystemMessage): boolean {
  return MEMBERSHIP.has(message.event)
}
