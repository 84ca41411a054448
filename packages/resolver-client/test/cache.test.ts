import { describe, expect, test } from 'vitest'
import { Cache } from '../src/cache.js'
import { completeLimits } from '../src/limits.js'
import type { ResolvedAddress } from '../src/record.js'

function at(address: string, deadlineMs: number): ResolvedAddress {
  return { address, priority: 3, clientId: 1, deadlineMs, attested: true }
}

describe('cache', () => {
  test('gives what is live, in the order it was put', () => {
    const cache = new Cache(completeLimits())
    cache.put('a', [at('x', 100), at('y', 200)], 0)
    expect(cache.get('a', 99)?.map(({ address }) => address)).toEqual(['x', 'y'])
    expect(cache.get('a', 100)?.map(({ address }) => address)).toEqual(['y'])
    expect(cache.get('a', 200)).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  test('"no records" is believed for a while', () => {
    const cache = new Cache(completeLimits({ emptyMs: 5000 }))
    cache.put('a', [], 1000)
    expect(cache.get('a', 5999)).toEqual([])
    expect(cache.get('a', 6000)).toBeUndefined()
  })

  test('forgetting the last address means asking again', () => {
    const cache = new Cache(completeLimits())
    cache.put('a', [at('x', 100), at('y', 100)], 0)
    cache.forget('a', 'nowhere')
    cache.forget('b', 'x')
    cache.forget('a', 'x')
    expect(cache.get('a', 0)?.map(({ address }) => address)).toEqual(['y'])
    cache.forget('a', 'y')
    expect(cache.get('a', 0)).toBeUndefined()
  })

  test('is bounded, the least recently used goes first', () => {
    const cache = new Cache(completeLimits({ cachedUsers: 3, recordsPerUser: 2 }))
    for (const user of ['a', 'b', 'c']) cache.put(user, [at(user, 100)], 0)
    cache.get('a', 0)
    cache.put('d', [at('1', 100), at('2', 100), at('3', 100)], 0)
    expect(cache.size).toBe(3)
    expect(cache.get('b', 0)).toBeUndefined()
    expect(cache.get('a', 0)).toHaveLength(1)
    expect(cache.get('d', 0)).toHaveLength(2)
  })

  test('what is returned can be changed without harm', () => {
    const cache = new Cache(completeLimits())
    cache.put('a', [at('x', 100)], 0)
    cache.get('a', 0)!.length = 0
    expect(cache.get('a', 0)).toHaveLength(1)
  })
})
