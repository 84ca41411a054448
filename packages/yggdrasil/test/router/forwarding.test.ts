import { describe, expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import { PacketType } from '../../src/wire/frame.js'
import { pathOf, portsOf } from '../../src/wire/path.js'
import { decodePathBroken, encodePathBroken, encodePathLookup, encodePathNotify } from '../../src/wire/pathfinder.js'
import { decodeTraffic, encodeTraffic } from '../../src/wire/traffic.js'
import { concat } from '../wire/support/bytes.js'
import { Bench, type BenchOptions, notifyOf } from './support/puppet.js'

const ELSEWHERE: Uint8Array = new Uint8Array(32).fill(0x99)

/** We are at 5, with a parent, and children at 5.2 and 5.3. */
function setUp(options: BenchOptions = {}) {
  const bench = new Bench(options)
  const parent = bench.parent({ port: 5n })
  const [child, second] = [bench.child(), bench.child()]
  bench.advance(2000)
  for (const puppet of bench.puppets) puppet.takeAll()
  return { bench, parent, child, second }
}

describe('traffic', () => {
  test('for others goes to who is closest, with nothing changed but the watermark', () => {
    const { bench, parent, child } = setUp()
    const traffic = {
      path: pathOf([5, 2, 2n ** 60n]),
      from: pathOf([9, 2n ** 63n]),
      source: bench.random.bytes(32),
      dest: ELSEWHERE,
      watermark: 2n ** 64n - 1n,
      payload: bench.random.bytes(1000),
    }
    parent.sendTraffic(traffic)
    expect(child.traffic()).toEqual([{ ...traffic, watermark: 2n }])
    expect(bench.router.stats()).toMatchObject({ forwarded: 1, delivered: 0 })
  })

  test('with an empty payload goes on too', () => {
    const { parent, child } = setUp()
    parent.sendTraffic({ path: pathOf([5, 2]), dest: ELSEWHERE, payload: new Uint8Array(0) })
    expect(child.traffic()).toHaveLength(1)
  })

  test('for us is delivered, even where its path leads past us', () => {
    const { bench, parent, child } = setUp()
    for (const path of [pathOf([5]), pathOf([5, 2, 1]), pathOf([])]) parent.sendTraffic({ path, watermark: 1n })
    expect(bench.deliveries).toHaveLength(3)
    expect(bench.deliveries[0]).toEqual({ source: parent.keyId, payload: Uint8Array.of(1, 2, 3) })
    expect(child.traffic()).toEqual([])
  })

  test('does not go on where our distance is not below the watermark', () => {
    const { bench, parent, child } = setUp()
    parent.sendTraffic({ path: pathOf([5, 2]), dest: ELSEWHERE, watermark: 1n })
    expect(child.traffic()).toEqual([])
    expect(bench.router.stats().undeliverable).toBe(1)
  })

  test('may go back to where it came from, if that is closer', () => {
    const { child, second } = setUp()
    second.sendTraffic({ path: pathOf([5, 3, 1]), dest: ELSEWHERE })
    expect(second.traffic()).toHaveLength(1)
    expect(child.traffic()).toEqual([])
  })

  test('is not loopable: at every hop the watermark is lower', () => {
    const { bench, parent, child } = setUp()
    const whole = encodeTraffic({
      path: pathOf([5, 2, 1, 1, 1]),
      from: pathOf([]),
      source: parent.publicKey,
      dest: ELSEWHERE,
      watermark: 1000n,
      payload: new Uint8Array(3),
    })
    for (let body: Uint8Array | undefined = whole, last = 1000n; body !== undefined; ) {
      parent.send(PacketType.traffic, body)
      ;[body] = child.take(PacketType.traffic)
      if (body === undefined) break
      expect(decodeTraffic(body).watermark).toBeLessThan(last)
      last = decodeTraffic(body).watermark
    }
    expect(bench.router.stats().forwarded).toBe(1)
  })

  test('with paths in a longer form is understood, and goes on in the shortest', () => {
    const { bench, parent, child } = setUp()
    const keys = concat(parent.publicKey, ELSEWHERE)
    // 5.2.1 and 4, every number longer than it need be, the ends too.
    const paths = Uint8Array.of(0x85, 0, 0x82, 0x80, 0, 0x81, 0, 0x80, 0, 0x84, 0, 0)
    parent.send(PacketType.traffic, concat(paths, keys, Uint8Array.of(0x89, 0, 7)))
    const [traffic] = child.traffic()
    expect(traffic).toMatchObject({ path: pathOf([5, 2, 1]), from: pathOf([4]), watermark: 2n })
    expect(traffic?.payload).toEqual(Uint8Array.of(7))
    parent.send(PacketType.traffic, concat(paths, parent.publicKey, bench.key, Uint8Array.of(9, 7)))
    expect(bench.deliveries).toHaveLength(1)
  })

  test('with too long a path is dropped, and the link stays', () => {
    const { bench, parent } = setUp({ limits: { pathPorts: 10 } })
    const long = pathOf(new Array<number>(11).fill(1))
    parent.sendTraffic({ path: long })
    parent.sendTraffic({ from: long })
    expect(bench.deliveries).toEqual([])
    expect(bench.router.stats().dropped).toBe(2)
    parent.sendTraffic({ from: pathOf(new Array<number>(10).fill(1)) })
    expect(bench.deliveries).toHaveLength(1)
    expect(parent.cut).toBeUndefined()
  })

  test('that cannot be read cuts the link', () => {
    const { parent, child } = setUp()
    expect(parent.send(PacketType.traffic, new Uint8Array(40))?.code).toBe('malformed')
    expect(child.cut).toBeUndefined()
  })

  test('before the link is proven is not taken', () => {
    const { bench } = setUp()
    const replay = bench.link()
    replay.sendTraffic({})
    expect(bench.deliveries).toEqual([])
    replay.answer()
    replay.sendTraffic({})
    expect(bench.deliveries).toHaveLength(1)
  })
})

describe('traffic that ends here', () => {
  test('is reported to where it came from, once in a while', () => {
    const { bench, parent } = setUp()
    const lost = { path: pathOf([5, 77]), from: pathOf([9, 4]), source: bench.random.bytes(32), dest: ELSEWHERE }
    const reports = () => parent.take(PacketType.pathBroken).map((body) => decodePathBroken(body))
    for (let count = 0; count < 10; count++) parent.sendTraffic(lost)
    expect(reports()).toEqual([{ path: pathOf([9, 4]), watermark: 3n, source: lost.source, dest: ELSEWHERE }])
    parent.sendTraffic({ ...lost, source: bench.random.bytes(32) })
    expect(reports()).toHaveLength(1)
    bench.advance(100)
    parent.sendTraffic(lost)
    expect(reports()).toHaveLength(1)
  })
})

describe('the next hop', () => {
  test('goes by the links of the moment', () => {
    const { bench, parent, child } = setUp()
    const deep = { path: pathOf([5, 2, 7]), dest: ELSEWHERE }
    parent.sendTraffic(deep)
    expect(child.traffic()).toHaveLength(1)
    child.remove()
    parent.sendTraffic(deep)
    expect(parent.take(PacketType.pathBroken)).toHaveLength(1)
    bench.advance(1000)
    const again = bench.child(child.identity)
    again.takeAll()
    parent.sendTraffic(deep)
    expect(again.traffic()).toHaveLength(1)
  })

  test('is the link with the lowest priority value, then the cheapest, among several to one node', () => {
    const { bench, parent, child } = setUp()
    const priority = bench.neighbour(child.identity, { priority: 1, latencyMs: 1 })
    const fast = bench.neighbour(child.identity, { latencyMs: 1 })
    child.answer()
    const deep = { path: pathOf([5, 2, 7]), dest: ELSEWHERE }
    parent.sendTraffic(deep)
    const taken = [child, priority, fast].map((puppet) => puppet.traffic().length)
    expect(taken[1]).toBe(0)
    child.remove()
    fast.remove()
    parent.sendTraffic(deep)
    expect(priority.traffic()).toHaveLength(1)
  })

  test('is none that is not proven', () => {
    const { bench, parent, child } = setUp()
    const replay = bench.link(child.identity, { priority: 0 })
    child.remove()
    parent.sendTraffic({ path: pathOf([5, 2, 7]), dest: ELSEWHERE })
    expect(replay.traffic()).toEqual([])
    replay.answer()
    bench.advance(100)
    parent.sendTraffic({ path: pathOf([5, 2, 7]), dest: ELSEWHERE })
    expect(replay.traffic()).toHaveLength(1)
  })
})

describe('a link that asks to wait', () => {
  const deep = { path: pathOf([5, 2, 7]), dest: ELSEWHERE }

  test('gets the rest, in order, when it takes more; control frames do not wait', () => {
    const { bench, parent, child } = setUp()
    child.isReading = false
    for (let number = 0; number < 5; number++) parent.sendTraffic({ ...deep, payload: Uint8Array.of(number) })
    expect(child.traffic().map(({ payload }) => payload[0])).toEqual([0])
    expect(bench.router.peers().find(({ linkId }) => linkId === child.id)?.queuedBytes).toBeGreaterThan(0)
    child.ask()
    child.drain()
    expect(child.traffic().map(({ payload }) => payload[0])).toEqual([1, 2, 3, 4])
    expect(bench.router.sizes().queuedBytes).toBe(0)
  })

  test('may ask to wait again in between', () => {
    const { bench, parent, child } = setUp()
    child.isReading = false
    for (let number = 0; number < 5; number++) parent.sendTraffic({ ...deep, payload: Uint8Array.of(number) })
    for (let round = 0; round < 5; round++) bench.router.drained(child, bench.nowMs)
    expect(child.traffic().map(({ payload }) => payload[0])).toEqual([0, 1, 2, 3, 4])
  })

  test('has a bounded queue, in which a loud flow does not push out a quiet one', () => {
    const { bench, parent, child, second } = setUp()
    child.isReading = false
    parent.sendTraffic(deep)
    parent.sendTraffic({ ...deep, source: second.publicKey, payload: Uint8Array.of(42) })
    for (let number = 0; number < 500; number++) parent.sendTraffic({ ...deep, payload: new Uint8Array(1000) })
    expect(bench.router.sizes().queuedBytes).toBeLessThanOrEqual(131_070)
    expect(bench.router.stats().dropped).toBeGreaterThan(300)
    child.drain()
    expect(child.traffic().filter(({ source }) => keyId(source) === second.keyId)).toHaveLength(1)
  })

  test('for too long is cut', () => {
    const { bench, parent, child } = setUp()
    child.isReading = false
    parent.sendTraffic(deep)
    bench.advance(19_000)
    expect(child.cut).toBeUndefined()
    bench.advance(2000)
    expect(child.cut?.code).toBe('timeout')
    expect(parent.cut).toBeUndefined()
  })
})

describe('our own packets', () => {
  test('tell when their link takes no more', () => {
    const { bench, parent } = setUp()
    const far = bench.someone(0xfa)
    parent.filterOf(far.publicKey)
    const send = () => bench.router.send(far.publicKey, Uint8Array.of(1), bench.nowMs)
    // It waits for its path, in a place of its own.
    expect(send()).toBe(true)
    parent.notify(far, pathOf([7]), Math.floor(bench.nowMs / 1000))
    expect(send()).toBe(true)
    parent.isReading = false
    expect([send(), send()]).toEqual([false, false])
    expect(parent.traffic()).toHaveLength(3)
    parent.drain()
    expect(parent.traffic()).toHaveLength(1)
    expect(send()).toBe(true)
  })
})

describe('to ourselves', () => {
  test('packets are delivered, not from inside the call', () => {
    const bench = new Bench()
    const payload = Uint8Array.of(1, 2)
    bench.router.send(bench.key, payload, bench.nowMs)
    payload[0] = 9
    expect(bench.deliveries).toEqual([])
    bench.router.advance(bench.nowMs)
    expect(bench.deliveries).toEqual([{ source: bench.id, payload: Uint8Array.of(1, 2) }])
  })

  test('no more wait than the limit allows', () => {
    const bench = new Bench()
    for (let count = 0; count < 200; count++) bench.router.send(bench.key, new Uint8Array(1000), bench.nowMs)
    bench.router.advance(bench.nowMs)
    expect(bench.deliveries).toHaveLength(131)
    expect(bench.router.stats().dropped).toBe(69)
  })
})

describe('a leaf', () => {
  function leaf() {
    const bench = new Bench({ transit: false })
    const parent = bench.parent({ port: 5n })
    bench.advance(2000)
    parent.takeAll()
    return { bench, parent }
  }

  test('answers foreign traffic with word of a broken path, whatever could be done with it', () => {
    const { bench, parent } = leaf()
    bench.child()
    parent.sendTraffic({ path: pathOf([5, 2, 1]), from: pathOf([9]), dest: ELSEWHERE })
    expect(parent.take(PacketType.pathBroken)).toHaveLength(1)
    expect(bench.router.stats()).toMatchObject({ forwarded: 0, undeliverable: 1 })
  })

  test('takes its own, and sends', () => {
    const { bench, parent } = leaf()
    const far = bench.someone(0xfa)
    parent.sendTraffic({})
    expect(bench.deliveries).toHaveLength(1)
    parent.filterOf(far.publicKey)
    bench.router.send(far.publicKey, Uint8Array.of(1), bench.nowMs)
    parent.notify(far, pathOf([7]), Math.floor(bench.nowMs / 1000))
    expect(parent.traffic().map(({ from }) => portsOf(from))).toEqual([[5n]])
  })

  test('passes nothing on, and draws no lookups for others', () => {
    const { bench, parent } = leaf()
    const child = bench.child()
    const far = bench.someone(0xfa)
    child.filterOf(far.publicKey)
    parent.filterOf(far.publicKey)
    bench.advance(3000)
    expect(parent.filters()).toEqual([])
    for (const puppet of bench.puppets) puppet.takeAll()
    const onTheWay = { path: pathOf([5, 2, 1]), watermark: 100n, source: far.publicKey, dest: ELSEWHERE }
    parent.send(PacketType.pathBroken, encodePathBroken(onTheWay))
    parent.send(PacketType.pathLookup, encodePathLookup({ source: ELSEWHERE, dest: far.publicKey, from: pathOf([9]) }))
    const notify = { ...notifyOf(far, ELSEWHERE, pathOf([7]), 1n), path: pathOf([5, 2, 1]) }
    parent.send(PacketType.pathNotify, encodePathNotify(notify))
    expect(child.takeAll()).toEqual([])
  })
})
