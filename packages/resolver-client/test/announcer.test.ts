import { decodeRequest, encodeAnnounceResponse } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { Announcer } from '../src/announcer.js'
import { Exchanges } from '../src/exchange.js'
import type { AnnouncedRecord } from '../src/forms.js'
import { POLICIES, type ResolverPolicy } from '../src/policy.js'
import { Trackers } from '../src/trackers.js'
import { identity, overlayAddress, seededBytes, signedRecord } from './support.js'

function recordAt(last: number): AnnouncedRecord {
  const { address, signature, port, priority, clientId } = signedRecord(1, last)
  return { publicKey: identity(1).publicKey, address, signature, port, priority, clientId }
}

function setUp({ trackers = 1, fanout = 5, chance = 0, repeat = true } = {}) {
  const policy: ResolverPolicy = { ...POLICIES.classic, announceFanout: fanout }
  const all = new Trackers(['memory://a', 'memory://b', 'memory://c'].slice(0, trackers), 'memory')
  const exchanges = new Exchanges(policy, 64, seededBytes(3))
  const events: string[] = []
  const announcer = new Announcer(
    { policy, trackers: all, exchanges, chance: () => chance },
    recordAt(1),
    {
      announced: (tracker, ttlSeconds) => events.push(`${tracker.address.slice(-1)} kept ${ttlSeconds}`),
      failed: (reason) => events.push(reason),
    },
    repeat,
  )
  const tick = (nowMs: number) => {
    exchanges.tick(nowMs)
    announcer.tick(nowMs)
  }
  /** Names of the trackers told since the last call, and what they were told. */
  let last: { name: string; nonce: number; address: number }[] = []
  const told = () => {
    last = exchanges.takeOutgoing().map(({ tracker, datagram }) => {
      const request = decodeRequest(datagram)
      if (request.command !== 'announce') throw new Error('expected an announce')
      return { name: tracker.address.slice(-1), nonce: request.nonce, address: request.address[15]! }
    })
    return last.map(({ name, address }) => `${name}${address}`).join(' ')
  }
  const acknowledge = (name: string, nowMs: number, ttlSeconds = 600n) => {
    const { nonce } = last.find((one) => one.name === name)!
    exchanges.receive(encodeAnnounceResponse({ nonce, ttlSeconds }), all.byAddress(`memory://${name}`)!, nowMs)
  }
  const unreachable = (name: string, nowMs: number) =>
    exchanges.unreachable(all.byAddress(`memory://${name}`)!, undefined, nowMs)
  return { announcer, exchanges, events, tick, told, acknowledge, unreachable }
}

describe('announcer', () => {
  test('tells the tracker, and again when its time is nearly up', () => {
    const { announcer, events, tick, told, acknowledge } = setUp({ chance: 0.5 })
    expect(announcer.nextDeadlineMs).toBe(Infinity)
    announcer.refresh(recordAt(1), 0)
    tick(0)
    expect(told()).toBe('a1')
    acknowledge('a', 20)
    expect(events).toEqual(['a kept 600'])
    expect(announcer.nextDeadlineMs).toBe(20 + 600_000 - 5000)
    tick(595_019)
    expect(told()).toBe('')
    tick(595_020)
    expect(told()).toBe('a1')
  })

  test.each([
    [0n, 30_000],
    [1n, 30_000],
    [120n, 120_000],
    [3600n, 3_600_000],
    [2n ** 32n, 3_600_000],
    [2n ** 64n - 1n, 3_600_000],
  ])('a lifetime of %i s neither spins nor silences the loop', (ttlSeconds, pauseMs) => {
    const { announcer, tick, told, acknowledge } = setUp()
    announcer.refresh(recordAt(1), 0)
    tick(0)
    told()
    acknowledge('a', 0, ttlSeconds)
    expect(announcer.nextDeadlineMs).toBe(pauseMs)
  })

  test('the jitter never goes below the shortest pause', () => {
    const { announcer, tick, told, acknowledge } = setUp({ chance: 0.999 })
    announcer.refresh(recordAt(1), 0)
    tick(0)
    told()
    acknowledge('a', 0, 31n)
    expect(announcer.nextDeadlineMs).toBe(30_000)
  })

  test('failures: 5, 10, 20, 40, 60, 60 s, and from the start again after a success', () => {
    const { announcer, events, tick, told, acknowledge, unreachable } = setUp()
    announcer.refresh(recordAt(1), 0)
    let nowMs = 0
    const pauses: number[] = []
    for (let round = 0; round < 6; round++) {
      tick(nowMs)
      expect(told()).toBe('a1')
      unreachable('a', nowMs)
      pauses.push(announcer.nextDeadlineMs - nowMs)
      nowMs = announcer.nextDeadlineMs
    }
    expect(pauses).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
    expect(events).toEqual(Array(6).fill('transport'))
    tick(nowMs)
    told()
    acknowledge('a', nowMs)
    nowMs = announcer.nextDeadlineMs
    tick(nowMs)
    unreachable('a', nowMs)
    expect(announcer.nextDeadlineMs - nowMs).toBe(5000)
  })

  test('this generation: every tracker is told, each on its own schedule', () => {
    const { announcer, events, tick, told, acknowledge, unreachable } = setUp({ trackers: 3 })
    announcer.refresh(recordAt(1), 0)
    tick(0)
    expect(told()).toBe('a1 b1 c1')
    acknowledge('a', 0)
    acknowledge('c', 0, 120n)
    unreachable('b', 0)
    expect(events).toEqual(['a kept 600', 'c kept 120', 'transport'])
    tick(5000)
    expect(told()).toBe('b1')
    acknowledge('b', 5000)
    tick(120_000)
    expect(told()).toBe('c1')
  })

  test('trackers that failed together are not tried once more by each place', () => {
    const { announcer, exchanges, events, tick, told } = setUp({ trackers: 3 })
    announcer.refresh(recordAt(1), 0)
    tick(0)
    told()
    tick(10_000)
    expect(events).toEqual(['timeout', 'timeout', 'timeout'])
    expect(exchanges.free).toBe(64)
    expect(announcer.nextDeadlineMs).toBe(15_000)
  })

  test('told at fewer places than there are trackers: the next best takes over at once', () => {
    const { announcer, events, tick, told, acknowledge, unreachable } = setUp({ trackers: 3, fanout: 1 })
    announcer.refresh(recordAt(1), 0)
    tick(0)
    expect(told()).toBe('a1')
    unreachable('a', 1)
    expect(told()).toBe('b1')
    unreachable('b', 2)
    expect(told()).toBe('c1')
    acknowledge('c', 9)
    expect(events).toEqual(['c kept 600'])
    tick(600_009)
    expect(told()).toBe('c1')
    unreachable('c', 600_010)
    expect(told()).toBe('a1')
    unreachable('a', 600_011)
    unreachable('b', 600_012)
    expect(events).toEqual(['c kept 600', 'transport'])
    expect(announcer.nextDeadlineMs).toBe(605_012)
  })

  test('a new address goes out at once, but not twice in two seconds', () => {
    const { announcer, exchanges, tick, told, acknowledge } = setUp()
    announcer.refresh(recordAt(1), 0)
    tick(0)
    expect(told()).toBe('a1')
    announcer.refresh(recordAt(2), 500)
    expect(exchanges.free).toBe(64)
    tick(1999)
    expect(told()).toBe('')
    tick(2000)
    expect(told()).toBe('a2')
    acknowledge('a', 2001)
    announcer.refresh({ ...recordAt(3), address: overlayAddress(3) }, 9000)
    tick(9000)
    expect(told()).toBe('a3')
  })

  test('once only: one outcome per place', () => {
    const { announcer, events, tick, told, acknowledge, unreachable } = setUp({ trackers: 2, repeat: false })
    expect(announcer.places).toBe(2)
    announcer.refresh(recordAt(1), 0)
    tick(0)
    told()
    unreachable('a', 1)
    acknowledge('b', 2)
    expect(events).toEqual(['transport', 'b kept 600'])
    expect(announcer.nextDeadlineMs).toBe(Infinity)
  })

  test('no free exchange is a failure like others', () => {
    const { announcer, exchanges, events, tick } = setUp()
    const other = new Trackers(['memory://other'], 'memory').all[0]!
    while (exchanges.start(other, { command: 'announce', record: recordAt(2) }, () => undefined, 0) !== undefined);
    announcer.refresh(recordAt(1), 0)
    tick(0)
    expect(events).toEqual(['busy'])
    expect(announcer.nextDeadlineMs).toBe(5000)
  })

  test('stopped means silent', () => {
    const { announcer, exchanges, events, tick, told } = setUp()
    announcer.refresh(recordAt(1), 0)
    tick(0)
    told()
    announcer.stop()
    expect(exchanges.free).toBe(64)
    tick(1e9)
    expect(told()).toBe('')
    expect(events).toEqual([])
  })
})
