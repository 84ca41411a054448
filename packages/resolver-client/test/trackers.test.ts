import { describe, expect, test } from 'vitest'
import { Trackers } from '../src/trackers.js'

describe('trackers', () => {
  test('are known by their canonical address, once each', () => {
    const trackers = new Trackers(['udp://[200:0:0::1]:5050', 'udp://[200::1]:5050', 'udp://192.0.2.1:5050'], 'udp')
    expect(trackers.all.map(({ address }) => address)).toEqual(['udp://[200::1]:5050', 'udp://192.0.2.1:5050'])
    expect(trackers.byAddress('udp://[200::1]:5050')).toBe(trackers.all[0])
    expect(trackers.byAddress('udp://[200::1]:5051')).toBeUndefined()
  })

  test('names, missing ports and other schemes are refused with a hint', () => {
    const refused = ['udp://tracker.example:5050', 'udp://192.0.2.1:0', 'tcp://192.0.2.1:5050', '192.0.2.1:5050', '']
    for (const address of refused) {
      expect(() => new Trackers([address], 'udp'), address).toThrow(
        expect.objectContaining({ name: 'ResolverError', code: 'bad-address' }),
      )
    }
    expect(() => new Trackers(['udp://tracker.example:5050'], 'udp')).toThrow(/resolveAddress/)
    expect(new Trackers(['memory://tracker'], 'memory').all).toHaveLength(1)
  })

  test('an IPv4 address inside IPv6 is that IPv4 address; every address is none', () => {
    const trackers = new Trackers(['udp://[::ffff:127.0.0.1]:5050', 'udp://127.0.0.1:5050'], 'udp')
    expect(trackers.all.map(({ address }) => address)).toEqual(['udp://127.0.0.1:5050'])
    for (const wildcard of ['udp://[::]:5050', 'udp://0.0.0.0:5050', 'udp://[::ffff:0.0.0.0]:5050']) {
      expect(() => new Trackers([wildcard], 'udp'), wildcard).toThrow(/for listening/)
    }
  })

  test('score: the round trip when it works, 25 more for each failure, never above 10 000', () => {
    const [first, second] = new Trackers(['memory://a', 'memory://b'], 'memory').all
    expect(first!.score).toBe(50)
    first!.failed()
    expect(first!.score).toBe(75)
    second!.succeeded(7)
    expect(second!.score).toBe(7)
    second!.succeeded(1e9)
    second!.failed()
    expect(second!.score).toBe(10_000)
  })

  test('order: best score first, ties as configured', () => {
    const trackers = new Trackers(['memory://a', 'memory://b', 'memory://c'], 'memory')
    const names = () => trackers.inOrder().map(({ address }) => address.slice(-1))
    expect(names()).toEqual(['a', 'b', 'c'])
    trackers.all[0]!.failed()
    expect(names()).toEqual(['b', 'c', 'a'])
    trackers.all[2]!.succeeded(3)
    expect(names()).toEqual(['c', 'b', 'a'])
  })
})
