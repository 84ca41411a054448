import { fromHex, toHex } from '@mimirjs/wire'
import { encodeTrackerResponse } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { type ExchangeOutcome, Exchanges } from '../src/exchange.js'
import { type PolicyChoices, policyOf } from '../src/policy.js'
import { Trackers } from '../src/trackers.js'
import { seededBytes } from './support.js'
import { answerTo, nodeKey, nodeRecord, readRequest } from './support-current.js'

const ADDRESSES = [5, 6].map((number) => `ygg://${toHex(nodeKey(number))}:69`)

function setUp(choices: PolicyChoices = {}, random = seededBytes(1)) {
  const policy = policyOf('current', choices)
  const exchanges = new Exchanges(policy, 64, random)
  const [a, b] = new Trackers(ADDRESSES, 'ygg', policy.port).all
  const outcomes: ExchangeOutcome[] = []
  const ask = (nowMs = 0, tracker = a!) =>
    exchanges.start(tracker, { command: 'getAddrs', publicKey: nodeKey(1) }, (outcome) => outcomes.push(outcome), nowMs)
  const sent = () => exchanges.takeOutgoing().map(({ datagram }) => readRequest(datagram))
  const one = () => {
    const [request, ...more] = sent()
    expect(more).toEqual([])
    return request!
  }
  return { exchanges, a: a!, b: b!, outcomes, ask, sent, one }
}

describe('an exchange of the current generation', () => {
  test('a ping, and then the question, each under a nonce of its own', () => {
    const { exchanges, a, outcomes, ask, one } = setUp()
    ask()
    const ping = one()
    expect(ping).toMatchObject({ form: 'v2', command: 'ping' })
    exchanges.receive(answerTo(ping, []), a, 30)
    expect(a.score).toBe(30)
    const question = one()
    expect(question).toMatchObject({ form: 'v2', command: 'getAddrs' })
    expect(question.nonce).not.toBe(ping.nonce)
    exchanges.receive(answerTo(question, [nodeRecord(1, 7)]), a, 42)
    expect(outcomes).toMatchObject([{ type: 'answer', response: { records: [{ clientId: 7, lifetimeMs: 300_000 }] } }])
    expect(a.score).toBe(12)
    expect(exchanges.free).toBe(64)
    expect(exchanges.nextDeadlineMs).toBe(Infinity)
  })

  test('a tracker heard of within half a minute is not pinged again', () => {
    const { exchanges, a, ask, one } = setUp()
    ask()
    exchanges.receive(answerTo(one(), []), a, 0)
    exchanges.receive(answerTo(one(), []), a, 10)
    ask(30_009)
    const question = one()
    expect(question.command).toBe('getAddrs')
    exchanges.receive(answerTo(question, []), a, 30_010)
    ask(60_010)
    expect(one().command).toBe('ping')
  })

  test('repeats have nonces of their own, and an answer to any of them counts, with its own round trip', () => {
    const { exchanges, a, outcomes, ask, one } = setUp()
    ask()
    exchanges.receive(answerTo(one(), []), a, 0)
    const first = one()
    exchanges.tick(1999)
    expect(exchanges.takeOutgoing()).toEqual([])
    exchanges.tick(2000)
    const second = one()
    expect(second).toMatchObject({ command: 'getAddrs' })
    expect(second.nonce).not.toBe(first.nonce)
    exchanges.receive(answerTo(first, []), a, 2500)
    expect(a.score).toBe(2500)
    expect(outcomes).toHaveLength(1)
    // The other one is a stranger now.
    exchanges.receive(answerTo(second, []), a, 2600)
    expect(outcomes).toHaveLength(1)
    expect(a.score).toBe(2500)
  })

  test('no nonce begins like a version, and none is used twice at a time', () => {
    const draws = [0x00ffffff, 0x01020304, 0x0fffffff, 0x10000000, 0x10000000, 0xffffffff]
    const { ask, sent } = setUp({}, () => {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, draws.shift()!)
      return bytes
    })
    ask()
    ask()
    expect(sent().map(({ nonce }) => nonce)).toEqual([0x10000000, 0xffffffff])
  })

  test('strays, however many, put off nothing (B-22)', () => {
    const { exchanges, a, b, outcomes, ask, one } = setUp({ trackerVersion: 2 })
    ask()
    const ping = one()
    for (let atMs = 1; atMs < 2000; atMs += 5) {
      exchanges.receive(answerTo({ ...ping, nonce: ping.nonce ^ 1 }, []), a, atMs)
      exchanges.receive(answerTo(ping, []), b, atMs)
      exchanges.receive(encodeTrackerResponse('v2', 'announce', { nonce: ping.nonce, ttlSeconds: 1n }), a, atMs)
      exchanges.receive(answerTo(ping, []).subarray(0, 4), a, atMs)
    }
    expect(outcomes).toEqual([])
    exchanges.tick(2000)
    expect(outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])
  })

  test('a tracker that answers pings and nothing else loses its place (B-24)', () => {
    const { exchanges, a, outcomes, ask, one } = setUp()
    ask()
    exchanges.receive(answerTo(one(), []), a, 5)
    exchanges.tick(5005)
    expect(outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])
    expect(a.score).toBe(30)
  })

  test.each([
    ['count above the records', 'a1b2c3d4010b0102'],
    ['a count of two bytes', 'a1b2c3d4010b020001'],
    ['no fields at all', 'a1b2c3d40107'],
  ])('malformed: %s', (_name, hex) => {
    const { exchanges, a, outcomes, ask, one } = setUp()
    ask()
    exchanges.receive(answerTo(one(), []), a, 5)
    const bytes = fromHex(hex)
    new DataView(bytes.buffer).setUint32(0, one().nonce)
    exchanges.receive(bytes, a, 6)
    expect(outcomes).toMatchObject([{ type: 'failed', reason: 'malformed', cause: { name: 'WireError' } }])
  })
})

describe('versions (tracker protocol §7.4)', () => {
  test('a tracker that never answered to the second is asked in the first, and remembered', () => {
    const { exchanges, a, outcomes, ask, one, sent } = setUp()
    ask()
    expect(one()).toMatchObject({ form: 'v2', command: 'ping' })
    exchanges.tick(1000)
    expect(one()).toMatchObject({ form: 'v2', command: 'ping' })
    exchanges.tick(2000)
    const question = one()
    expect(question).toMatchObject({ form: 'v1', command: 'getAddrs' })
    exchanges.receive(answerTo(question, [nodeRecord(1, 7)]), a, 2040)
    expect(outcomes).toMatchObject([{ type: 'answer', response: { records: [{ clientId: 7 }] } }])
    expect(a.score).toBe(40)
    ask(100_000)
    expect(sent()).toMatchObject([{ form: 'v1', command: 'getAddrs' }])
  })

  test('one that did answer to the second is not asked in the first', () => {
    const { exchanges, a, outcomes, ask, one, sent } = setUp()
    ask()
    exchanges.receive(answerTo(one(), []), a, 5)
    exchanges.receive(answerTo(one(), []), a, 6)
    ask(100_000)
    exchanges.tick(102_000)
    expect(outcomes.at(-1)).toEqual({ type: 'failed', reason: 'timeout' })
    expect(sent().map(({ form }) => form)).toEqual(['v2'])
  })

  test('silence is a failure after seven seconds, within the eight of the protocol', () => {
    const { exchanges, a, outcomes, ask } = setUp()
    ask()
    exchanges.tick(2000)
    exchanges.tick(6999)
    expect(outcomes).toEqual([])
    exchanges.tick(7000)
    expect(outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])
    expect(a.score).toBe(75)
  })

  test('a version of the caller is the only one', () => {
    const first = setUp({ trackerVersion: 1 })
    first.ask()
    expect(first.one()).toMatchObject({ form: 'v1', command: 'getAddrs' })
    first.exchanges.tick(5000)
    expect(first.outcomes).toEqual([{ type: 'failed', reason: 'timeout' }])
    for (const trackerVersion of [0, 3, 1.5] as unknown as 1[]) {
      expect(() => policyOf('current', { trackerVersion })).toThrow(RangeError)
    }
    expect(() => policyOf('classic', { trackerVersion: 1 })).toThrow(RangeError)
    expect(() => policyOf('newer' as never, {})).toThrow(/generation/)
    expect(() => policyOf('current', { announceFanout: 0 })).toThrow(RangeError)
  })
})
