import { describe, expect, test } from 'vitest'
import { transformKey } from '../../src/address.js'
import { BloomFilter } from '../../src/bloom.js'
import { Bench, type Puppet } from './support/puppet.js'

/** What the newest filter that came is made of. */
function has(puppet: Puppet, ...keys: readonly Uint8Array[]): boolean {
  const expected = new BloomFilter()
  for (const key of keys) expected.add(transformKey(key))
  return puppet.filters().at(-1)?.equals(expected) === true
}

function setUp() {
  const bench = new Bench()
  const parent = bench.parent()
  const [left, right] = [bench.child(), bench.child()]
  const [a, b, c] = [bench.someone(0xa1), bench.someone(0xa2), bench.someone(0xa3)].map(({ publicKey }) => publicKey)
  if (a === undefined || b === undefined || c === undefined) throw new Error('three keys')
  bench.advance(5000)
  for (const puppet of bench.puppets) puppet.takeAll()
  return { bench, parent, left, right, a, b, c }
}

describe('a node with a parent', () => {
  test('sends it a filter with itself right after it has joined', () => {
    const bench = new Bench()
    const parent = bench.neighbour(bench.someone(1), { port: 5n })
    expect(has(parent)).toBe(true)
    parent.announceRoot()
    bench.advance(1000)
    expect(has(parent, bench.key)).toBe(true)
  })

  test('sends nothing more as long as nothing changes, but once an hour', () => {
    const bench = new Bench()
    const parent = bench.neighbour(bench.someone(1), { port: 5n })
    parent.announceRoot()
    bench.advance(2000)
    parent.filters()
    for (let minute = 0; minute < 58; minute++) {
      parent.announceRoot()
      parent.answer()
      bench.advance(60_000)
    }
    expect(parent.filters()).toEqual([])
    for (let minute = 0; minute < 4; minute++) {
      parent.announceRoot()
      parent.answer()
      bench.advance(60_000)
    }
    expect(parent.filters()).toHaveLength(1)
  })
})

describe('what came from one goes to all others on the tree', () => {
  test('with ourselves, at the next tick', () => {
    const { bench, parent, left, right, a, b } = setUp()
    left.filterOf(a)
    right.filterOf(b)
    parent.filterOf()
    bench.advance(1000)
    expect(has(parent, bench.key, a, b)).toBe(true)
    expect(has(left, bench.key, b)).toBe(true)
    expect(has(right, bench.key, a)).toBe(true)
  })

  test('but not from nor to those who are neither parent nor child', () => {
    const { bench, parent, left, a } = setUp()
    const stranger = bench.neighbour()
    stranger.announceRoot()
    stranger.filterOf(a)
    stranger.takeAll()
    bench.advance(2000)
    expect(parent.filters()).toEqual([])
    left.filterOf(a)
    bench.advance(2000)
    expect(stranger.filters()).toEqual([])
    expect(has(parent, bench.key, a)).toBe(true)
  })
})

describe('changes', () => {
  test('new keys go out at once, old ones stay for one tick longer', () => {
    const { bench, parent, left, a, b } = setUp()
    left.filterOf(a)
    bench.advance(1000)
    expect(has(parent, bench.key, a)).toBe(true)
    left.filterOf(b)
    bench.advance(1000)
    expect(has(parent, bench.key, a, b)).toBe(true)
    bench.advance(1000)
    expect(has(parent, bench.key, b)).toBe(true)
  })

  test('a key that only goes away is gone one tick late', () => {
    const { bench, parent, left, a } = setUp()
    left.filterOf(a)
    bench.advance(1000)
    parent.filters()
    left.filterOf()
    bench.advance(1000)
    expect(parent.filters()).toEqual([])
    bench.advance(1000)
    expect(has(parent, bench.key)).toBe(true)
  })

  test('a child that leaves takes its keys along', () => {
    const { bench, parent, left, a } = setUp()
    left.filterOf(a)
    bench.advance(1000)
    parent.filters()
    left.remove()
    bench.advance(2000)
    expect(has(parent, bench.key)).toBe(true)
  })
})

describe('who leaves the tree', () => {
  test('gets an empty filter at once, and ours again when it comes back', () => {
    const { bench, left } = setUp()
    left.announceRoot()
    bench.advance(1000)
    expect(has(left)).toBe(true)
    left.announceAsChild()
    bench.advance(1000)
    expect(has(left, bench.key)).toBe(true)
  })

  test('has its filter remembered for when it comes back', () => {
    const { bench, parent, left, a } = setUp()
    left.announceRoot()
    bench.advance(2000)
    left.filterOf(a)
    bench.advance(1000)
    parent.filters()
    left.announceAsChild()
    bench.advance(1000)
    expect(has(parent, bench.key, a)).toBe(true)
  })
})

describe('several links to one node', () => {
  test('all get the filter, and again when one of them breaks', () => {
    const { bench, left, right, a } = setUp()
    const second = bench.neighbour(left.identity)
    second.takeAll()
    right.filterOf(a)
    bench.advance(1000)
    expect(has(left, bench.key, a)).toBe(true)
    expect(has(second, bench.key, a)).toBe(true)
    left.remove()
    expect(has(second, bench.key, a)).toBe(true)
  })
})

describe('before the link is proven', () => {
  test('a filter does not count; it does as soon as it is', () => {
    const { bench, parent, left, a, b } = setUp()
    left.filterOf(a)
    bench.advance(1000)
    const replay = bench.link(left.identity)
    replay.filterOf(b)
    parent.filters()
    bench.advance(3000)
    expect(parent.filters()).toEqual([])
    replay.answer()
    bench.advance(2000)
    expect(has(parent, bench.key, b)).toBe(true)
  })
})

test('a link that is not proven is not on the tree, whoever it claims to be', () => {
  const { bench, parent, left, a } = setUp()
  parent.filterOf(a)
  left.remove()
  const replay = bench.link(left.identity)
  bench.advance(3000)
  expect(has(replay)).toBe(true)
  expect(bench.router.peers().find(({ linkId }) => linkId === replay.id)?.onTree).toBe(false)
  replay.answer()
  bench.advance(1000)
  expect(replay.filters()).toHaveLength(1)
})

test('a saturated filter is taken: it only draws lookups to who sent it', () => {
  const { bench, parent, left, right } = setUp()
  const all = new BloomFilter()
  for (let index = 0; index < 20_000; index++) all.add(bench.random.bytes(32))
  expect(all.countBits()).toBe(BloomFilter.BITS)
  expect(left.send(5, all.encode())).toBeUndefined()
  bench.advance(1000)
  expect(parent.filters().at(-1)?.equals(all)).toBe(true)
  expect(left.filters()).toEqual([])
  expect(right.filters().at(-1)?.equals(all)).toBe(true)
})
