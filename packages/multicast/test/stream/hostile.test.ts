import { describe, expect, test } from 'vitest'
import {
  createAck,
  createSegment,
  type Range,
  SEGMENT_HEAD_BYTES,
  type SegmentHead,
  SegmentType,
  writeHead,
} from '../../src/stream/segment.js'
import { isSame, pattern, type Side, type User, World } from './support/simulation.js'

const WORDS = pattern(100_000)

/** A stream whose other end says what the test wants. */
class Puppet {
  readonly world: World
  readonly side: Side
  readonly user: User
  readonly #peer: Side
  #number = 100

  constructor(seed: number, limits = {}) {
    this.world = new World(seed)
    this.side = this.world.side(limits)
    this.#peer = this.world.side()
    this.user = this.world.connect(this.side, this.#peer)[0]
    this.world.run(() => false, 50)
    // From here on the real peer hears nothing and says nothing.
    this.side.filter = () => false
    this.#peer.hasSession = false
  }

  say(type: SegmentType, head: Partial<SegmentHead> = {}, body = new Uint8Array(0)): void {
    const payload = createSegment(type, this.user.connection.streamId, body.length)
    payload.set(body, SEGMENT_HEAD_BYTES)
    this.#send(payload, head)
  }

  sayAck(head: Partial<SegmentHead>, ranges: readonly Range[]): void {
    this.#send(createAck(this.user.connection.streamId, ranges), head)
  }

  data(offset: number, sizeBytes: number): void {
    this.say(SegmentType.data, { offset }, WORDS.slice(offset, offset + sizeBytes))
  }

  #send(payload: Uint8Array, head: Partial<SegmentHead>): void {
    writeHead(payload, { number: ++this.#number, echo: 1, offset: 0, ack: 0, window: 50_000, ...head })
    this.side.machine.receive(this.#peer.key, payload, this.world.clock.nowMs())
  }
}

describe('bytes in any order', () => {
  test('overlapping, repeated and contained pieces give the bytes once', () => {
    const puppet = new Puppet(1)
    const { random } = puppet.world
    for (let count = 0; count < 3000; count++) puppet.data(random.integer(5000), 1 + random.integer(400))
    puppet.data(0, 1000)
    for (let at = 0; at < 5400; at += 300) puppet.data(at, 300)
    expect(isSame(puppet.user.received, pattern(5400))).toBe(true)
    expect(puppet.side.machine.heldBytes).toBe(0)
  })

  test('pieces that overlap are kept once', () => {
    const puppet = new Puppet(9)
    for (let count = 0; count < 50; count++) {
      puppet.data(1000, 400)
      puppet.data(1200 + count, 400)
      puppet.data(900, 300)
    }
    // 900 to 1649, and a little for each piece there is.
    expect(puppet.side.machine.heldBytes).toBeGreaterThanOrEqual(749)
    expect(puppet.side.machine.heldBytes).toBeLessThan(749 + 55 * 100)
  })

  test('beyond the window nothing is kept', () => {
    const puppet = new Puppet(2, { windowBytes: 10_000 })
    puppet.data(9_500, 1000)
    puppet.data(50_000, 1000)
    expect(puppet.side.machine.heldBytes).toBe(0)
    puppet.data(9_000, 1000)
    expect(puppet.side.machine.heldBytes).toBeGreaterThan(1000)
  })
})

describe('what cannot be ends the stream, on both sides', () => {
  const breaches: Record<string, (puppet: Puppet) => void> = {
    'an acknowledgement of what was never sent': (puppet) => puppet.sayAck({ ack: 5001 }, []),
    'a range of what was never sent': (puppet) => puppet.sayAck({}, [{ start: 4000, end: 5001 }]),
    'an empty range': (puppet) => puppet.sayAck({}, [{ start: 10, end: 10 }]),
    'an echo of a number to come': (puppet) => puppet.sayAck({ echo: 1000 }, []),
    'bytes beyond the end': (puppet) => {
      puppet.say(SegmentType.fin, { offset: 100 })
      puppet.data(99, 2)
    },
    'an end before bytes that came': (puppet) => {
      puppet.data(200, 10)
      puppet.say(SegmentType.fin, { offset: 205 })
    },
    'two ends': (puppet) => {
      puppet.say(SegmentType.fin, { offset: 100 })
      puppet.say(SegmentType.fin, { offset: 101 })
    },
  }
  for (const [name, breach] of Object.entries(breaches)) {
    test(name, () => {
      const puppet = new Puppet(3)
      puppet.user.connection.write(pattern(5000))
      puppet.world.run(() => false, 10)
      const { sentTypes } = puppet.side
      sentTypes.length = 0
      breach(puppet)
      puppet.world.run(() => false, 10)
      expect(puppet.user.failure).toBe('broken')
      expect(sentTypes.at(-1)).toBe(SegmentType.reset)
      expect([puppet.side.machine.streamCount, puppet.side.machine.heldBytes]).toEqual([0, 0])
    })
  }
})

describe('one who does not play', () => {
  test('answers, but acknowledges nothing: given up in bounded time', () => {
    const puppet = new Puppet(4)
    puppet.user.connection.write(pattern(5000))
    for (let count = 0; count < 60 && !puppet.user.isClosed; count++) {
      puppet.sayAck({}, [])
      puppet.world.run(() => false, 1000)
    }
    expect(puppet.user.failure).toBe('timeout')
  })

  test('asks all the time: one answer each, no more', () => {
    const puppet = new Puppet(5)
    puppet.side.sentTypes.length = 0
    for (let count = 0; count < 500; count++) puppet.say(SegmentType.ping)
    expect(puppet.side.sentTypes.length).toBeLessThanOrEqual(500)
  })

  test('an older window does not take back a newer one', () => {
    const puppet = new Puppet(6)
    puppet.sayAck({ number: 5000, window: 0 }, [])
    puppet.sayAck({ number: 4000, window: 60_000 }, [])
    puppet.side.sentTypes.length = 0
    puppet.user.connection.write(pattern(5000))
    puppet.world.run(() => false, 100)
    expect(puppet.side.sentTypes).not.toContain(SegmentType.data)
    puppet.sayAck({ number: 5001, window: 60_000 }, [])
    puppet.world.run(() => false, 100)
    expect(puppet.side.sentTypes).toContain(SegmentType.data)
  })

  test('takes back room it gave: what was sent into it waits, and is not given up', () => {
    const puppet = new Puppet(7)
    puppet.user.connection.write(pattern(5000))
    puppet.world.run(() => false, 10)
    for (let count = 0; count < 120; count++) {
      puppet.sayAck({ window: 0, echo: 2 }, [])
      puppet.world.run(() => false, 1000)
    }
    expect(puppet.user.isClosed).toBe(false)
    expect(puppet.side.sentTypes.slice(-5)).not.toContain(SegmentType.data)
  })
})

test('any bytes at all: nothing throws, and other streams go on', () => {
  const world = new World(8)
  const [a, b] = [world.side(), world.side()] as const
  const [near, far] = world.connect(a, b)
  const victims = Array.from({ length: 20 }, () => world.connect(a, b)[1])
  const seen: Uint8Array[] = []
  a.filter = (payload) => {
    if (seen.length < 200) seen.push(payload.slice())
    return true
  }
  for (const { connection } of victims) connection.write(pattern(3000))
  world.run(() => false, 500)
  for (let count = 0; count < 20_000; count++) {
    const payload = (seen[world.random.integer(seen.length)] as Uint8Array).slice()
    for (let changes = world.random.integer(4); changes >= 0; changes--) {
      payload[4 + world.random.integer(payload.length - 4)] = world.random.integer(256)
    }
    b.machine.receive(a.key, payload.subarray(0, 5 + world.random.integer(payload.length)), world.clock.nowMs())
  }
  near.connection.write(Uint8Array.of(1, 2, 3))
  world.run(() => far.receivedBytes === 3, 5000)
  expect(far.receivedBytes).toBe(3)
})
