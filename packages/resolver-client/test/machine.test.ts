import { decodeRequest, encodeGetAddrsResponse, type TrackerRecord } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { completeLimits, type ResolverLimits } from '../src/limits.js'
import { type LookupResult, ResolverMachine } from '../src/machine.js'
import { POLICIES } from '../src/policy.js'
import { Trackers } from '../src/trackers.js'
import { identity, seededBytes, signedRecord } from './support.js'

const KEY = identity(1).publicKey

function setUp(limits: Partial<ResolverLimits> = {}, trackers = ['memory://a']) {
  const machine = new ResolverMachine(
    POLICIES.classic,
    completeLimits(limits),
    new Trackers(trackers, 'memory'),
    seededBytes(4),
  )
  const results: LookupResult[] = []
  const lookup = (publicKey = KEY, nowMs = 0) => {
    const cancel = machine.lookup(publicKey, (result) => results.push(result), nowMs)
    machine.tick(nowMs)
    return cancel
  }
  const asked = () => machine.takeOutgoing().map(({ datagram }) => decodeRequest(datagram))
  const answer = (nonce: number, records: TrackerRecord[], nowMs: number, from = 'memory://a') => {
    machine.receive(encodeGetAddrsResponse({ nonce, records }), from, nowMs)
    machine.tick(nowMs)
  }
  return { machine, results, lookup, asked, answer }
}

/** Keys of strangers: nothing verifies under them, which these tests do not need. */
function keyOf(number: number): Uint8Array {
  const key = identity(1).publicKey.slice()
  key[0] = number
  key[1] = number >> 8
  return key
}

describe('resolver machine', () => {
  test('one look-up per user: all who wait get its result', () => {
    const { machine, results, lookup, asked, answer } = setUp()
    lookup()
    lookup()
    const requests = asked()
    expect(requests).toHaveLength(1)
    answer(requests[0]!.nonce, [signedRecord(1, 7)], 5)
    expect(results).toHaveLength(2)
    expect(results[0]).toBe(results[1])
    expect(machine.cached(KEY, 5)).toHaveLength(1)
    expect(machine.nextDeadlineMs).toBe(Infinity)
  })

  test('it ends with the last who waits', () => {
    const { machine, results, lookup } = setUp()
    const [first, second] = [lookup(), lookup()]
    first()
    first()
    expect(machine.nextDeadlineMs).toBeLessThan(Infinity)
    second()
    expect(machine.nextDeadlineMs).toBe(Infinity)
    machine.tick(1e6)
    expect(results).toEqual([])
  })

  test('a look-up begun after one was cancelled is a new one', () => {
    const { results, lookup, asked, answer } = setUp()
    const cancel = lookup()
    cancel()
    lookup()
    cancel()
    const requests = asked()
    expect(requests).toHaveLength(2)
    answer(requests[1]!.nonce, [signedRecord(1, 7)], 5)
    expect(results).toHaveLength(1)
  })

  test('"no records" is believed for five seconds', () => {
    const { machine, lookup, asked, answer } = setUp()
    lookup()
    answer(asked()[0]!.nonce, [], 10)
    expect(machine.cached(KEY, 5009)).toEqual([])
    expect(machine.cached(KEY, 5010)).toBeUndefined()
  })

  test('a failure is not remembered', () => {
    const { machine, results, lookup } = setUp()
    lookup()
    machine.tick(10_000)
    expect(results).toEqual([{ type: 'failed', reason: 'timeout' }])
    expect(machine.cached(KEY, 10_000)).toBeUndefined()
  })

  test('what does not come from a tracker of ours is not even looked at', () => {
    const { results, lookup, asked, answer } = setUp()
    lookup()
    const { nonce } = asked()[0]!
    answer(nonce, [signedRecord(1, 7)], 1, 'memory://elsewhere')
    expect(results).toEqual([])
  })

  test('above the limit look-ups wait their turn, in order, and give up in time', () => {
    const { machine, results, lookup, asked, answer } = setUp({ outstanding: 3, waitingLookups: 2, waitMs: 1000 })
    for (let user = 0; user < 5; user++) lookup(keyOf(user))
    const first = asked()
    expect(first).toHaveLength(1) // two places are kept for announces
    lookup(keyOf(9))
    expect(results.filter(({ type }) => type === 'failed')).toHaveLength(3) // the waiting room holds two
    answer(first[0]!.nonce, [], 10)
    const [second] = asked()
    expect(second).toMatchObject({ publicKey: keyOf(1) })
    machine.tick(1000)
    expect(results.at(-1)).toEqual({ type: 'failed', reason: 'busy' })
    answer(second!.nonce, [], 1010)
    expect(machine.nextDeadlineMs).toBe(Infinity)
  })

  test('at most so many trackers are asked, those with the best score', () => {
    const { lookup, asked, machine } = setUp({ trackersAsked: 2 }, ['memory://a', 'memory://b', 'memory://c'])
    lookup()
    expect(asked()).toHaveLength(2)
    machine.tick(10_000)
    lookup(KEY, 10_000)
    expect(machine.takeOutgoing().map(({ tracker }) => tracker.address)).toEqual(['memory://c', 'memory://a'])
  })

  test('the key is kept, not the array of the caller', () => {
    const { lookup, asked, answer, results } = setUp()
    const key = KEY.slice()
    lookup(key)
    key.fill(0)
    answer(asked()[0]!.nonce, [signedRecord(1, 7)], 1)
    expect(results).toMatchObject([{ addresses: [{ clientId: 7 }] }])
  })

  test('closed means silent', () => {
    const { machine, results, lookup } = setUp()
    lookup()
    machine.close()
    machine.tick(1e6)
    expect(results).toEqual([])
    expect(machine.nextDeadlineMs).toBe(Infinity)
  })
})
