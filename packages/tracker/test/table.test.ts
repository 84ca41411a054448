import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completeLimits, type TrackerLimits } from '../src/limits.js'
import { POLICIES, type TrackerPolicy } from '../src/policy.js'
import { Table } from '../src/table.js'

const HOUR_MS = 3_600_000

function tableWith(limits: Partial<TrackerLimits> = {}, policy: Partial<TrackerPolicy> = {}) {
  const table = new Table({ ...POLICIES.classic, ...policy }, completeLimits(limits))
  const put = (user: string, clientId: number, nowMs = 0, source = 's') =>
    table.announce({ user, clientId, encoded: recordOf(clientId), rank: 0, source }, nowMs)
  const clients = (user: string, nowMs = 0): number[] => {
    const { given } = table.answer(user, nowMs)
    for (const { clientId, encoded } of given) expect(encoded).toEqual(recordOf(clientId))
    return given.map(({ clientId }) => clientId)
  }
  return { table, put, clients }
}

/** A record that tells its client by its first byte. */
function recordOf(clientId: number): Uint8Array {
  return new Uint8Array(95).fill(clientId)
}

describe('table', () => {
  test('a new device goes to the end, a known one keeps its place', () => {
    const { put, clients } = tableWith()
    for (const clientId of [1, 2, 3]) put('a', clientId)
    put('a', 1, 5000)
    expect(clients('a', 5000)).toEqual([1, 2, 3])
    expect(clients('b')).toEqual([])
  })

  test('what was just announced stays, also when the clock was set back', () => {
    const { put, clients } = tableWith({ recordsPerUser: 2 })
    for (const clientId of [1, 2]) put('a', clientId, 2 * HOUR_MS)
    put('a', 3, 0)
    expect(clients('a', 0)).toContain(3)
  })

  test('changes say what to write down', () => {
    const { put } = tableWith({ recordsPerUser: 1 })
    expect(put('a', 1, 1000)).toMatchObject({
      stored: true,
      changes: [
        {
          type: 'put',
          user: 'a',
          clientId: 1,
          expiresMs: 1000 + HOUR_MS,
          encoded: recordOf(1),
          ttlMinutes: 0,
          rank: 0,
        },
      ],
    })
    expect(put('a', 2, 1000)).toMatchObject({
      changes: [
        { type: 'put', clientId: 2 },
        { type: 'remove', clientId: 1 },
      ],
    })
  })

  test('a record lives through the whole last second, and not a moment longer', () => {
    const { put, clients } = tableWith()
    put('a', 1, 1_700_000_000_000)
    expect(clients('a', 1_700_003_600_000)).toEqual([1])
    expect(clients('a', 1_700_003_600_999)).toEqual([1])
    expect(clients('a', 1_700_003_601_000)).toEqual([])
  })

  test('an expired record counts as absent: its device goes to the end', () => {
    const { put, clients } = tableWith()
    put('a', 1, 0)
    put('a', 2, 2000)
    put('a', 1, HOUR_MS + 1000)
    expect(clients('a', HOUR_MS + 1000)).toEqual([2, 1])
  })

  test('above the ceiling the record that expires first goes', () => {
    const { table, put, clients } = tableWith({ recordsPerUser: 3 })
    put('a', 1, 0)
    put('a', 2, 1)
    put('a', 3, 2)
    put('a', 1, 3)
    put('a', 4, 4)
    expect(clients('a')).toEqual([1, 3, 4])
    expect(table.records).toBe(3)
  })

  test('of one millisecond the one announced earlier goes', () => {
    const { put, clients } = tableWith({ recordsPerUser: 2 })
    put('a', 1)
    put('a', 2)
    put('a', 1)
    put('a', 3)
    expect(clients('a')).toEqual([1, 3])
  })

  test('eleven live records: the ten newest are given, in stored order', () => {
    const { put, clients } = tableWith({ recordsPerUser: Infinity })
    for (let clientId = 1; clientId <= 12; clientId++) put('a', clientId, clientId)
    put('a', 1, 100)
    expect(clients('a', 100)).toEqual([1, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  test('a full table takes no new users, keeps the known, and makes room by expiry', () => {
    const { table, put, clients } = tableWith({ users: 2 })
    put('a', 1)
    put('b', 1, 1000)
    expect(put('c', 1, 2000)).toEqual({ stored: false, reason: 'table-full' })
    expect(put('b', 2, 2000)).toMatchObject({ stored: true })
    expect(put('c', 1, HOUR_MS + 1000)).toMatchObject({ stored: true })
    expect(table.users).toBe(2)
    expect(clients('a', HOUR_MS + 1000)).toEqual([])
  })

  test('a full table is searched for expired records once a second at most', () => {
    const { table, put } = tableWith({ users: 1 })
    put('a', 1)
    let sweeps = 0
    const sweep = table.sweep.bind(table)
    table.sweep = (nowMs) => {
      sweeps++
      return sweep(nowMs)
    }
    for (let index = 0; index < 1000; index++) put(`x${index}`, 1, index)
    expect(sweeps).toBe(1)
    put('y', 1, 1000)
    expect(sweeps).toBe(2)
  })

  test('one source fills its own share only, and gets it back', () => {
    const { table, put } = tableWith({ usersPerSource: 2 })
    put('a', 1, 0, 'x')
    put('b', 1, 0, 'x')
    expect(put('c', 1, 1, 'x')).toEqual({ stored: false, reason: 'source-full' })
    expect(put('c', 1, 1, 'y')).toMatchObject({ stored: true })
    expect(put('a', 2, 1, 'x')).toMatchObject({ stored: true })
    table.sweep(HOUR_MS + 2000)
    expect(table.users).toBe(0)
    expect(put('d', 1, HOUR_MS + 2000, 'x')).toMatchObject({ stored: true })
  })

  test('the sweep removes what has lapsed and nothing else', () => {
    const { table, put, clients } = tableWith()
    put('a', 1, 0)
    put('a', 2, 5000)
    put('b', 1, 0)
    expect(table.sweep(HOUR_MS)).toBe(0)
    expect(table.sweep(HOUR_MS + 1000)).toBe(2)
    expect([table.users, table.records]).toEqual([1, 1])
    expect(clients('a', HOUR_MS + 1000)).toEqual([2])
    expect(table.sweep(HOUR_MS + 6000)).toBe(1)
    expect([table.users, table.records]).toEqual([0, 0])
  })

  test('loading: lapsed ones are refused, far futures cut, ceilings hold', () => {
    const { table, clients } = tableWith({ users: 2, recordsPerUser: 2 })
    const load = (user: string, clientId: number, expiresMs: number) =>
      table.load({ user, clientId, expiresMs, encoded: recordOf(clientId), ttlMinutes: 0, rank: 0 }, 10_000)
    expect(load('a', 1, 9999)).toBe(false)
    expect(load('a', 1, 10_000)).toBe(true)
    expect(load('a', 2, Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(load('b', 1, 20_000)).toBe(true)
    expect(load('c', 1, 20_000)).toBe(false)
    expect(load('a', 3, 15_000)).toBe(true)
    expect(clients('a', 10_000)).toEqual([2, 3])
    expect(clients('a', 10_000 + HOUR_MS)).toEqual([2])
    expect(clients('a', 11_000 + HOUR_MS)).toEqual([])
  })

  test('counts stay true under any sequence of operations', () => {
    const operation = fc.oneof(
      fc.record({
        user: fc.constantFrom('a', 'b', 'c'),
        clientId: fc.integer({ min: 1, max: 5 }),
        source: fc.constantFrom('x', 'y'),
      }),
      fc.record({ sweep: fc.constant(true) }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(operation, fc.integer({ min: 0, max: HOUR_MS / 3 })), { maxLength: 60 }),
        (operations) => {
          const { table, put, clients } = tableWith({ users: 2, recordsPerUser: 3, usersPerSource: 1 })
          let nowMs = 0
          for (const [step, passedMs] of operations) {
            nowMs += passedMs
            if ('sweep' in step) table.sweep(nowMs)
            else put(step.user, step.clientId, nowMs, step.source)
            expect(table.users).toBeLessThanOrEqual(2)
          }
          table.sweep(nowMs)
          const held = ['a', 'b', 'c'].map((user) => clients(user, nowMs))
          expect(table.records).toBe(held.flat().length)
          expect(table.users).toBe(held.filter(({ length }) => length > 0).length)
          for (const one of held) expect(new Set(one).size).toBe(one.length)
        },
      ),
      { seed: 61, numRuns: 300 },
    )
  })
})
