import { decodeRequest, encodeGetAddrsResponse, type TrackerRecord } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { Exchanges } from '../src/exchange.js'
import { completeLimits } from '../src/limits.js'
import { Lookup, type LookupOutcome } from '../src/lookup.js'
import { POLICIES } from '../src/policy.js'
import { type Tracker, Trackers } from '../src/trackers.js'
import { identity, seededBytes, signedRecord } from './support.js'

const KEY = identity(1).publicKey

function setUp() {
  const policy = POLICIES.classic
  const exchanges = new Exchanges(policy, 64, seededBytes(2))
  const [a, b, c] = new Trackers(['memory://a', 'memory://b', 'memory://c'], 'memory').all as [
    Tracker,
    Tracker,
    Tracker,
  ]
  const outcomes: LookupOutcome[] = []
  const lookup = new Lookup({ policy, limits: completeLimits(), exchanges }, KEY, (outcome) => outcomes.push(outcome))
  lookup.start([a, b, c], 0)
  const nonces = new Map(
    exchanges.takeOutgoing().map(({ tracker, datagram }) => [tracker, decodeRequest(datagram).nonce]),
  )
  const answer = (tracker: Tracker, records: TrackerRecord[], nowMs: number) =>
    exchanges.receive(encodeGetAddrsResponse({ nonce: nonces.get(tracker)!, records }), tracker, nowMs)
  const tick = (nowMs: number) => {
    exchanges.tick(nowMs)
    lookup.tick(nowMs)
  }
  return { exchanges, lookup, a, b, c, outcomes, nonces, answer, tick }
}

describe('lookup', () => {
  test('asks all at once, each under its own nonce', () => {
    const { nonces } = setUp()
    expect(new Set(nonces.values()).size).toBe(3)
  })

  test('the first answer with a verified record wins, the others are abandoned unpunished', () => {
    const { exchanges, a, b, outcomes, answer } = setUp()
    answer(b, [signedRecord(1, 7)], 9)
    expect(outcomes).toMatchObject([{ type: 'found', addresses: [{ address: 'tcp://[200::7]:5050' }] }])
    expect(exchanges.free).toBe(64)
    answer(a, [signedRecord(1, 8)], 10)
    expect(outcomes).toHaveLength(1)
    expect([a.score, b.score]).toEqual([50, 9])
  })

  test('an answer without one good record does not win and counts against its tracker', () => {
    const { a, b, outcomes, answer } = setUp()
    answer(a, [signedRecord(4, 7)], 3)
    expect(outcomes).toEqual([])
    expect(a.score).toBe(28)
    answer(b, [signedRecord(1, 7)], 9)
    expect(outcomes).toMatchObject([{ type: 'found', addresses: [{ clientId: 7 }] }])
  })

  test('when all say so, there are no records', () => {
    const { a, b, c, outcomes, answer } = setUp()
    for (const tracker of [a, b, c]) answer(tracker, [], 3)
    expect(outcomes).toEqual([{ type: 'found', addresses: [] }])
    expect([a.score, b.score, c.score]).toEqual([3, 3, 3])
  })

  test('one says so: the others get four seconds to know better', () => {
    const late = setUp()
    late.answer(late.a, [], 100)
    expect(late.lookup.nextDeadlineMs).toBe(4100)
    late.answer(late.b, [signedRecord(1, 7)], 4000)
    expect(late.outcomes).toMatchObject([{ addresses: [{ clientId: 7 }] }])

    const silent = setUp()
    silent.answer(silent.a, [], 100)
    silent.tick(4099)
    expect(silent.outcomes).toEqual([])
    silent.tick(4100)
    expect(silent.outcomes).toEqual([{ type: 'found', addresses: [] }])
    expect(silent.exchanges.free).toBe(64)
  })

  test('nobody answers: a timeout; what tells more is reported', () => {
    const silent = setUp()
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) silent.tick(nowMs)
    expect(silent.outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])

    const broken = setUp()
    broken.exchanges.receive(
      encodeGetAddrsResponse({ nonce: broken.nonces.get(broken.a)!, records: [] }).subarray(0, 5),
      broken.a,
      1,
    )
    broken.exchanges.unreachable(broken.b, new Error('no route'), 2)
    broken.tick(10_000)
    expect(broken.outcomes).toMatchObject([{ type: 'failed', reason: 'malformed' }])
  })

  test('cancelled means silent', () => {
    const { exchanges, lookup, a, outcomes, answer, tick } = setUp()
    answer(a, [], 1)
    lookup.cancel()
    expect(exchanges.free).toBe(64)
    tick(20_000)
    expect(outcomes).toEqual([])
  })
})
