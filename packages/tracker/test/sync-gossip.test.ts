import { sign } from '@mimirjs/crypto'
import { decodeSyncRecord, type SyncRecord } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { completeLimits, type TrackerLimits } from '../src/limits.js'
import { POLICIES } from '../src/policy.js'
import { Rank, userOf } from '../src/record.js'
import { Gossip, type SyncOrigin } from '../src/sync/gossip.js'
import { Table } from '../src/table.js'
import { TokenBucket } from '../src/token-bucket.js'
import { verifyRecord } from '../src/verify.js'
import { publicKeyOf, seedOf } from './support.js'
import { nodeKeyOf } from './support-current.js'

const FRIEND: SyncOrigin = { rank: Rank.synced, source: undefined }

function recordOf(user: number, node: number, change: Partial<SyncRecord> = {}): SyncRecord {
  const address = nodeKeyOf(node)
  return {
    hop: 3,
    publicKey: publicKeyOf(user),
    address,
    signature: sign(address, seedOf(user)),
    priority: 1,
    clientId: 77,
    lifetimeSeconds: 300n,
    ttlMinutes: 4,
    ...change,
  }
}

function setUp(limits: Partial<TrackerLimits> = {}, checksPerSecond = 1e9) {
  const complete = completeLimits(limits)
  const policy = POLICIES.current
  const table = new Table(policy, complete)
  const checks = new TokenBucket(checksPerSecond, checksPerSecond, 0)
  const gossip = new Gossip({ policy, limits: complete, table, checks, verify: verifyRecord })
  const received = (record: SyncRecord, nowMs = 0, origin = FRIEND) => gossip.received(record, origin, nowMs)
  const lifetimes = (user: number, nowMs = 0) =>
    table.answer(userOf(publicKeyOf(user)), nowMs).given.map(({ expiresMs }) => expiresMs - nowMs)
  return { table, gossip, received, lifetimes }
}

describe('what others say', () => {
  test('is stored, and told on with one hop less', () => {
    const { gossip, received, lifetimes } = setUp()
    const outcome = received(recordOf(1, 3), 1000)
    expect(lifetimes(1, 1000)).toEqual([300_000])
    expect(outcome?.changes).toMatchObject([{ type: 'put', rank: Rank.synced, ttlMinutes: 4 }])
    const frame = gossip.encode(outcome!.forward!, 3500)
    expect(decodeSyncRecord(frame!)).toEqual(recordOf(1, 3, { hop: 2, lifetimeSeconds: 297n }))
  })

  test.each([
    [0, undefined, undefined],
    [1, 'stored', undefined],
    [2, 'stored', 1],
    [3, 'stored', 2],
    [255, 'stored', 2],
  ])('hop %i', (hop, stored, forwarded) => {
    const outcome = setUp().received(recordOf(1, 3, { hop }))
    expect(outcome === undefined ? undefined : 'stored').toBe(stored)
    expect(outcome?.forward?.hop).toBe(forwarded)
  })

  test.each([
    [0n, []],
    [1n, [1000]],
    [1020n, [1_020_000]],
    [1021n, [1_020_000]],
    [1080n, [1_020_000]],
    [1081n, []],
    [4_294_967_291n, []],
    [2n ** 64n - 1n, []],
  ])('a lifetime of %i s (B-14, B-18)', (lifetimeSeconds, kept) => {
    const { received, lifetimes } = setUp()
    received(recordOf(1, 3, { lifetimeSeconds }))
    expect(lifetimes(1)).toEqual(kept)
  })

  test.each([
    [0, 2],
    [1, 2],
    [4, 4],
    [17, 16],
    [2 ** 31, 16],
  ])('%i minutes granted last count as %i (B-17)', (ttlMinutes, counted) => {
    expect(setUp().received(recordOf(1, 3, { ttlMinutes }))?.record.ttlMinutes).toBe(counted)
  })

  test('a wrong signature is a reason to part, and locks nothing (B-09)', () => {
    const { received } = setUp()
    const forged = [
      recordOf(1, 3, { signature: sign(nodeKeyOf(3), seedOf(2)) }),
      recordOf(1, 3, { publicKey: new Uint8Array(32).fill(2) }),
    ]
    for (const record of forged) {
      expect(() => received(record)).toThrow(expect.objectContaining({ code: 'sync-violation' }))
    }
    expect(received(recordOf(1, 3))).toBeDefined()
  })

  test('records of several devices stand beside each other, and keep their priority (B-10, B-11)', () => {
    const { table, received } = setUp()
    received(recordOf(1, 3, { clientId: 5, priority: 9 }))
    received(recordOf(1, 4, { clientId: 6, priority: 8 }))
    const { given } = table.answer(userOf(publicKeyOf(1)), 0)
    expect(given.map(({ encoded }) => POLICIES.current.records.decode(encoded).priority)).toEqual([8, 9])
  })

  test('above the rate of checks records are passed over, but those known go through', () => {
    const { received } = setUp({}, 1)
    expect(received(recordOf(1, 3))).toBeDefined()
    expect(received(recordOf(2, 4))).toBeUndefined()
    expect(received(recordOf(1, 3, { priority: 7 }))).toBeDefined()
  })
})

describe('circles', () => {
  test('who was heard of within ten seconds is stored, not told on', () => {
    const { received } = setUp()
    expect(received(recordOf(1, 3), 0)?.forward).toBeDefined()
    expect(received(recordOf(1, 4, { clientId: 78 }), 9999)?.forward).toBeUndefined()
    // Hearing of him again begins the ten seconds anew.
    expect(received(recordOf(1, 3), 19_998)?.forward).toBeUndefined()
    expect(received(recordOf(1, 3), 29_998)?.forward).toBeDefined()
  })

  test('what comes back of an own announce ends here, another announce goes out all the same', () => {
    const { gossip, received } = setUp()
    const stored = received(recordOf(1, 3))!
    expect(gossip.announced(stored.user, stored.record, 20_000).hop).toBe(3)
    expect(received(recordOf(1, 3, { hop: 2 }), 20_500)?.forward).toBeUndefined()
    expect(gossip.announced(stored.user, stored.record, 21_000).hop).toBe(3)
  })

  test('memory of who was heard of is bounded', () => {
    const { received } = setUp({ syncRecentUsers: 4 })
    for (let user = 1; user <= 20; user++) expect(received(recordOf(user, 3), user)?.forward).toBeDefined()
    expect(received(recordOf(1, 3), 30)?.forward).toBeDefined()
  })
})

test('what lapsed while it waited is not sent with a lifetime of centuries (B-14)', () => {
  const { gossip, received } = setUp()
  const { forward } = received(recordOf(1, 3))!
  expect(decodeSyncRecord(gossip.encode(forward!, 299_000)!).lifetimeSeconds).toBe(1n)
  for (const nowMs of [299_001, 300_000, 10_000_000]) expect(gossip.encode(forward!, nowMs)).toBeUndefined()
})

test('a tracker that nobody chose is trusted like a stranger, and fills its own share only', () => {
  const { received } = setUp({ usersPerSource: 2 })
  const stranger: SyncOrigin = { rank: Rank.thirdParty, source: 'ygg://x' }
  expect(received(recordOf(1, 3), 0, stranger)?.record.rank).toBe(Rank.thirdParty)
  expect(received(recordOf(2, 3), 0, stranger)).toBeDefined()
  expect(received(recordOf(4, 3), 0, stranger)).toBeUndefined()
  expect(received(recordOf(4, 3), 0, FRIEND)).toBeDefined()
})
