import { describe, expect, test } from 'vitest'
import { encodeReset, ResetReason, SegmentType } from '../../src/stream/segment.js'
import { pattern, type Side, typeOf, type User, World } from './support/simulation.js'

function connected(seed: number, limits = {}): { world: World; a: Side; b: Side; near: User; far: User } {
  const world = new World(seed)
  const [a, b] = [world.side(limits), world.side(limits)] as const
  const [near, far] = world.connect(a, b)
  world.run(() => false, 50)
  return { world, a, b, near, far }
}

/** Loses the first `count` of a type. */
function loseFirst(side: Side, type: SegmentType, count: number): () => number {
  let lost = 0
  side.filter = (payload) => typeOf(payload) !== type || lost >= count || ++lost > count
  return () => lost
}

describe('the end', () => {
  test('one direction ends, the other goes on', () => {
    const { world, near, far } = connected(1)
    near.connection.end()
    world.run(() => far.isEnded)
    far.connection.write(pattern(50_000))
    world.run(() => near.receivedBytes === 50_000)
    expect([near.isEnded, near.isClosed, far.isClosed]).toEqual([false, false, false])
    far.connection.end()
    world.run(() => near.isClosed && far.isClosed, 1000)
    expect([near.failure, far.failure]).toEqual([undefined, undefined])
    expect([near.isClosed, far.isClosed]).toEqual([true, true])
  })

  test('the first five FINs are lost: the reader is told the end within seconds', () => {
    const { world, a, near, far } = connected(2)
    const lost = loseFirst(a, SegmentType.fin, 5)
    near.connection.end()
    world.run(() => far.isEnded, 10_000)
    expect([far.isEnded, lost()]).toEqual([true, 5])
  })

  test('the last acknowledgement is lost: both close in order', () => {
    const { world, a, b, near, far } = connected(3)
    near.connection.end()
    world.run(() => far.isEnded)
    world.run(() => false, 50)
    const lost = loseFirst(a, SegmentType.ack, 1)
    far.connection.end()
    world.run(() => near.isClosed && far.isClosed, 2000)
    expect([near.isClosed, far.isClosed, near.failure, far.failure, lost()]).toEqual([
      true,
      true,
      undefined,
      undefined,
      1,
    ])
    expect([a.machine.streamCount, b.machine.streamCount]).toEqual([0, 0])
  })

  test('the last acknowledgement is lost, and the other side has forgotten the stream: still in order', () => {
    const { world, a, near, far } = connected(4)
    near.connection.end()
    world.run(() => far.isEnded)
    world.run(() => false, 50)
    a.filter = () => false
    far.connection.end()
    world.run(() => near.isClosed, 1000)
    a.filter = undefined
    a.restart()
    world.run(() => far.isClosed, 5000)
    expect([near.failure, far.isClosed, far.failure]).toEqual([undefined, true, undefined])
  })

  test('a reader that is paused for minutes after all has come gets it, and the end', () => {
    const { world, a, b, near, far } = connected(5)
    far.connection.pause()
    near.connection.write(pattern(10_000))
    near.connection.end()
    far.connection.end()
    world.run(() => near.isClosed)
    world.run(() => false, 300_000)
    expect([near.failure, far.isClosed, far.receivedBytes]).toEqual([undefined, false, 0])
    const { length } = b.sentTypes
    world.run(() => false, 60_000)
    expect(b.sentTypes.length).toBe(length)
    for (const reason of [ResetReason.unknown, ResetReason.aborted]) {
      b.machine.receive(a.key, encodeReset(far.connection.streamId, reason), world.clock.nowMs())
    }
    b.sentTypes.length = 0
    far.connection.resume()
    world.run(() => far.isClosed, 1000)
    expect([far.failure, far.isEnded, far.receivedBytes]).toEqual([undefined, true, 10_000])
    expect(b.sentTypes).toEqual([])
  })

  test('what ended is forgotten in the end', () => {
    const { world, a, b, near, far } = connected(6)
    near.connection.end()
    far.connection.end()
    world.run(() => a.machine.peerCount + b.machine.peerCount === 0, 120_000)
    expect([a.machine.peerCount, b.machine.peerCount]).toEqual([0, 0])
  })

  test('memory of ended streams is bounded: the oldest goes, and nothing goes wrong', () => {
    const world = new World(7)
    const limits = { endedStreams: 8, endedStreamsPerPeer: 4 }
    const sides = [world.side(limits), world.side(limits), world.side(limits), world.side(limits)] as const
    const [b, ...others] = sides
    for (let round = 0; round < 20; round++) {
      for (const a of others) {
        const [near, far] = world.connect(a, b)
        near.connection.end()
        far.connection.end()
        world.run(() => near.isClosed && far.isClosed, 5000)
        expect([near.failure, far.failure, near.isClosed, far.isClosed]).toEqual([undefined, undefined, true, true])
      }
    }
  })
})

describe('giving up', () => {
  test('the first five RESETs are lost: the other side hears it within seconds', () => {
    const { world, a, near, far } = connected(11)
    const lost = loseFirst(a, SegmentType.reset, 5)
    near.connection.abort()
    world.run(() => far.isClosed, 5000)
    expect([near.failure, far.isClosed, far.failure, lost()]).toEqual(['aborted', true, 'reset', 5])
  })

  test('a RESET that arrives is said once', () => {
    const { world, a, b, near } = connected(12)
    near.connection.abort()
    world.run(() => false, 30_000)
    const resets = (side: Side) => side.sentTypes.filter((type) => type === SegmentType.reset).length
    expect([resets(a), resets(b)]).toEqual([1, 1])
  })

  test('all RESETs are lost: the other side asks, and hears it', () => {
    const { world, a, near, far } = connected(13)
    world.isCut = true
    near.connection.abort()
    world.run(() => false, 8000)
    world.isCut = false
    world.run(() => far.isClosed, 15_000)
    expect(far.failure).toBe('reset')
    expect(a.machine.streamCount).toBe(0)
  })

  test('an abort is no end, whatever had come before', () => {
    const { world, near, far } = connected(14)
    far.connection.pause()
    near.connection.write(pattern(5000))
    near.connection.end()
    world.run(() => false, 100)
    near.connection.abort()
    world.run(() => far.isClosed, 1000)
    expect([far.failure, far.isEnded]).toEqual(['reset', false])
  })

  test('abort from inside data: nothing more is told but that it is closed', () => {
    const { world, near, far } = connected(15)
    far.onData = () => far.connection.abort()
    near.connection.write(pattern(200_000))
    near.connection.end()
    world.run(() => near.isClosed && far.isClosed, 2000)
    expect(far.log).toEqual(['data', 'closed'])
    expect(far.chunks.length).toBe(1)
  })

  test('the other side is gone: a stream that waits fails, and one that does not, both within a minute', () => {
    for (const isWriting of [true, false]) {
      const { world, near } = connected(16)
      world.isCut = true
      if (isWriting) near.connection.write(pattern(1000))
      const startMs = world.clock.nowMs()
      world.run(() => near.isClosed, 60_000)
      expect(near.failure).toBe('timeout')
      expect(world.clock.nowMs() - startMs).toBeGreaterThan(25_000)
    }
  })

  test('a silent stream lives as long as both sides do', () => {
    const { world, near, far } = connected(17)
    world.way = { loss: 0.2 }
    world.run(() => near.isClosed || far.isClosed, 3_600_000)
    expect([near.isClosed, far.isClosed]).toEqual([false, false])
    expect(world.clock.nowMs()).toBeGreaterThan(3_600_000)
  })

  test('a RESET that says "unknown" ends a stream that is not done', () => {
    const { world, a, b, near } = connected(18)
    near.connection.end()
    world.run(() => false, 50)
    a.machine.receive(b.key, encodeReset(near.connection.streamId, ResetReason.unknown), world.clock.nowMs())
    world.run(() => near.isClosed, 100)
    expect(near.failure).toBe('reset')
  })
})
