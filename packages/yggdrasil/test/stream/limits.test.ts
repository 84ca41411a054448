import { describe, expect, test } from 'vitest'
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
  test('of one key holds 16 half open connections, of all keys 64 for a listener; the others are not answered', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    const said = listenTo(sim.back)
    for (let index = 0; index < 100; index++) sim.b.receive(KEY_A, packet(SYN, { sourcePort: 1000 + index }), 0)
    expect(sim.b.stats().halfOpen).toBe(16)
    for (let index = 0; index < 1000; index++) sim.b.receive(stranger(index), packet(SYN), 0)
    expect(sim.b.stats()).toMatchObject({ halfOpen: 64, connections: 64 })
    expect(said).toHaveLength(64)
    // Another listener has its own.
    sim.b.listen(43, () => {})
    sim.b.receive(stranger(5000), packet(SYN, { destinationPort: 43 }), 0)
    expect(sim.b.stats().halfOpen).toBe(65)
    sim.runUntil(() => false, 10_000)
    expect(sim.b.stats().halfOpen).toBe(0)
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

  function fill(sim: Simulation, key: Uint8Array, count: number, nowMs = 0): void {
    for (let index = 0; index < count; index++) {
      sim.b.receive(key, packet(SYN, { sourcePort: 1000 + index }), nowMs)
      sim.b.receive(key, packet(ACK, { sourcePort: 1000 + index }), nowMs)
    }
  }

  test('has room for so many of one key, and so many in all; one more is refused', () => {
    const sim = new Simulation({ limits })
    sim.b.listen(42, () => {})
    fill(sim, KEY_A, 30)
    expect(sim.b.open).toBe(20)
    for (let index = 0; index < 50; index++) fill(sim, stranger(index), 1)
    expect(sim.b.open).toBe(50)
    expect(() => sim.b.connect(KEY_A, 42, 1)).toThrow('no room for another connection')
    expect(sim.b.stats().resetsSent).toBeGreaterThan(10)
  })

  test('gives up what was silent for ten minutes for somebody new', () => {
    const sim = new Simulation({ limits })
    const accepted: StreamConnection[] = []
    sim.b.listen(42, (connection) => accepted.push(connection))
    for (let index = 0; index < 50; index++) fill(sim, stranger(index), 1, index)
    const first = new Reader(accepted[0]!)
    fill(sim, KEY_A, 1, 500_000)
    expect(sim.b.open).toBe(50)
    expect(accepted).toHaveLength(50)
    fill(sim, KEY_A, 1, 600_001)
    sim.b.advance(600_001)
    expect(accepted).toHaveLength(51)
    expect(first.failure).toBe('timeout')
    expect(sim.b.open).toBe(50)
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

describe('memory', () => {
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
