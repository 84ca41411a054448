import { decodeRequest, encodeAnnounceResponse, encodeGetAddrsResponse } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { type ExchangeOutcome, Exchanges } from '../src/exchange.js'
import { POLICIES } from '../src/policy.js'
import { Trackers } from '../src/trackers.js'
import { identity, seededBytes, signedRecord } from './support.js'

const KEY = identity(1).publicKey

function setUp(limit = 64, random = seededBytes(1)) {
  const exchanges = new Exchanges(POLICIES.classic, limit, random)
  const [a, b] = new Trackers(['memory://a', 'memory://b'], 'memory').all
  const outcomes: ExchangeOutcome[] = []
  const ask = (tracker = a!, nowMs = 0) =>
    exchanges.start(tracker, { command: 'getAddrs', publicKey: KEY }, (outcome) => outcomes.push(outcome), nowMs)
  const sent = () => exchanges.takeOutgoing().map(({ tracker, datagram }) => ({ tracker, ...decodeRequest(datagram) }))
  return { exchanges, a: a!, b: b!, outcomes, ask, sent }
}

describe('exchanges', () => {
  test('an answer from the tracker asked settles it once, and its round trip is the score', () => {
    const { exchanges, a, outcomes, ask, sent } = setUp()
    ask()
    const { nonce } = sent()[0]!
    const answer = encodeGetAddrsResponse({ nonce, records: [signedRecord(1, 1)] })
    exchanges.receive(answer, a, 12)
    exchanges.receive(answer, a, 13)
    expect(outcomes).toHaveLength(1)
    expect(outcomes[0]).toMatchObject({ type: 'answer', response: { command: 'getAddrs', records: [{ clientId: 1 }] } })
    expect(a.score).toBe(12)
    expect(exchanges.nextDeadlineMs).toBe(Infinity)
  })

  test('strangers, other nonces, other commands and scraps are ignored', () => {
    const { exchanges, a, b, outcomes, ask, sent } = setUp()
    ask()
    const { nonce } = sent()[0]!
    exchanges.receive(encodeGetAddrsResponse({ nonce, records: [] }), b, 1)
    exchanges.receive(encodeGetAddrsResponse({ nonce: nonce ^ 1, records: [] }), a, 1)
    exchanges.receive(encodeAnnounceResponse({ nonce, ttlSeconds: 600n }), a, 1)
    const whole = encodeGetAddrsResponse({ nonce, records: [] })
    for (let length = 0; length < 5; length++) exchanges.receive(whole.subarray(0, length), a, 1)
    expect(outcomes).toEqual([])
    exchanges.receive(whole, a, 2)
    expect(outcomes).toHaveLength(1)
  })

  test('a malformed answer under the right nonce ends the attempt and counts against the tracker', () => {
    for (const damage of [(bytes: Uint8Array) => bytes.subarray(0, 5), (bytes: Uint8Array) => bytes.subarray(0, 100)]) {
      const { exchanges, a, outcomes, ask, sent } = setUp()
      ask()
      const { nonce } = sent()[0]!
      exchanges.receive(damage(encodeGetAddrsResponse({ nonce, records: [signedRecord(1, 1)] })), a, 1)
      expect(outcomes).toMatchObject([{ type: 'failed', reason: 'malformed', cause: { name: 'WireError' } }])
      expect(a.score).toBe(75)
      expect(exchanges.free).toBe(64)
    }
  })

  test('is sent again after 1, 2, 4 and 7 s under the same nonce, and fails after 10 s', () => {
    const { exchanges, a, outcomes, ask, sent } = setUp()
    ask(undefined, 100)
    const first = sent()
    const dueMs: number[] = []
    while (outcomes.length === 0) {
      const nextMs = exchanges.nextDeadlineMs
      dueMs.push(nextMs)
      exchanges.tick(nextMs - 1)
      expect(sent()).toEqual([])
      exchanges.tick(nextMs)
      if (outcomes.length === 0) expect(sent()).toEqual(first)
    }
    expect(dueMs).toEqual([1100, 2100, 4100, 7100, 10_100])
    expect(outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])
    expect(a.score).toBe(75)
  })

  test('a clock that jumps does not send a burst', () => {
    const { exchanges, ask, sent } = setUp()
    ask()
    sent()
    exchanges.tick(8000)
    expect(sent()).toHaveLength(1)
    exchanges.tick(9000)
    expect(sent()).toHaveLength(0)
  })

  test('no more than the limit at once', () => {
    const { exchanges, ask } = setUp(2)
    const first = ask()
    ask()
    expect(ask()).toBeUndefined()
    exchanges.cancel(first!)
    expect(ask()).toBeDefined()
  })

  test('a cancelled one is gone: its answer is a stranger, the score stays', () => {
    const { exchanges, a, outcomes, ask, sent } = setUp()
    const exchange = ask()
    const { nonce } = sent()[0]!
    exchanges.cancel(exchange!)
    exchanges.receive(encodeGetAddrsResponse({ nonce, records: [] }), a, 1)
    exchanges.tick(20_000)
    expect(outcomes).toEqual([])
    expect(a.score).toBe(50)
  })

  test('a nonce in use is not given out twice', () => {
    const draws = [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [9, 9, 9, 9],
    ].map((bytes) => Uint8Array.from(bytes))
    const { ask, sent } = setUp(64, () => draws.shift()!)
    ask()
    ask()
    expect(sent().map(({ nonce }) => nonce)).toEqual([0x01020304, 0x09090909])
  })

  test('an unreachable tracker fails its own requests only', () => {
    const { exchanges, a, b, outcomes, ask } = setUp()
    ask(a)
    ask(b)
    exchanges.unreachable(a, new Error('no route'), 5)
    expect(outcomes).toMatchObject([{ type: 'failed', reason: 'transport' }])
    expect(exchanges.free).toBe(63)
  })
})
