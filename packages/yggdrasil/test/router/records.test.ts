import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { KeyId } from '../../src/key.js'
import { keyId } from '../../src/key.js'
import { Announcement } from '../../src/router/announcement.js'
import { RECORD_LIFETIME_MS, Records } from '../../src/router/records.js'
import { type Path, portsOf } from '../../src/wire/path.js'
import { cheapIdentity, type Identity } from './support/identity.js'
import { childOf, rootOf } from './support/puppet.js'

const random = createRandom(1)
const [self, root, a, b, c] = Array.from({ length: 5 }, () => cheapIdentity(random)) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]

function setUp(options: { maxRecords?: number; maxDepth?: number; neighbours?: readonly Identity[] } = {}) {
  const changed: KeyId[] = []
  const records = new Records({
    selfId: idOf(self),
    maxRecords: options.maxRecords ?? 100,
    maxDepth: options.maxDepth ?? 512,
    onChange: (id) => void changed.push(id),
    neighbours: () => (options.neighbours ?? []).map(idOf),
  })
  const hang = (child: Identity, parent: Identity, port: bigint, seq = 1n, nowMs = 0, via?: Identity) =>
    records.accept(new Announcement(childOf(child, parent, port, seq)), nowMs, via && idOf(via))
  const plant = (identity: Identity, seq = 1n, nowMs = 0) =>
    records.accept(new Announcement(rootOf(identity, seq)), nowMs)
  return { records, changed, hang, plant }
}

function idOf({ publicKey }: Identity): KeyId {
  return keyId(publicKey)
}

function ports(path: Path): string {
  return portsOf(path).join('.')
}

describe('coordinates', () => {
  test('are the ports from the root down, exact above 2^53, without one of the root', () => {
    const { records, hang, plant } = setUp()
    plant(root)
    hang(a, root, 7n)
    hang(b, a, 2n ** 64n - 1n)
    hang(c, b, 300n)
    expect(ports(records.coordinates(idOf(c)))).toBe('7.18446744073709551615.300')
    expect(ports(records.coordinates(idOf(root)))).toBe('')
  })

  test('are empty where the way to the root is not known', () => {
    const { records, hang } = setUp()
    hang(a, root, 7n)
    hang(b, a, 3n)
    expect(ports(records.coordinates(idOf(b)))).toBe('')
    expect(ports(records.coordinates(idOf(root)))).toBe('')
  })

  test('are empty where the way runs in a circle', () => {
    const { records, hang } = setUp()
    hang(a, b, 1n)
    hang(b, c, 2n)
    hang(c, a, 3n)
    for (const identity of [a, b, c]) expect(ports(records.coordinates(idOf(identity)))).toBe('')
  })

  test('are empty where the way is longer than the limit', () => {
    const { records, hang, plant } = setUp({ maxDepth: 2 })
    plant(root)
    hang(a, root, 1n)
    hang(b, a, 2n)
    hang(c, b, 3n)
    expect(ports(records.coordinates(idOf(b)))).toBe('1.2')
    expect(ports(records.coordinates(idOf(c)))).toBe('')
    expect(records.ancestry(idOf(c))).toEqual([])
  })
})

describe('ancestry', () => {
  test('starts at the node and ends at the root, a missing record, or before a repeated one', () => {
    const { records, hang, plant } = setUp()
    const ids = (identity: Identity) => records.ancestry(idOf(identity)).map(({ id }) => id)
    hang(a, root, 1n)
    hang(b, a, 1n)
    expect(ids(b)).toEqual([b, a].map(idOf))
    plant(root)
    expect(ids(b)).toEqual([b, a, root].map(idOf))
    hang(root, b, 1n, 2n)
    expect(ids(b)).toEqual([b, a, root].map(idOf))
    expect(ids(c)).toEqual([])
  })
})

describe('acceptance', () => {
  test('tells what changed, and nothing when the old one is kept', () => {
    const { records, changed, hang } = setUp()
    expect(hang(a, root, 1n, 5n)).toBe(true)
    const { version } = records
    expect(hang(a, b, 1n, 4n)).toBe(false)
    expect(records.version).toBe(version)
    expect(hang(a, b, 1n, 6n)).toBe(true)
    expect(records.version).not.toBe(version)
    expect(changed).toEqual([idOf(a), idOf(a)])
    expect(records.get(idOf(a))?.parentId).toBe(idOf(b))
    expect(records.size).toBe(1)
  })
})

describe('expiry', () => {
  test('five minutes after the last acceptance; never for our own', () => {
    const { records, changed, hang, plant } = setUp()
    plant(self)
    hang(a, self, 1n, 1n, 0)
    hang(b, self, 2n, 1n, 1000)
    hang(a, self, 1n, 2n, 2000)
    // A repeat that changes nothing does not count.
    hang(b, self, 2n, 1n, 3000)
    changed.length = 0
    records.expire(RECORD_LIFETIME_MS + 999)
    expect(records.size).toBe(3)
    records.expire(RECORD_LIFETIME_MS + 1000)
    expect(changed).toEqual([idOf(b)])
    records.expire(RECORD_LIFETIME_MS + 2000)
    expect(changed).toEqual([b, a].map(idOf))
    records.expire(Number.MAX_SAFE_INTEGER)
    expect(records.size).toBe(1)
  })
})

describe('when the table is full', () => {
  test('the oldest that nobody needs go, of the neighbour that brought the most', () => {
    const { records, hang, plant } = setUp({ maxRecords: 40, neighbours: [a] })
    plant(root)
    hang(self, root, 1n)
    hang(b, root, 2n, 1n, 0, c)
    hang(a, b, 3n, 1n, 0, c)
    const quiet = cheapIdentity(random)
    hang(quiet, root, 9n, 1n, 0, c)
    const flood = Array.from({ length: 200 }, () => cheapIdentity(random))
    for (const one of flood) expect(hang(one, root, 4n, 1n, 0, a)).toBe(true)
    expect(records.size).toBeLessThanOrEqual(40)
    for (const needed of [root, self, b, a, quiet]) expect(records.get(idOf(needed))).toBeDefined()
    expect(records.get(idOf(flood[0]!))).toBeUndefined()
    expect(records.get(idOf(flood[199]!))).toBeDefined()
  })

  test('made-up ancestries of neighbours go before our own, and what is known can still be renewed', () => {
    const chain = Array.from({ length: 30 }, () => cheapIdentity(random))
    const { records, hang, plant } = setUp({ maxRecords: 20, neighbours: [chain[29]!] })
    plant(root)
    hang(self, root, 1n)
    for (const [at, one] of chain.entries()) hang(one, chain[at - 1] ?? root, 1n)
    expect(records.size).toBeLessThanOrEqual(20)
    expect(ports(records.coordinates(idOf(self)))).toBe('1')
    expect(hang(self, root, 2n, 2n)).toBe(true)
    expect(ports(records.coordinates(idOf(self)))).toBe('2')
  })

  test('nothing new is taken when only our own ancestry is stored', () => {
    const { records, hang, plant } = setUp({ maxRecords: 3 })
    plant(root)
    hang(a, root, 1n)
    hang(self, a, 1n)
    expect(hang(b, root, 2n)).toBe(false)
    expect(records.size).toBe(3)
    expect(hang(a, root, 2n, 2n)).toBe(true)
  })
})
