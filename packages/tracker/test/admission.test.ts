import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_HARDENING, type TrackerHardening } from '../src/hardening.js'
import { completeLimits } from '../src/limits.js'
import { POLICIES } from '../src/policy.js'
import { currentRecords, Rank } from '../src/record.js'
import { type Announcement, Table } from '../src/table.js'

const MINUTE_MS = 60_000

/** A record whose address, and everything else, is its number. */
function encodedAt(address: number, clientId: number): Uint8Array {
  return currentRecords.encode({
    address: new Uint8Array(32).fill(address),
    signature: new Uint8Array(64),
    port: 0,
    priority: 1,
    clientId,
  })
}

function tableWith(hardening: Partial<TrackerHardening> = {}, recordsPerUser = 8) {
  const table = new Table(POLICIES.current, completeLimits({ recordsPerUser }), { ...DEFAULT_HARDENING, ...hardening })
  const said = (clientId: number, address: number, rank: Rank): Announcement => ({
    user: 'a',
    clientId,
    encoded: encodedAt(address, clientId),
    rank,
    source: undefined,
  })
  const announce = (clientId: number, address: number, { rank = Rank.self as Rank, nowMs = 0 } = {}) => {
    const outcome = table.announce(said(clientId, address, rank), nowMs)
    return outcome.stored ? Number(outcome.grant.ttlSeconds) : outcome.reason
  }
  const sync = (
    clientId: number,
    address: number,
    { rank = Rank.synced as Rank, nowMs = 0, expiresMs = 5 * MINUTE_MS, ttlMinutes = 4 } = {},
  ) => {
    const outcome = table.sync(said(clientId, address, rank), { expiresMs, ttlMinutes }, nowMs)
    return outcome.stored ? outcome.record : outcome.reason
  }
  const held = (nowMs = 0) =>
    table.answer('a', nowMs).given.map(({ clientId, encoded, rank }) => `${clientId}@${encoded[0]}/${rank}`)
  return { table, announce, sync, held }
}

describe('records of other trackers (§10.4, §10.7)', () => {
  test('one per device, the newest first, and the schedule goes on from what they say', () => {
    const { announce, sync, held } = tableWith()
    sync(5, 1)
    sync(6, 2)
    sync(5, 3, { ttlMinutes: 8 })
    expect(held()).toEqual(['5@3/1', '6@2/1'])
    expect(announce(5, 3)).toBe(960)
    expect(held()).toEqual(['5@3/2', '6@2/1'])
  })

  test('the later expiry of the same address counts, and what the node said itself stays its own word', () => {
    const { announce, sync, held } = tableWith()
    announce(5, 1)
    announce(5, 1)
    expect(sync(5, 1, { expiresMs: 1000, ttlMinutes: 2 })).toMatchObject({
      expiresMs: 9 * MINUTE_MS,
      ttlMinutes: 8,
      rank: Rank.self,
    })
    expect(sync(5, 1, { expiresMs: 10 * MINUTE_MS, ttlMinutes: 16 })).toMatchObject({
      expiresMs: 10 * MINUTE_MS,
      ttlMinutes: 16,
      rank: Rank.self,
    })
    expect(held()).toEqual(['5@1/2'])
  })

  test('H6: a device that seems to have moved is given at both addresses, until it speaks again', () => {
    const { announce, sync, held } = tableWith()
    announce(5, 1)
    sync(5, 2)
    expect(held()).toEqual(['5@2/1', '5@1/2'])
    sync(5, 3)
    expect(held()).toEqual(['5@3/1', '5@1/2'])
    expect(announce(5, 1)).toBe(480)
    expect(held()).toEqual(['5@1/2'])
    const without = tableWith({ keepBothWhenMoved: false })
    without.announce(5, 1)
    without.sync(5, 2)
    expect(without.held()).toEqual(['5@2/1'])
  })

  test('a stranger displaces nothing that a fellow tracker said, and one that nobody chose is a stranger', () => {
    const { announce, sync, held } = tableWith()
    sync(5, 1)
    expect(announce(5, 2, { rank: Rank.thirdParty })).toBe('outranked')
    expect(announce(6, 1, { rank: Rank.thirdParty })).toBe('outranked')
    expect(sync(5, 2, { rank: Rank.thirdParty })).toBe('outranked')
    expect(held()).toEqual(['5@1/1'])
    expect(sync(7, 3, { rank: Rank.thirdParty })).toMatchObject({ rank: Rank.thirdParty })
  })

  test('H5: what was granted is 2 to 16 minutes, whatever was stored (B-17)', () => {
    const { announce, sync } = tableWith()
    sync(5, 1, { ttlMinutes: 2 ** 31 })
    expect(announce(5, 1)).toBe(960)
    sync(6, 2, { ttlMinutes: 1 })
    expect(announce(6, 2)).toBe(240)
  })
})

describe('what is to be written down', () => {
  test('what goes is named by all that its row is found by, what is written over is not', () => {
    const { table, announce, sync } = tableWith()
    announce(5, 1)
    sync(5, 2)
    const outcome = table.announce(
      { user: 'a', clientId: 5, encoded: encodedAt(1, 5), rank: Rank.self, source: undefined },
      0,
    )
    expect(outcome).toMatchObject({
      changes: [
        { type: 'put', clientId: 5, ttlMinutes: 8, rank: Rank.self },
        { type: 'remove', user: 'a', clientId: 5, address: new Uint8Array(32).fill(2) },
      ],
    })
  })
})

// The rules once more, as the protocol tells them, on plain lists.

interface ModelRecord {
  clientId: number
  address: number
  rank: number
  expiresMs: number
  ttl: number
}

class Model {
  records: ModelRecord[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  expire(nowMs: number): void {
    this.records = this.records.filter(({ expiresMs }) => nowMs < expiresMs)
  }

  announce(clientId: number, address: number, rank: number, nowMs: number): number | 'outranked' {
    this.expire(nowMs)
    if (this.#outranked(clientId, address, rank)) return 'outranked'
    const known = this.records.find((each) => each.clientId === clientId && each.address === address)
    const ttl = Math.min(2 * Math.min(Math.max(known?.ttl ?? 2, 2), 16), 16)
    this.records = this.records.filter(
      (each) => each.clientId !== clientId && !(rank === 2 && each.address === address),
    )
    return this.#first({ clientId, address, rank, ttl, expiresMs: nowMs + (ttl + 1) * MINUTE_MS })
      ? ttl * 60
      : 'outranked'
  }

  sync(clientId: number, address: number, rank: number, expiresMs: number, ttl: number, nowMs: number): void {
    this.expire(nowMs)
    if (this.#outranked(clientId, address, rank)) return
    const known = this.records.find((each) => each.clientId === clientId && each.address === address)
    this.records = this.records.filter(
      (each) => each.clientId !== clientId || (each.rank === 2 && each.address !== address),
    )
    const later = known !== undefined && known.expiresMs > expiresMs ? known : { expiresMs, ttl }
    this.#first({
      clientId,
      address,
      rank: Math.max(rank, known?.rank ?? 0),
      expiresMs: later.expiresMs,
      ttl: later.ttl,
    })
  }

  #outranked(clientId: number, address: number, rank: number): boolean {
    return (
      rank === 0 &&
      this.records.some((each) => each.rank > 0 && (each.clientId === clientId || each.address === address))
    )
  }

  #first(record: ModelRecord): boolean {
    this.records.unshift(record)
    while (this.records.length > this.#most) {
      const lowest = Math.min(...this.records.map(({ rank }) => rank))
      const weakest = this.records.filter(({ rank }) => rank === lowest)
      const others = weakest.filter((each) => each !== record)
      const among = others.length > 0 ? others : weakest
      const soonest = Math.min(...among.map(({ expiresMs }) => expiresMs))
      // Of those that expire together the one said earliest, which stands last.
      const goes = among.filter(({ expiresMs }) => expiresMs === soonest).at(-1)!
      this.records.splice(this.records.indexOf(goes), 1)
    }
    return this.records.includes(record)
  }
}

test('any sequence of announces and syncs leaves what the rules say', () => {
  const clientId = fc.integer({ min: 1, max: 4 })
  const address = fc.integer({ min: 1, max: 4 })
  const step = fc.oneof(
    fc.record({ kind: fc.constant('announce' as const), clientId, address, rank: fc.constantFrom(0, 2) }),
    fc.record({
      kind: fc.constant('sync' as const),
      clientId,
      address,
      rank: fc.constantFrom(0, 1),
      seconds: fc.integer({ min: 1, max: 1020 }),
      ttl: fc.constantFrom(2, 4, 8, 16),
    }),
    fc.record({ kind: fc.constant('look' as const) }),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.integer({ min: 0, max: 6 * MINUTE_MS })), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, most) => {
        const { table, announce, sync } = tableWith({}, most)
        const model = new Model(most)
        let nowMs = 0
        for (const [each, passedMs] of steps) {
          nowMs += passedMs
          if (each.kind === 'announce') {
            const got = announce(each.clientId, each.address, { rank: each.rank as Rank, nowMs })
            expect(got).toBe(model.announce(each.clientId, each.address, each.rank, nowMs))
          } else if (each.kind === 'sync') {
            const expiresMs = nowMs + each.seconds * 1000
            sync(each.clientId, each.address, { rank: each.rank as Rank, nowMs, expiresMs, ttlMinutes: each.ttl })
            model.sync(each.clientId, each.address, each.rank, expiresMs, each.ttl, nowMs)
          }
          model.expire(nowMs)
          const got = table.answer('a', nowMs).given.map(({ encoded, announced: _, ttlMinutes, ...record }) => ({
            ...record,
            address: encoded[0]!,
            ttl: ttlMinutes,
          }))
          expect(got).toEqual(model.records)
          expect(table.records).toBe(model.records.length)
        }
      },
    ),
    { seed: 65, numRuns: 500 },
  )
})
