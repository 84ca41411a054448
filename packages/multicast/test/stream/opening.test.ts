import { describe, expect, test } from 'vitest'
import { createSegment, encodeReset, ResetReason, SegmentType, writeHead } from '../../src/stream/segment.js'
import { isSame, pattern, typeOf, World } from './support/simulation.js'

describe('opening', () => {
  test('bytes both ways, and both ends in order', () => {
    const world = new World(1)
    const [near, far] = world.connect(world.side(), world.side())
    near.connection.write(pattern(300_000))
    far.connection.write(pattern(100_000, 5))
    near.connection.end()
    far.connection.end()
    world.run(() => near.isClosed && far.isClosed)
    expect(isSame(far.received, pattern(300_000))).toBe(true)
    expect(isSame(near.received, pattern(100_000, 5))).toBe(true)
    expect([near.failure, far.failure]).toEqual([undefined, undefined])
  })

  test('both sides open at once: two streams', () => {
    const world = new World(2)
    const [a, b] = [world.side(), world.side()] as const
    a.listen()
    b.listen()
    const [fromA, fromB] = [a.open(b), b.open(a)]
    world.run(() => a.accepted.length === 1 && b.accepted.length === 1 && fromA.isOpened && fromB.isOpened, 1000)
    fromA.connection.write(Uint8Array.of(1))
    fromB.connection.write(Uint8Array.of(2))
    world.run(() => false, 100)
    expect([...(b.accepted[0]?.received ?? [])]).toEqual([1])
    expect([...(a.accepted[0]?.received ?? [])]).toEqual([2])
  })

  for (const [name, type] of [
    ['OPEN', SegmentType.open],
    ['ACCEPT', SegmentType.accept],
    ['the ACK of the opener', SegmentType.ack],
  ] as const) {
    test(`the first three of ${name} are lost: it opens all the same, once`, () => {
      const world = new World(3)
      const [a, b] = [world.side(), world.side()] as const
      let lost = 0
      for (const side of [a, b]) side.filter = (payload) => typeOf(payload) !== type || ++lost > 3
      const [near] = world.connect(a, b)
      expect(world.clock.nowMs()).toBeLessThan(4000)
      world.run(() => false, 20_000)
      expect(lost).toBeGreaterThan(3)
      expect([near.isClosed, b.accepted.length, b.accepted[0]?.isClosed]).toEqual([false, 1, false])
    })
  }

  test('refused where nobody listens', () => {
    const world = new World(4)
    const near = world.side().open(world.side())
    world.run(() => near.isClosed, 1000)
    expect(near.failure).toBe('refused')
  })

  test('no answer: given up in time, and a new session is asked for', () => {
    const world = new World(5)
    const [a, b] = [world.side(), world.side()] as const
    world.isCut = true
    const near = a.open(b, 5000)
    world.run(() => near.isClosed, 5001)
    expect(near.failure).toBe('timeout')
    expect(a.renewals.length).toBe(1)
  })

  test('a late OPEN of a stream that has ended makes no stream', () => {
    const world = new World(6)
    const [a, b] = [world.side(), world.side()] as const
    let open: Uint8Array | undefined
    a.filter = (payload) => {
      if (typeOf(payload) === SegmentType.open) open = payload.slice()
      return true
    }
    const [near] = world.connect(a, b)
    near.connection.abort()
    world.run(() => b.machine.streamCount === 0, 1000)
    if (open === undefined) throw new Error('no OPEN was sent')
    b.machine.receive(a.key, open, world.clock.nowMs())
    world.run(() => false, 1000)
    expect([b.machine.streamCount, b.accepted.length]).toEqual([0, 1])
  })

  test('given up where it is accepted: no data is told', () => {
    const world = new World(16)
    const [a, b] = [world.side(), world.side()] as const
    b.listen(({ connection }) => connection.abort())
    // So that it is the data that shows the opener to be there.
    a.filter = (payload) => typeOf(payload) !== SegmentType.ack
    const near = a.open(b)
    near.connection.write(pattern(100))
    world.run(() => near.isClosed, 5000)
    expect(near.failure).toBe('reset')
    expect(b.accepted.map(({ log }) => log)).toEqual([['closed']])
  })

  test('an opener that vanishes after OPEN is forgotten', () => {
    const world = new World(7)
    const [a, b] = [world.side(), world.side({ halfOpenMs: 4000 })] as const
    b.listen()
    a.filter = (payload) => typeOf(payload) === SegmentType.open
    const near = a.open(b, 1000)
    world.run(() => b.machine.streamCount === 1, 500)
    world.run(() => near.isClosed && b.machine.streamCount === 0, 6000)
    expect([b.machine.streamCount, b.accepted.length]).toEqual([0, 0])
  })
})

describe('limits of opening', () => {
  test('half-open streams are bounded, per peer and in all; streams that are open go on', () => {
    const world = new World(8)
    const [a, c] = [world.side(), world.side()] as const
    const b = world.side({ halfOpenStreams: 6, halfOpenStreamsPerPeer: 4 })
    const [before, accepted] = world.connect(a, b)
    a.filter = (payload) => typeOf(payload) !== SegmentType.ack
    const fromA = Array.from({ length: 10 }, () => a.open(b))
    world.run(() => false, 100)
    expect(fromA.filter(({ failure }) => failure === 'busy').length).toBe(6)
    c.filter = a.filter
    const fromC = Array.from({ length: 4 }, () => c.open(b))
    world.run(() => false, 100)
    // Who has most begun and not gone on makes room for who has less.
    expect(fromC.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false])
    expect(fromA.filter(({ isClosed }) => !isClosed).length).toBe(2)
    expect(b.machine.streamCount).toBe(7)
    before.connection.write(Uint8Array.of(1))
    world.run(() => accepted.receivedBytes === 1, 100)
    expect(accepted.receivedBytes).toBe(1)
  })

  test('four who begin streams and never go on keep nobody else out', () => {
    const world = new World(11)
    const b = world.side()
    b.listen()
    for (let number = 0; number < 4; number++) {
      const stranger = world.side()
      stranger.filter = (payload) => typeOf(payload) !== SegmentType.ack
      for (let stream = 0; stream < 32; stream++) stranger.open(b)
    }
    world.run(() => false, 100)
    expect(b.machine.streamCount).toBe(128)
    const honest = world.side().open(b)
    world.run(() => b.accepted.length === 1, 500)
    expect([honest.isOpened, b.accepted.length]).toEqual([true, 1])
  })

  test('streams are bounded, per peer and in all; one that ends makes room', () => {
    const world = new World(9)
    const [a, c] = [world.side(), world.side()] as const
    const b = world.side({ streams: 5, streamsPerPeer: 3 })
    b.listen()
    const fromA = Array.from({ length: 4 }, () => a.open(b))
    const fromC = Array.from({ length: 3 }, () => c.open(b))
    world.run(() => false, 100)
    expect(fromA.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined, 'busy'])
    expect(fromC.map(({ failure }) => failure)).toEqual([undefined, undefined, 'busy'])
    fromA[0]?.connection.abort()
    world.run(() => false, 100)
    const again = a.open(b)
    world.run(() => false, 100)
    expect(again.isOpened).toBe(true)
  })

  test('what this side opens is bounded, too', () => {
    const world = new World(10)
    const [a, b] = [world.side({ streamsPerPeer: 2 }), world.side()] as const
    a.open(b)
    a.open(b)
    expect(() => a.open(b)).toThrow(expect.objectContaining({ code: 'limit' }))
  })

  test('limits that cannot be are refused', () => {
    const world = new World(11)
    expect(() => world.side({ streams: 0 })).toThrow(/streamLimits.streams: expected an integer from 1/)
    expect(() => world.side({ windowBytes: 2 ** 32 })).toThrow(/streamLimits.windowBytes/)
    expect(() => world.side({ nonsense: 1 } as never)).toThrow(/no such limit/)
  })
})

describe('a peer that has been started anew', () => {
  test('answers that it does not know the stream: it ends at once, not after half a minute', () => {
    const world = new World(12)
    const [a, b] = [world.side(), world.side()] as const
    const [near] = world.connect(a, b)
    b.restart()
    near.connection.write(pattern(10_000))
    world.run(() => near.isClosed, 1000)
    expect(near.failure).toBe('reset')
  })

  test('its answers are limited, and never about acknowledgements', () => {
    const world = new World(13)
    const [a, b] = [world.side(), world.side({ resetsPerPeerPerSecond: 10 })] as const
    const answers: number[] = []
    b.filter = (payload) => answers.push(typeOf(payload)) > 0
    for (let count = 0; count < 1000; count++) {
      for (const type of [SegmentType.data, SegmentType.ack]) {
        const payload = createSegment(type, `stream${count}`.padEnd(8).slice(0, 8), type === SegmentType.data ? 1 : 0)
        writeHead(payload, { number: 1, echo: 1, offset: 0, ack: 0, window: 9 })
        b.machine.receive(a.key, payload, world.clock.nowMs())
      }
    }
    expect(answers).toEqual(Array.from({ length: 10 }, () => SegmentType.reset))
    expect(b.machine.peerCount).toBe(1)
    world.run(() => b.machine.peerCount === 0, 20_000)
    expect(b.machine.peerCount).toBe(0)
  })

  test('a RESET of another peer ends nothing', () => {
    const world = new World(14)
    const [a, b, c] = [world.side(), world.side(), world.side()] as const
    const [near] = world.connect(a, b)
    for (const reason of Object.values(ResetReason)) {
      a.machine.receive(c.key, encodeReset(near.connection.streamId, reason), world.clock.nowMs())
    }
    world.run(() => false, 1000)
    expect(near.isClosed).toBe(false)
  })

  test('RESETs are not answered for ever: two sides that know nothing fall silent', () => {
    const world = new World(15)
    const [a, b] = [world.side(), world.side()] as const
    a.machine.receive(b.key, encodeReset('whatever', ResetReason.aborted), world.clock.nowMs())
    world.run(() => false, 10_000)
    expect([...a.sentTypes, ...b.sentTypes]).toEqual([SegmentType.reset])
  })
})
