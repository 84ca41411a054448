import { describe, expect, test } from 'vitest'
import { completeLimits } from '../../src/limits.js'
import type { StreamConnection } from '../../src/stream/connection.js'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { openPair } from './support/pair.js'
import { listenTo, packet } from './support/say.js'
import { KEY_A, KEY_B, Reader, Simulation } from './support/simulation.js'

const { syn: SYN, ack: ACK } = StreamFlag

function stranger(index: number): Uint8Array {
  const key = new Uint8Array(32).fill(1)
  new DataView(key.buffer).setUint32(4, index)
  return key
}

describe('a flood of openings', () => {
  test('of one key holds 16 half open connections, of all keys 64 for a listener: old ones make room', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    const said = listenTo(sim.back)
    for (let index = 0; index < 100; index++) sim.b.receive(KEY_A, packet(SYN, { sourcePort: 1000 + index }), 0)
    expect(sim.b.stats().halfOpen).toBe(16)
    for (let index = 0; index < 1000; index++) sim.b.receive(stranger(index), packet(SYN), 0)
    expect(sim.b.stats()).toMatchObject({ halfOpen: 64, connections: 64 })
    expect(said).toHaveLength(1016)
    // Another listener has its own.
    sim.b.listen(43, () => {})
    sim.b.receive(stranger(5000), packet(SYN, { destinationPort: 43 }), 0)
    expect(sim.b.stats().halfOpen).toBe(65)
    sim.runUntil(() => false, 10_000)
    expect(sim.b.stats().halfOpen).toBe(0)
  })

  test('of a few keys, again and again, does not keep others out', () => {
    const sim = new Simulation()
    let accepted = 0
    sim.b.listen(42, () => accepted++)
    for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
      sim.b.advance(nowMs)
      for (let index = 0; index < 4; index++) {
        sim.b.receive(stranger(index), packet(SYN, { sourcePort: 1000 + nowMs / 100 }), nowMs)
      }
      if (nowMs % 1000 > 0) continue
      sim.b.receive(KEY_A, packet(SYN, { sourcePort: 1000 + nowMs / 1000 }), nowMs)
      sim.b.receive(KEY_A, packet(ACK, { sourcePort: 1000 + nowMs / 1000 }), nowMs)
    }
    expect(accepted).toBe(60)
  })

  test('does not keep others out once they complete', () => {
    const sim = new Simulation()
    let accepted = 0
    sim.b.listen(42, () => accepted++)
    for (let index = 0; index < 100; index++) {
      sim.b.receive(stranger(index), packet(SYN), 0)
      sim.b.receive(stranger(index), packet(ACK), 0)
    }
    expect(accepted).toBe(100)
  })

  test('from port 0, which is for datagrams, is ignored', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    sim.b.receive(KEY_A, packet(SYN, { sourcePort: 0 }), 0)
    expect(sim.b.stats()).toMatchObject({ halfOpen: 0, ignored: 1 })
  })
})

describe('resets', () => {
  test('ten to a key in a second', () => {
    const sim = new Simulation()
    const said = listenTo(sim.back)
    for (let ms = 0; ms < 2000; ms += 5) sim.b.receive(KEY_A, packet(ACK), ms)
    expect(said).toHaveLength(20)
    sim.b.receive(stranger(1), packet(ACK), 1999)
    expect(said).toHaveLength(21)
  })

  test('to very many keys are bounded by a table that does not grow', () => {
    const sim = new Simulation({ limits: { connections: 100 } })
    const said = listenTo(sim.back)
    for (let index = 0; index < 10_000; index++) sim.b.receive(stranger(index), packet(ACK), 0)
    expect(said).toHaveLength(100)
    for (let index = 0; index < 10_000; index++) sim.b.receive(stranger(index), packet(ACK), 1500)
    expect(said).toHaveLength(200)
  })
})

describe('the table', () => {
  const limits = { connections: 50, connectionsPerKey: 20, halfOpenPerKey: 100 }

  function fill(sim: Simulation, key: Uint8Array, count: number, nowMs = 0, firstPort = 1000): void {
    for (let sourcePort = firstPort; sourcePort < firstPort + count; sourcePort++) {
      sim.b.receive(key, packet(SYN, { sourcePort }), nowMs)
      sim.b.receive(key, packet(ACK, { sourcePort }), nowMs)
    }
  }

  test('has room for so many of one key, and so many in all; who has most makes room, then one more is refused', () => {
    const sim = new Simulation({ limits })
    const count = new Map<string, number>()
    sim.b.listen(42, (connection) => {
      const name = connection.remoteKey.join()
      count.set(name, (count.get(name) ?? 0) + 1)
      const closed = () => count.set(name, count.get(name)! - 1)
      connection.attach({ data() {}, end() {}, drain() {}, closed })
    })
    fill(sim, KEY_A, 30)
    expect(sim.b.open).toBe(20)
    for (let index = 0; index < 50; index++) fill(sim, stranger(index), 1)
    sim.b.advance(1)
    // An eighth is ours.
    expect(sim.b.open).toBe(44)
    expect([count.get(KEY_A.join()), count.size]).toEqual([1, 44])
    expect(sim.b.stats().resetsSent).toBeGreaterThan(10)
    for (let index = 0; index < 6; index++) sim.b.connect(KEY_A, 42, 1)
    expect(sim.b.open).toBe(50)
    expect(() => sim.b.connect(KEY_A, 42, 1)).toThrow('no room for another connection')
  })

  test('is shared evenly by those who fill it: nobody takes from one who has less', () => {
    const sim = new Simulation({ limits })
    const closed: number[] = []
    sim.b.listen(42, (connection) => {
      connection.attach({ data() {}, end() {}, drain() {}, closed: () => closed.push(connection.remoteKey[7]!) })
    })
    for (let index = 0; index < 3; index++) fill(sim, stranger(index), 20, index)
    sim.b.advance(5)
    expect(sim.b.open).toBe(44)
    // 20, 20 and 4, then 15, 15 and 14.
    const before = closed.length
    fill(sim, stranger(2), 20, 10, 2000)
    fill(sim, stranger(1), 20, 11, 2000)
    fill(sim, stranger(0), 20, 12, 2000)
    sim.b.advance(12)
    expect(before).toBeGreaterThan(0)
    expect(closed.length - before).toBeLessThanOrEqual(2)
    expect(sim.b.open).toBe(44)
  })

  test('that is full costs little to be asked', () => {
    const sim = new Simulation({ limits: { connections: 4000, halfOpenPerListener: 4000 } })
    let looks = 0
    sim.b.listen(42, (connection) => {
      const get = (): boolean => ++looks < 0
      Object.defineProperty(connection, 'isCut', { get })
    })
    for (let index = 0; index < 3500; index++) fill(sim, stranger(index), 1)
    for (let index = 3500; index < 3600; index++) fill(sim, stranger(index), 1, 500)
    expect(sim.b.open).toBe(3500)
    expect(looks).toBeLessThan(2 * 3500)
  })

  test('gives up what was silent for ten minutes for somebody new', () => {
    const sim = new Simulation({ limits })
    const accepted: StreamConnection[] = []
    sim.b.listen(42, (connection) => accepted.push(connection))
    for (let index = 0; index < 44; index++) fill(sim, stranger(index), 1, index)
    const first = new Reader(accepted[0]!)
    fill(sim, KEY_A, 1, 500_000)
    expect(sim.b.open).toBe(44)
    expect(accepted).toHaveLength(44)
    fill(sim, KEY_A, 1, 600_001)
    sim.b.advance(600_001)
    expect(accepted).toHaveLength(45)
    expect(first.failure).toBe('timeout')
    expect(sim.b.open).toBe(44)
  })

  test('forgets aborted ones first, whose resets are only repeated', () => {
    const sim = new Simulation({ limits: { connections: 10 } })
    for (let index = 0; index < 100; index++) sim.a.connect(KEY_B, 42, index).abort(index)
    expect(sim.a.stats()).toMatchObject({ open: 0, connections: 10 })
    expect(sim.a.connect(KEY_B, 42, 200).isClosed).toBe(false)
  })

  test('is empty after thousands of connections, and wants no more time', () => {
    const sim = new Simulation({ forth: { delayMs: 3, loss: 0.02 }, seed: 3 })
    sim.b.listen(42, (connection) => {
      const reader = new Reader(connection)
      reader.onData = (chunk) => {
        connection.write(chunk.slice())
        connection.end()
      }
    })
    let closed = 0
    for (let index = 0; index < 2000; index++) {
      const connection = sim.a.connect(KEY_B, 42, sim.nowMs)
      const reader = new Reader(connection)
      connection.write(Uint8Array.of(index))
      reader.onData = () => (index % 2 === 0 ? connection.end() : connection.abort(sim.nowMs))
      sim.run(1)
      closed += reader.closes
    }
    sim.run(60_000)
    expect(closed).toBe(0)
    expect([sim.a.stats().connections, sim.b.stats().connections]).toEqual([0, 0])
    expect(sim.nextMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('ports', () => {
  test('those that a node cannot tell from its own packets are refused', () => {
    const sim = new Simulation({ isPortAllowed: (port) => port < 256 || port > 767 })
    for (const port of [256, 500, 767]) {
      expect(() => sim.b.listen(port, () => {})).toThrow('256 to 767')
      expect(() => sim.b.bindDatagrams(port, () => {})).toThrow('256 to 767')
    }
    expect(sim.b.listen(255, () => {})).toBe(255)
    expect(sim.b.bindDatagrams(768, () => {})).toBe(768)
  })

  test('are given once, and 0 is any', () => {
    const sim = new Simulation()
    expect(sim.b.listen(42, () => {})).toBe(42)
    expect(() => sim.b.listen(42, () => {})).toThrow('port 42 is taken')
    expect(sim.b.bindDatagrams(42, () => {})).toBe(42)
    expect(() => sim.b.bindDatagrams(42, () => {})).toThrow('port 42 is taken')
    const chosen = [sim.b.listen(0, () => {}), sim.b.listen(0, () => {})]
    expect(new Set(chosen).size).toBe(2)
    expect(Math.min(...chosen)).toBeGreaterThanOrEqual(49_152)
    for (const port of [-1, 65_536, 1.5, Number.NaN]) expect(() => sim.b.listen(port, () => {})).toThrow('whole number')
  })

  test('of connections that we open are all there are, for each port of each node', () => {
    const sim = new Simulation({ limits: { connections: 100_000, connectionsPerKey: 100_000 } })
    sim.forth.drop = () => true
    for (let index = 0; index < 16_384; index++) sim.a.connect(KEY_B, 42, 0)
    expect(() => sim.a.connect(KEY_B, 42, 0)).toThrow('no room')
    expect(sim.a.connect(KEY_B, 43, 0).localPort).toBeGreaterThanOrEqual(49_152)
  })
})

describe('limits that the protocol bounds', () => {
  test.each([
    ['windowBytes', 16_383, 16_384],
    ['windowBytes', 16_777_216, 16_777_215],
    ['frameBytes', 131_071, 131_070],
  ] as const)('%s: not %i, but %i', (name, wrong, right) => {
    expect(() => completeLimits({ [name]: wrong })).toThrow(`got ${wrong}`)
    expect(completeLimits({ [name]: right })[name]).toBe(right)
  })
})

describe('memory', () => {
  test('of all streams of one node is bounded, whatever lies behind gaps; others have their share', () => {
    const sim = new Simulation({
      limits: { streamBytes: 4_000_000, streamBytesPerKey: 1_000_000, halfOpenPerKey: 100 },
    })
    const accepted: StreamConnection[] = []
    sim.b.listen(42, (connection) => {
      accepted.push(connection)
      new Reader(connection)
    })
    const data = new Uint8Array(16_384)
    for (const key of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(stranger)) {
      for (let sourcePort = 1000; sourcePort < 1010; sourcePort++) {
        sim.b.receive(key, packet(SYN, { sourcePort }), 0)
        sim.b.receive(key, packet(ACK, { sourcePort }), 0)
        for (let index = 1; index <= 31; index++) {
          sim.b.receive(key, packet(ACK, { sourcePort, seq: index * 16_384, data }), 0)
        }
      }
      const ofKey = accepted.slice(-10).reduce((sum, { heldBytes }) => sum + heldBytes, 0)
      expect(ofKey).toBeLessThanOrEqual(500_000)
    }
    expect(sim.b.stats().heldBytes).toBeGreaterThan(1_900_000)
    expect(sim.b.stats().heldBytes).toBeLessThanOrEqual(2_000_000)
    // What is read at once needs nothing.
    const client = sim.a.connect(KEY_B, 42, 0)
    client.write(new Uint8Array(2_000_000))
    sim.run(5000)
    expect(client.isSettled).toBe(true)
    for (const connection of accepted) connection.abort(sim.nowMs)
    expect(sim.b.stats().heldBytes).toBe(0)
  })

  test('of streams that nobody reads is bounded, windows tell so, and all goes on when they are read', () => {
    const limits = { streamBytes: 1_000_000, streamBytesPerKey: 800_000 }
    const sim = new Simulation({ forth: { delayMs: 5 }, limits })
    const accepted: StreamConnection[] = []
    const readers: Reader[] = []
    sim.b.listen(42, (connection) => {
      accepted.push(connection)
      readers.push(new Reader(connection))
      connection.pause()
    })
    const clients = Array.from({ length: 5 }, () => sim.a.connect(KEY_B, 42, 0))
    for (const client of clients) client.write(new Uint8Array(500_000))
    sim.run(60_000)
    expect(sim.b.stats().heldBytes).toBeGreaterThan(700_000)
    expect(sim.b.stats().heldBytes).toBeLessThanOrEqual(820_000)
    for (const connection of accepted) connection.resume()
    sim.run(60_000)
    expect(readers.map(({ received, failure }) => [received, failure])).toEqual(clients.map(() => [500_000, undefined]))
    expect(sim.b.stats().heldBytes).toBe(0)
  })

  test('of a connection that is only open is small', () => {
    const { client, server } = openPair()
    expect([client.heldBytes, server.heldBytes]).toEqual([0, 0])
  })

  test('of a peer that sends nothing but gaps stays within window and segments', () => {
    const { sim, server } = openPair()
    for (let round = 0; round < 10_000; round++) {
      const seq = 1 + ((round * 7919) % 600_000)
      sim.b.receive(KEY_A, packet(ACK, { seq, data: new Uint8Array(1 + (round % 16_384)) }), round)
    }
    expect(server.heldBytes).toBeLessThanOrEqual(524_288)
    expect(sim.b.stats().ignored).toBeGreaterThan(5000)
  })
})
