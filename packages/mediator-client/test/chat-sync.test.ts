import { MEDIATOR_DIALECTS, type MediatorDialect } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { ChatSync, type SyncAction, type SyncQuestion } from '../src/chat-sync.js'
import { MediatorError } from '../src/error.js'
import { DEFAULT_LIMITS, type MediatorClientLimits } from '../src/limits.js'
import { DEFAULT_TIMERS } from '../src/timers.js'
import { idsOf, message, messages } from './support/messages.js'

class Bench {
  readonly sync: ChatSync
  nowMs = 0

  constructor(dialect: MediatorDialect, syncedTo: bigint, limits: Partial<MediatorClientLimits> = {}) {
    this.sync = new ChatSync({
      syncedTo,
      dialect,
      timers: DEFAULT_TIMERS,
      limits: { ...DEFAULT_LIMITS, ...limits },
    })
  }

  /** Subscribed, and asked for the first page. */
  begin(lastId: bigint): SyncQuestion {
    this.sync.subscribed(lastId)
    this.sync.begin(this.nowMs)
    return this.page()
  }

  next(): SyncAction | undefined {
    return this.sync.next(this.nowMs)
  }

  page(): SyncQuestion & { type: 'page' } {
    const action = this.next()
    if (action?.type !== 'page') return expect.fail(`expected a page, got ${action?.type}`)
    return action
  }

  /** @returns what had to be stored for it */
  caughtUp(): bigint[] {
    const ids = this.store()
    expect(this.next()).toEqual({ type: 'caughtUp' })
    expect(this.next()).toBeUndefined()
    return ids
  }

  answer(question: SyncQuestion, ...ids: readonly number[]): void {
    this.sync.page(question, messages(...ids), this.nowMs)
  }

  push(id: number): void {
    this.sync.pushed(message(id), this.nowMs)
  }

  advance(ms: number): void {
    this.nowMs += ms
    this.sync.tick(this.nowMs)
  }

  /** Everything that waits is stored. */
  store(): bigint[] {
    const ids: bigint[] = []
    for (let batch = this.sync.takeBatch(this.nowMs); batch !== undefined; batch = this.sync.takeBatch(this.nowMs)) {
      ids.push(...idsOf(batch.messages))
      this.sync.stored()
    }
    return ids
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe.each(MEDIATOR_DIALECTS)('after SUBSCRIBE, dialect %s', (dialect) => {
  test('one page is asked for, even when nothing seems to be missing', () => {
    for (const lastId of [5n, 3n]) {
      const bench = new Bench(dialect, 5n)
      expect(bench.begin(lastId)).toMatchObject({ sinceId: 5n, limit: 100 })
      expect(bench.next()).toBeUndefined()
    }
  })

  test('a message that came between the last id and the subscription is in it', () => {
    const bench = new Bench(dialect, 5n)
    bench.answer(bench.begin(5n), 6)
    expect(bench.caughtUp()).toEqual([6n])
    expect(bench.sync.storedTo).toBe(6n)
  })

  test('full pages, until one is not', () => {
    const bench = new Bench(dialect, 0n)
    bench.answer(bench.begin(200n), ...range(1, 100))
    const second = bench.page()
    expect(second).toMatchObject({ sinceId: 100n, limit: 100 })
    bench.answer(second, ...range(101, 200))
    const third = bench.page()
    expect(third).toMatchObject({ sinceId: 200n })
    bench.answer(third)
    bench.caughtUp()
    bench.store()
    expect(bench.sync.storedTo).toBe(200n)
  })

  test('a short page does not end it before the last id', () => {
    const bench = new Bench(dialect, 0n)
    bench.answer(bench.begin(10n), 2, 4)
    bench.answer(bench.page(), 9, 10)
    expect(bench.caughtUp()).toEqual([2n, 4n, 9n, 10n])
  })

  test('an empty page', () => {
    const bench = new Bench(dialect, 0n)
    bench.answer(bench.begin(250n))
    if (dialect === 'tlv-push') {
      bench.caughtUp()
      bench.store()
      expect(bench.sync.storedTo).toBe(0n)
      return
    }
    for (const sinceId of [100n, 200n]) {
      const question = bench.page()
      expect(question).toMatchObject({ sinceId })
      bench.answer(question)
    }
    bench.caughtUp()
    bench.store()
    // Not 300: what is sent from now on was not looked at.
    expect(bench.sync.storedTo).toBe(250n)
  })

  test('a page in any order, with repetitions and strangers', () => {
    const bench = new Bench(dialect, 5n)
    bench.answer(bench.begin(9n), 9, 7, 7, 3, 0, 8, 6)
    expect(bench.caughtUp()).toEqual([6n, 7n, 8n, 9n])
    const again = new Bench(dialect, 5n)
    again.answer(again.begin(5n), 3, 4)
    expect(again.caughtUp()).toEqual([])
    expect(again.sync.storedTo).toBe(5n)
  })

  test('what is pushed meanwhile is stored at once, and moves nothing unless it is the next', () => {
    const bench = new Bench(dialect, 5n)
    const first = bench.begin(8n)
    bench.push(11)
    bench.push(6)
    expect(bench.store()).toEqual([11n, 6n])
    expect(bench.sync.storedTo).toBe(6n)
    bench.answer(first, 6, 7, 8, 9, 10)
    expect(bench.caughtUp()).toEqual([7n, 8n, 9n, 10n])
    expect(bench.sync.storedTo).toBe(11n)
  })

  test('pages are asked for up to what was pushed first', () => {
    const bench = new Bench(dialect, 5n)
    const first = bench.begin(6n)
    bench.push(20)
    bench.answer(first, 6, 7)
    const second = bench.page()
    expect(second).toMatchObject({ sinceId: 7n })
    bench.answer(second, 18, 19)
    bench.caughtUp()
    bench.store()
    expect(bench.sync.storedTo).toBe(20n)
  })

  test('a page asked for before it counts for nothing', () => {
    const bench = new Bench(dialect, 5n)
    const old = bench.begin(5n)
    bench.sync.subscribed(6n)
    bench.sync.begin(bench.nowMs)
    expect(bench.next()).toBeUndefined()
    bench.answer(old)
    bench.answer(bench.page(), 6)
    bench.caughtUp()
  })

  test('we are up to date when all of it is stored, not before', () => {
    const bench = new Bench(dialect, 5n)
    bench.answer(bench.begin(7n), 6, 7)
    expect(bench.next()).toBeUndefined()
    bench.sync.takeBatch(0)
    bench.sync.storeFailed(0)
    expect(bench.next()).toBeUndefined()
    bench.nowMs = 1000
    expect(bench.caughtUp()).toEqual([6n, 7n])
  })

  test('nor does an answer from before the break', () => {
    const bench = new Bench(dialect, 5n)
    const old = bench.begin(5n)
    bench.sync.disconnected(new MediatorError('not-connected', 'gone'))
    const fresh = bench.begin(9n)
    bench.answer(old, 6, 7, 8, 9)
    expect(bench.store()).toEqual([])
    bench.sync.failed(old, new MediatorError('timeout', 'late'), 0)
    bench.answer(fresh, 6, 9)
    expect(bench.caughtUp()).toEqual([6n, 9n])
  })
})

describe('gaps', () => {
  const live = (): Bench => {
    const bench = new Bench('tlv-push', 5n)
    bench.answer(bench.begin(5n))
    bench.caughtUp()
    return bench
  }

  test('one question, a second later, unless it closed', () => {
    const bench = live()
    bench.push(7)
    bench.advance(999)
    expect(bench.next()).toBeUndefined()
    bench.push(6)
    bench.advance(5000)
    expect(bench.next()).toBeUndefined()
    bench.push(9)
    bench.advance(1000)
    bench.answer(bench.page(), 8, 9)
    expect(bench.next()).toBeUndefined()
    bench.store()
    expect(bench.sync.storedTo).toBe(9n)
  })

  test('a page that the mediator ended at a number of bytes closes no gap behind it', () => {
    const bench = live()
    for (const id of [7, 10]) bench.push(id)
    bench.advance(1000)
    bench.answer(bench.page(), 6, 7, 8)
    const rest = bench.page()
    expect(rest).toMatchObject({ sinceId: 8n })
    bench.answer(rest, 9, 10)
    expect(bench.next()).toBeUndefined()
    bench.store()
    expect(bench.sync.storedTo).toBe(10n)
  })

  test('a gap of deleted messages is asked for once, and the next message closes it', () => {
    const bench = live()
    bench.push(8)
    bench.advance(1000)
    bench.answer(bench.page(), 8)
    bench.store()
    expect(bench.sync.storedTo).toBe(8n)
    bench.push(12)
    bench.advance(1000)
    bench.answer(bench.page())
    bench.advance(300_000)
    expect(bench.next()).toBeUndefined()
    bench.store()
    expect(bench.sync.storedTo).toBe(8n)
    bench.push(13)
    bench.advance(1000)
    bench.answer(bench.page(), 13)
    bench.store()
    expect(bench.sync.storedTo).toBe(13n)
  })

  test('another gap gets its own second', () => {
    const bench = live()
    bench.push(7)
    bench.advance(900)
    bench.push(6)
    bench.push(9)
    bench.advance(999)
    expect(bench.next()).toBeUndefined()
    bench.advance(1)
    expect(bench.page()).toMatchObject({ sinceId: 7n })
  })

  test('own messages move nothing unless they are the next', () => {
    const bench = live()
    bench.sync.sent(8n, bench.nowMs)
    bench.store()
    expect(bench.sync.storedTo).toBe(5n)
    bench.sync.sent(6n, bench.nowMs)
    bench.push(7)
    bench.store()
    expect(bench.sync.storedTo).toBe(8n)
    bench.sync.sent(0n, bench.nowMs)
    expect(bench.sync.nextDeadlineMs).toBe(600_000)
  })

  test('ids that lie cost one question a second, and no memory', () => {
    const bench = new Bench('binary', 5n, { knownIds: 50 })
    bench.answer(bench.begin(5n))
    bench.caughtUp()
    let questions = 0
    for (let second = 0; second < 100; second++) {
      for (let count = 0; count < 100; count++) bench.push(1_000_000_000 + second * 1000 + count * 2)
      bench.store()
      bench.advance(1000)
      for (let action = bench.next(); action !== undefined; action = bench.next()) {
        if (action.type === 'page') bench.answer(action)
        questions++
      }
    }
    expect(questions).toBeLessThanOrEqual(100)
    expect(bench.sync.queued).toEqual({ messages: 0, bytes: 0 })
    expect(bench.sync.storedTo).toBe(5n)
  })
})

describe('quiet', () => {
  test('after ten minutes the last id is asked for, and what is missing', () => {
    const bench = new Bench('tlv-push', 5n)
    bench.answer(bench.begin(5n))
    bench.caughtUp()
    bench.advance(300_000)
    bench.push(6)
    bench.advance(599_999)
    expect(bench.next()).toBeUndefined()
    bench.advance(1)
    const question = bench.next()
    expect(question).toEqual({ type: 'last' })
    if (question?.type === 'last') bench.sync.last(question, 8n, bench.nowMs)
    bench.answer(bench.page(), 7, 8)
    expect(bench.next()).toBeUndefined()
    bench.store()
    expect(bench.sync.storedTo).toBe(8n)
  })

  test('an answer that does not come is asked for in another ten', () => {
    const bench = new Bench('tlv-push', 5n)
    bench.answer(bench.begin(5n))
    bench.caughtUp()
    bench.advance(600_000)
    const question = bench.next()
    if (question?.type === 'last') bench.sync.failed(question, new MediatorError('timeout', 'none'), bench.nowMs)
    bench.advance(599_999)
    expect(bench.next()).toBeUndefined()
    bench.advance(1)
    expect(bench.next()).toEqual({ type: 'last' })
  })
})

describe('room', () => {
  test('a flood is bounded in number and bytes, and what was dropped is fetched when there is room', () => {
    for (const limits of [{ queuedMessages: 10 }, { queuedBytes: 200 }]) {
      const bench = new Bench('tlv-push', 0n, { ...limits, batchMessages: 5 })
      bench.answer(bench.begin(0n))
      bench.caughtUp()
      for (const id of range(1, 10_000)) bench.push(id)
      expect(bench.sync.queued.messages).toBeLessThan(25)
      bench.advance(2000)
      expect(bench.next()).toBeUndefined()
      const kept = bench.store()
      expect(kept).toEqual(range(1, kept.length).map(BigInt))
      expect(bench.page()).toMatchObject({ sinceId: BigInt(kept.length) })
    }
  })

  test('batches are bounded, and one that failed is offered as it was, after a pause', () => {
    const bench = new Bench('tlv-push', 0n, { batchMessages: 3 })
    bench.answer(bench.begin(7n), ...range(1, 7))
    const first = bench.sync.takeBatch(0)
    expect(idsOf(first?.messages ?? [])).toEqual([1n, 2n, 3n])
    expect(first?.syncedTo).toBe(3n)
    expect(bench.sync.takeBatch(0)).toBeUndefined()
    bench.sync.storeFailed(0)
    expect(bench.sync.takeBatch(999)).toBeUndefined()
    expect(bench.sync.nextDeadlineMs).toBe(1000)
    expect(bench.sync.takeBatch(1000)).toBe(first)
    bench.sync.storeFailed(1000)
    expect(bench.sync.takeBatch(2999)).toBeUndefined()
    expect(bench.sync.takeBatch(3000)).toBe(first)
    bench.sync.stored()
    bench.nowMs = 3000
    expect(bench.store()).toEqual([4n, 5n, 6n, 7n])
    expect(bench.sync.storedTo).toBe(7n)
  })
})
