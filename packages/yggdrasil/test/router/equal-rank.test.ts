import { describe, expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import { Bench, childOf, type Puppet, rootOf } from './support/puppet.js'

// One node signs two announcements with the same number, parent and nonce, and gives each to somebody else.

describe('an announcement of the same rank as ours that says something else', () => {
  const setUp = () => {
    const bench = new Bench()
    const [first, second] = [bench.neighbour(), bench.neighbour()]
    const [third, parent] = [bench.someone(0xee), bench.someone(0xef)]
    first.announce(childOf(third, parent, 1n, 5n))
    for (const puppet of bench.puppets) puppet.takeAll()
    return { bench, second, third, parent }
  }

  test('is not answered: whoever answered would be answered in turn, for ever', () => {
    const { second, third, parent } = setUp()
    expect(second.announce(childOf(third, parent, 2n, 5n))).toBeUndefined()
    expect(second.announces()).toEqual([])
    second.announce(childOf(third, parent, 2n, 4n))
    expect(second.announces()).toEqual([childOf(third, parent, 1n, 5n)])
  })

  test('changes nothing, and costs no check', () => {
    const { bench, second, third, parent } = setUp()
    const { verifications, announcements } = bench.router.stats()
    second.announce(childOf(third, parent, 2n, 5n))
    expect(bench.router.stats()).toMatchObject({ verifications, announcements })
  })
})

describe('two honest neighbours that were given one each', () => {
  /** Hand on what each router has for the other. @returns how much that was */
  function exchange(ends: readonly [Puppet, Puppet]): number {
    const [forSecond, forFirst] = [ends[0].announces(), ends[1].announces()]
    for (const announce of forSecond) ends[1].announce(announce)
    for (const announce of forFirst) ends[0].announce(announce)
    return forSecond.length + forFirst.length
  }

  test('fall silent, keep each other and agree again from the next number on', () => {
    const benches = [new Bench({ seed: 1 }), new Bench({ seed: 2 })] as const
    const hostile = benches[0].someone(0)
    const ends = [benches[0].neighbour(benches[1].identity), benches[1].neighbour(benches[0].identity)] as const
    const links = benches.map((bench) => bench.neighbour(hostile))
    links[0]?.announce(rootOf(hostile, 9n, 5n))
    links[1]?.announce(childOf(hostile, hostile, 7n, 9n, 5n))
    let told = 0
    for (let round = 0; round < 200; round++) {
      for (const bench of benches) bench.advance(10)
      told += exchange(ends)
    }
    expect(benches.map(({ router }) => keyId(router.tree().root))).toEqual([
      keyId(hostile.publicKey),
      keyId(hostile.publicKey),
    ])
    expect(ends.map(({ cut }) => cut)).toEqual([undefined, undefined])
    expect(told).toBeLessThan(20)
    links[1]?.announce(rootOf(hostile, 10n))
    for (let round = 0; round < 200; round++) {
      for (const bench of benches) bench.advance(10)
      exchange(ends)
    }
    ends[0].announce(rootOf(hostile, 9n))
    expect(ends[0].announces()).toEqual([rootOf(hostile, 10n)])
  })
})
