import { describe, expect, test } from 'vitest'
import { Congestion } from '../../src/stream/congestion.js'
import { RoundTrip } from '../../src/stream/round-trip.js'
import { SegmentType } from '../../src/stream/segment.js'
import { isSame, PAYLOAD_BYTES, pattern, type Side, typeOf, type User, type Way, World } from './support/simulation.js'

function connected(
  seed: number,
  limits = {},
  way: Way = {},
): { world: World; a: Side; b: Side; near: User; far: User } {
  const world = new World(seed, way)
  const [a, b] = [world.side(limits), world.side(limits)] as const
  const [near, far] = world.connect(a, b)
  return { world, a, b, near, far }
}

/** A link that carries so many bytes in a ms, with a queue before it. */
function narrow(world: World, from: Side, bytesPerMs: number, queueBytes: number): { dropped: number } {
  const carry = world.carry.bind(world)
  const counts = { dropped: 0 }
  let freeMs = 0
  world.carry = (side, to, payload) => {
    if (side !== from) {
      carry(side, to, payload)
      return
    }
    const nowMs = world.clock.nowMs()
    const waitMs = Math.max(0, freeMs - nowMs)
    if (waitMs * bytesPerMs > queueBytes) {
      counts.dropped++
      return
    }
    freeMs = nowMs + waitMs + payload.length / bytesPerMs
    const bytes = payload.slice()
    world.clock.schedule(() => carry(side, to, bytes), freeMs - nowMs)
  }
  return counts
}

describe('a reader that stops', () => {
  test('stops the writer; nothing is lost when it goes on', () => {
    const { world, b, near, far } = connected(1, { windowBytes: 50_000, writtenBytes: 150_000 })
    far.connection.pause()
    let writtenBytes = 0
    while (near.connection.write(pattern(10_000))) writtenBytes += 10_000
    expect(writtenBytes).toBeLessThanOrEqual(150_000)
    world.run(() => false, 20_000)
    expect(b.machine.heldBytes).toBeLessThanOrEqual(50_000)
    expect(near.log).not.toContain('drain')
    far.connection.resume()
    world.run(() => far.receivedBytes === writtenBytes + 10_000, 200)
    expect(far.receivedBytes).toBe(writtenBytes + 10_000)
    expect(near.log).toContain('drain')
  })

  test('is asked for room again and again, less and less often', () => {
    const { world, a, near, far } = connected(2, { windowBytes: 20_000 })
    far.connection.pause()
    near.connection.write(pattern(40_000))
    world.run(() => false, 5000)
    const before = a.sentTypes.length
    world.run(() => false, 60_000)
    const asked = a.sentTypes.slice(before)
    expect(asked.every((type) => type === SegmentType.ping || type === SegmentType.ack)).toBe(true)
    expect(asked.length).toBeGreaterThan(8)
    expect(asked.length).toBeLessThan(40)
  })

  test('goes on at once after the pause, also where half of all is lost', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { world, near, far } = connected(seed, { windowBytes: 20_000 })
      world.way = { loss: 0.5 }
      far.connection.pause()
      near.connection.write(pattern(60_000))
      world.run(() => false, 25_000)
      const atBytes = far.receivedBytes
      far.connection.resume()
      // What it holds comes at once; the question is when something new does.
      world.run(() => far.receivedBytes > atBytes + 20_000, 5000)
      expect(far.receivedBytes, `seed ${seed}`).toBeGreaterThan(atBytes + 20_000)
    }
  })

  test('the word that there is room again is repeated until it is heard', () => {
    const { world, a, b, near, far } = connected(3, { windowBytes: 20_000 })
    far.connection.pause()
    near.connection.write(pattern(60_000))
    world.run(() => false, 30_000)
    let lost = 0
    a.filter = (payload) => typeOf(payload) !== SegmentType.ping
    b.filter = (payload) => typeOf(payload) !== SegmentType.ping || ++lost > 3
    far.connection.resume()
    world.run(() => far.receivedBytes === 60_000, 1500)
    expect(far.receivedBytes).toBe(60_000)
    expect(lost).toBeGreaterThan(3)
  })

  test('is sent no crumbs', () => {
    const { world, a, near, far } = connected(14, { windowBytes: 20_000 })
    const sizes: number[] = []
    a.filter = (payload) => {
      if (typeOf(payload) === SegmentType.data) sizes.push(payload.length)
      return true
    }
    far.connection.pause()
    near.connection.write(pattern(115_000))
    for (let round = 0; round < 20; round++) {
      world.run(() => false, 500)
      far.connection.resume()
      world.run(() => far.connection.phase !== 'open', 3)
      far.connection.pause()
    }
    far.connection.resume()
    world.run(() => far.receivedBytes === 115_000, 5000)
    expect(sizes.length).toBeGreaterThanOrEqual(100)
    expect(new Set(sizes)).toEqual(new Set([PAYLOAD_BYTES]))
  })

  test('holds its peer no longer than it likes: an hour is fine', () => {
    const { world, near, far } = connected(4, { windowBytes: 20_000 })
    far.connection.pause()
    near.connection.write(pattern(60_000))
    near.connection.end()
    world.run(() => near.isClosed || far.isClosed, 3_600_000)
    far.connection.resume()
    far.connection.end()
    world.run(() => near.isClosed && far.isClosed, 5000)
    expect([near.failure, far.failure, isSame(far.received, pattern(60_000))]).toEqual([undefined, undefined, true])
  })
})

describe('memory', () => {
  const limits = { windowBytes: 40_000, receivedBytesPerPeer: 100_000, receivedBytes: 150_000 }

  test('unread bytes of all streams of a peer have one budget, and all peers have one', () => {
    const world = new World(5)
    const b = world.side(limits)
    const others = [world.side(), world.side(), world.side()]
    const readers: User[] = []
    for (const a of others) {
      for (let count = 0; count < 5; count++) {
        const [near, far] = world.connect(a, b)
        far.connection.pause()
        near.connection.write(pattern(60_000))
        readers.push(far)
      }
      world.run(() => false, 2000)
      expect(b.machine.heldBytes).toBeLessThanOrEqual(150_000)
      if (readers.length === 5) expect(b.machine.heldBytes).toBeLessThanOrEqual(100_000)
      expect(b.machine.heldBytes).toBeGreaterThan(80_000)
    }
    for (const { connection } of readers) connection.resume()
    world.run(() => readers.every(({ receivedBytes }) => receivedBytes === 60_000), 30_000)
    expect(readers.map(({ receivedBytes }) => receivedBytes)).toEqual(readers.map(() => 60_000))
    expect(b.machine.heldBytes).toBe(0)
  })

  test('a stream that is read goes on while others hold everything, also under loss', () => {
    const world = new World(6)
    const [a, b] = [world.side(), world.side(limits)] as const
    for (let count = 0; count < 5; count++) {
      const [near, far] = world.connect(a, b)
      far.connection.pause()
      near.connection.write(pattern(60_000))
    }
    world.run(() => false, 2000)
    world.way = { loss: 0.1 }
    const [near, far] = world.connect(a, b)
    near.connection.write(pattern(50_000))
    world.run(() => far.receivedBytes === 50_000, 30_000)
    expect(isSame(far.received, pattern(50_000))).toBe(true)
  })

  test('many tiny pieces behind a gap cost what they cost, and are bounded', () => {
    const { world, a, b, near, far } = connected(7, { ...limits, receivedBytesPerPeer: 5000 })
    world.run(() => false, 50)
    let isFirst = true
    a.filter = (payload) => typeOf(payload) !== SegmentType.data || !isFirst || (isFirst = false)
    for (let at = 0; at < 500; at++) {
      near.connection.write(pattern(1, at))
      world.run(() => false, 0)
      expect(b.machine.heldBytes).toBeLessThanOrEqual(5000)
    }
    world.run(() => far.receivedBytes === 500, 30_000)
    expect(far.receivedBytes).toBe(500)
  })
})

describe('the pace', () => {
  test('a narrow link with a short queue is used, and not flooded', () => {
    for (const [bytesPerMs, queueBytes] of [
      [125, 16_000],
      [1000, 20_000],
      [1000, 64_000],
    ] as const) {
      const { world, a, near, far } = connected(8, {}, { delayMs: 2 })
      const link = narrow(world, a, bytesPerMs, queueBytes)
      const sizeBytes = 1_000_000
      near.connection.write(pattern(sizeBytes))
      const startMs = world.clock.nowMs()
      world.run(() => far.receivedBytes === sizeBytes, 60_000)
      const usedPart = sizeBytes / (world.clock.nowMs() - startMs) / bytesPerMs
      expect(usedPart, `${bytesPerMs} bytes/ms`).toBeGreaterThan(0.8)
      expect(link.dropped, `${bytesPerMs} bytes/ms`).toBeLessThan((0.15 * sizeBytes) / 1150)
    }
  })

  test('ten per cent of loss leave a third of the rate', () => {
    const rates = [0, 0.1].map((loss) => {
      const { world, near, far } = connected(9, {}, { loss, delayMs: 5 })
      near.connection.write(pattern(2_000_000))
      const startMs = world.clock.nowMs()
      world.run(() => far.receivedBytes === 2_000_000, 60_000)
      return 2_000_000 / (world.clock.nowMs() - startMs)
    }) as [number, number]
    expect(rates[1]).toBeGreaterThan(rates[0] / 3)
  })

  test('it never stands still for long after a long round trip, or after silence', () => {
    const { world, near, far } = connected(10)
    world.way = { delayMs: 2000 }
    near.connection.write(pattern(50_000))
    world.run(() => far.receivedBytes === 50_000, 30_000)
    world.way = { delayMs: 1 }
    world.run(() => false, 5000)
    near.connection.write(pattern(50_000))
    world.run(() => far.receivedBytes === 100_000, 1500)
    expect(far.receivedBytes).toBe(100_000)
  })

  test('one segment is acknowledged before its sender misses that', () => {
    const { world, a, b, near } = connected(15)
    world.run(() => false, 100)
    for (const side of [a, b]) side.sentTypes.length = 0
    near.connection.write(pattern(100))
    world.run(() => false, 500)
    expect([a.sentTypes, b.sentTypes]).toEqual([[SegmentType.data], [SegmentType.ack]])
  })

  test('the next segment leaves soon, whatever was measured', () => {
    const roundTrip = new RoundTrip()
    roundTrip.measure(60_000, 0)
    const congestion = new Congestion(1240, roundTrip)
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
      congestion.onSent(1240, 1240, nowMs)
      expect(congestion.nextMs - nowMs).toBeLessThanOrEqual(50)
    }
    expect(congestion.nextMs).toBeGreaterThan(1000)
  })

  test('it begins small', () => {
    const { world, a, near } = connected(11, {}, { delayMs: 50 })
    world.run(() => false, 200)
    const before = a.sentTypes.length
    near.connection.write(pattern(1_000_000))
    world.run(() => false, 40)
    expect(a.sentTypes.length - before).toBeLessThanOrEqual(8)
  })
})

describe('without a session', () => {
  test('one is asked for at once, and what was sent is sent anew when it is there', () => {
    const { world, a, near, far } = connected(12)
    a.hasSession = false
    near.connection.write(pattern(5000))
    world.run(() => false, 2000)
    expect([a.renewals.length, far.receivedBytes]).toEqual([1, 0])
    a.hasSession = true
    const startMs = world.clock.nowMs()
    a.machine.renewed(far.connection.peer.key, true, startMs)
    a.machine.renewed(a.renewals[0] ?? a.key, true, startMs)
    world.run(() => far.receivedBytes === 5000, 100)
    expect(far.receivedBytes).toBe(5000)
  })

  test('a peer that falls silent: a new session is asked for long before it is given up', () => {
    const { world, a, near } = connected(13)
    world.isCut = true
    near.connection.write(pattern(5000))
    world.run(() => a.renewals.length > 0, 5000)
    expect([a.renewals.length, near.isClosed]).toEqual([1, false])
    a.machine.renewed(a.renewals[0] ?? a.key, false, world.clock.nowMs())
    world.run(() => a.renewals.length > 1, 5000)
    expect(a.renewals.length).toBe(2)
  })
})
