import { createRandom, type Random } from '@mimirjs/transport/testing'
import { MEDIATOR_DIALECTS, type MediatorDialect } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { ChatSync } from '../src/chat-sync.js'
import { MediatorError } from '../src/error.js'
import { DEFAULT_LIMITS, type MediatorClientLimits } from '../src/limits.js'
import { DEFAULT_TIMERS } from '../src/timers.js'
import type { ReceivedBatch } from '../src/types.js'
import { ModelChat, type Sent } from './support/model-chat.js'

// A mediator that loses, shuffles and delays, people who write and delete, a store that fails, connections that break
// anywhere, and crashes: at every step nothing present up to `syncedTo` is missing on disk, nothing is there twice, and
// when the trouble ends everything present is there.

const STEPS = 400
const LOST = new MediatorError('not-connected', 'the connection broke')

class Member {
  readonly chat: ModelChat
  readonly #random: Random
  readonly #dialect: MediatorDialect
  readonly #limits: MediatorClientLimits
  /** On disk. */
  readonly stored = new Set<bigint>()
  syncedTo = 0n
  #sync: ChatSync
  #nowMs = 0
  #batch: ReceivedBatch | undefined
  #isConnected = false
  #mayBegin = false
  readonly #acks: bigint[] = []
  /** Handed to the store by this sync so far. */
  #handed = new Set<bigint>()
  faults = true
  caughtUps = 0

  constructor(seed: number, dialect: MediatorDialect, limits: Partial<MediatorClientLimits>) {
    this.#random = createRandom(seed)
    this.#dialect = dialect
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.chat = new ModelChat(dialect, this.#random.fork())
    this.#sync = this.#newSync()
  }

  #newSync(): ChatSync {
    return new ChatSync({
      syncedTo: this.syncedTo,
      dialect: this.#dialect,
      timers: DEFAULT_TIMERS,
      limits: this.#limits,
    })
  }

  step(): void {
    const random = this.#random
    const dice = random.integer(100)
    if (dice < 18) this.chat.add()
    else if (dice < 22) this.#send()
    else if (dice < 26) this.chat.remove()
    else if (dice < 28) this.chat.expire()
    else if (dice < 62) this.#deliver()
    else if (dice < 74) this.#finishStore()
    else if (dice < 78) this.#acknowledge()
    else if (dice < 82) this.#begin()
    else if (dice < 92) this.advance(random.integer(1500))
    else if (dice < 94) this.advance(random.integer(700_000))
    else if (!this.#isConnected) this.connect()
    else if (dice < 98) this.disconnect()
    else this.#crash()
    this.#turn()
    this.check()
  }

  connect(): void {
    this.#isConnected = true
    this.chat.subscribe()
  }

  disconnect(): void {
    this.#isConnected = this.#mayBegin = false
    this.chat.disconnect()
    this.#sync.disconnected(LOST)
  }

  /** The trouble is over: everything settles. */
  settle(): void {
    this.faults = false
    this.chat.pushLoss = this.chat.pushShuffle = 0
    if (!this.#isConnected) this.connect()
    // The quiet look comes every ten minutes for ever; pauses and gaps are over by then.
    for (let look = 0; look < 4; look++) {
      for (let more = true, turns = 0; more; turns++) {
        expect(turns, 'it does not settle').toBeLessThan(10_000)
        more = this.#deliver()
        this.#begin()
        this.#turn()
        more = this.#finishStore() || more
        this.#turn()
      }
      this.advance(700_000)
      this.#turn()
    }
    this.check()
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }

  check(): void {
    const missing = this.chat.present().filter((id) => id <= this.syncedTo && !this.stored.has(id))
    // `expect` at each of hundreds of thousands of steps is what would take the time.
    if (missing.length > 0) expect.fail(`${missing} are missing below ${this.syncedTo}`)
    const { messages } = this.#sync.queued
    const most = this.#limits.queuedMessages + this.#limits.pageMessages
    if (messages > most) expect.fail(`${messages} messages are queued, expected at most ${most}`)
  }

  #send(): void {
    const id = this.chat.add(true)
    this.stored.add(id)
    if (this.#random.chance(0.9)) this.#acks.push(id)
  }

  #acknowledge(): void {
    const id = this.#acks.shift()
    if (id !== undefined) this.#sync.sent(id, this.#nowMs)
  }

  #begin(): void {
    if (this.#mayBegin) this.#sync.begin(this.#nowMs)
    this.#mayBegin = false
  }

  #crash(): void {
    this.disconnect()
    this.#sync = this.#newSync()
    this.#batch = undefined
    this.#handed = new Set()
  }

  #deliver(): boolean {
    const sent = this.chat.deliver()
    if (sent !== undefined) this.#receive(sent)
    return sent !== undefined
  }

  #receive(sent: Sent): void {
    switch (sent.type) {
      case 'push':
        this.#sync.pushed(sent.message, this.#nowMs)
        return
      case 'subscribed':
        this.#sync.subscribed(sent.lastId)
        this.#mayBegin = true
        return
      case 'last':
        this.#sync.last(sent.question, sent.lastId, this.#nowMs)
        return
      case 'page':
        if (this.faults && this.#random.chance(0.1)) {
          const code = (['timeout', 'server', 'rate-limit'] as const)[this.#random.integer(3)] ?? 'server'
          this.#sync.failed(sent.question, new MediatorError(code, 'no page'), this.#nowMs)
        } else {
          this.#sync.page(sent.question, sent.messages, this.#nowMs)
        }
    }
  }

  #finishStore(): boolean {
    const batch = this.#batch
    if (batch === undefined) return false
    this.#batch = undefined
    if (this.faults && this.#random.chance(0.2)) {
      this.#sync.storeFailed(this.#nowMs)
      return true
    }
    for (const { messageId } of batch.messages) {
      if (this.#handed.has(messageId)) expect.fail(`message ${messageId} twice`)
      this.#handed.add(messageId)
      this.stored.add(messageId)
    }
    if (batch.syncedTo < this.syncedTo) expect.fail(`syncedTo goes back from ${this.syncedTo} to ${batch.syncedTo}`)
    this.syncedTo = batch.syncedTo
    this.#sync.stored()
    return true
  }

  #turn(): void {
    this.#sync.tick(this.#nowMs)
    for (let action = this.#sync.next(this.#nowMs); action !== undefined; action = this.#sync.next(this.#nowMs)) {
      if (action.type === 'caughtUp') this.caughtUps++
      else if (action.type !== 'stuck') this.chat.ask(action)
    }
    this.#batch ??= this.#sync.takeBatch(this.#nowMs)
  }
}

describe.each(MEDIATOR_DIALECTS)('a chat at a mediator of the dialect %s', (dialect) => {
  const sizes: readonly [string, Partial<MediatorClientLimits>][] = [
    ['the usual limits', {}],
    ['pages of three', { pageMessages: 3 }],
    ['little room', { pageMessages: 4, queuedMessages: 8, batchMessages: 3 }],
  ]
  test.each(sizes)('loses nothing, doubles nothing: %s', (_, limits) => {
    for (let seed = 1; seed <= 40; seed++) {
      const member = new Member(seed * 7919, dialect, limits)
      member.connect()
      for (let step = 0; step < STEPS; step++) member.step()
      member.settle()
      const missing = member.chat.present().filter((id) => !member.stored.has(id))
      expect(missing, `seed ${seed}`).toEqual([])
      expect(member.caughtUps).toBeGreaterThan(0)
    }
  })
})
