import { describe, expect, test } from 'vitest'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { openPair } from './support/pair.js'
import { answer, listenTo, lose, packet } from './support/say.js'
import { KEY_A, KEY_B, Reader, Simulation } from './support/simulation.js'

const { syn: SYN, ack: ACK, rst: RST } = StreamFlag

describe('the side that opens', () => {
  test('asks at 0, 1, 3 and 7 s, and gives up at 10 s', () => {
    const sim = new Simulation()
    const said = listenTo(sim.forth)
    sim.forth.drop = () => true
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0))
    sim.run(9_999)
    expect(said).toEqual(['0 SYN', '1000 SYN', '3000 SYN', '7000 SYN'])
    expect(reader.closes).toBe(0)
    sim.run(1)
    expect(reader.failure).toBe('timeout')
    // The other side may have heard of it.
    expect(said.at(-1)).toBe('10000 RST')
    expect(sim.a.open).toBe(0)
    sim.run(60_000)
    expect(sim.a.stats().connections).toBe(0)
    expect(sim.a.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('asks at 10 s as well, and every 5 s from then on, for a caller with patience', () => {
    const sim = new Simulation()
    const said = listenTo(sim.forth)
    sim.forth.drop = () => true
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0, 22_500))
    sim.run(30_000)
    expect(said).toEqual([
      '0 SYN',
      '1000 SYN',
      '3000 SYN',
      '7000 SYN',
      '10000 SYN',
      '15000 SYN',
      '20000 SYN',
      '22500 RST',
    ])
    expect(reader.failure).toBe('timeout')
  })

  test('a caller with less patience gets its answer in its time', () => {
    const sim = new Simulation()
    sim.forth.drop = () => true
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0, 50))
    sim.run(49)
    expect(reader.closes).toBe(0)
    sim.run(1)
    expect(reader.failure).toBe('timeout')
  })

  test('is refused where nobody listens', () => {
    const sim = new Simulation({ forth: { delayMs: 20 } })
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0))
    sim.run(40)
    expect([reader.opens, reader.closes, reader.failure]).toEqual([0, 1, 'refused'])
    expect(sim.a.stats().connections).toBe(0)
  })

  test('opens when its second packet arrives, and tells it once', () => {
    const sim = new Simulation({ forth: { delayMs: 20 } })
    lose(sim.forth, 'SYN')
    const accepted: Reader[] = []
    sim.b.listen(42, (connection) => accepted.push(new Reader(connection)))
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0))
    sim.run(1039)
    expect(reader.opens).toBe(0)
    sim.run(1)
    expect(reader.opens).toBe(1)
    sim.run(20)
    expect(accepted).toHaveLength(1)
  })

  test('repeats its acknowledgement after 0.5, 1.5 and 3.5 s while the other side is silent', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    lose(sim.forth, 'ACK', 'ACK', 'ACK', 'ACK')
    const said = listenTo(sim.forth)
    sim.a.connect(KEY_B, 42, 0)
    sim.run(9_000)
    expect(said).toEqual(['0 SYN', '0 ACK 0', '500 ACK 0', '1500 ACK 0', '3500 ACK 0'])
  })

  test('does not repeat it once anything has come', () => {
    const { sim, server } = openPair()
    const said = listenTo(sim.forth)
    server.write(Uint8Array.of(1))
    sim.run(9_000)
    expect(said).toEqual(['0 ACK 1'])
  })

  test('answers the answer again when that comes again', () => {
    const { sim } = openPair()
    const said = listenTo(sim.forth)
    sim.a.receive(KEY_B, answer(SYN | ACK), 100)
    expect(said).toEqual(['100 ACK 0'])
  })

  test('takes nothing but the answer for one', () => {
    const sim = new Simulation()
    sim.forth.drop = () => true
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0))
    sim.a.receive(KEY_B, answer(ACK, { data: Uint8Array.of(1) }), 1)
    sim.a.receive(KEY_B, answer(SYN), 1)
    sim.run(1)
    expect([reader.opens, reader.received]).toEqual([0, 0])
    sim.a.receive(KEY_B, answer(SYN | ACK), 2)
    expect(reader.opens).toBe(1)
  })

  test('aborted while it waits, it says so to the other side', () => {
    const sim = new Simulation()
    const said = listenTo(sim.forth)
    const connection = sim.a.connect(KEY_B, 42, 0)
    const reader = new Reader(connection)
    connection.abort(5)
    expect(reader.closes).toBe(0)
    expect(said).toEqual(['0 SYN', '5 RST'])
    sim.a.advance(5)
    expect(reader.failure).toBe('aborted')
  })

  test('what is written while it waits is sent when it is open', () => {
    const sim = new Simulation({ forth: { delayMs: 10 } })
    const accepted: Reader[] = []
    sim.b.listen(42, (connection) => accepted.push(new Reader(connection)))
    const connection = sim.a.connect(KEY_B, 42, 0)
    new Reader(connection)
    connection.write(Uint8Array.of(1, 2, 3))
    connection.end()
    sim.run(100)
    expect(accepted.map(({ received, ends }) => [received, ends])).toEqual([[3, 1]])
  })

  test('ports go up from one of chance, and skip those that are listened on', () => {
    const sim = new Simulation()
    sim.a.listen(49_153, () => {})
    const ports = [1, 2, 3].map(() => sim.a.connect(KEY_B, 42, 0).localPort)
    expect(ports).toEqual([49_152, 49_154, 49_155])
  })
})

describe('the side that is opened', () => {
  test('answers, and answers every repetition', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    const said = listenTo(sim.back)
    sim.b.receive(KEY_A, packet(SYN), 0)
    sim.b.receive(KEY_A, packet(SYN), 1000)
    // Anything that is no acknowledgement asks for the answer.
    sim.b.receive(KEY_A, packet(0, { data: Uint8Array.of(1) }), 1500)
    sim.b.receive(KEY_A, packet(SYN | ACK), 1600)
    expect(said).toEqual(['0 SYN-ACK', '1000 SYN-ACK', '1500 SYN-ACK', '1600 SYN-ACK'])
    expect(sim.b.stats().halfOpen).toBe(1)
  })

  test('is open with the first acknowledgement, which may bring data', () => {
    const sim = new Simulation()
    const accepted: Reader[] = []
    sim.b.listen(42, (connection) => accepted.push(new Reader(connection)))
    sim.b.receive(KEY_A, packet(SYN), 0)
    expect(accepted).toHaveLength(0)
    sim.b.receive(KEY_A, packet(ACK, { data: Uint8Array.of(1, 2) }), 5)
    sim.run(10)
    expect(accepted.map(({ received }) => received)).toEqual([2])
    expect(sim.b.stats().halfOpen).toBe(0)
  })

  test('forgets who stays half open for 10 s, with a reset', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    const said = listenTo(sim.back)
    // The other stack knows nothing of it, and would say so.
    sim.back.drop = () => true
    sim.b.receive(KEY_A, packet(SYN), 0)
    sim.runUntil(() => false, 9_999)
    expect(said).toEqual(['0 SYN-ACK'])
    sim.runUntil(() => false, 10_000)
    expect(said).toEqual(['0 SYN-ACK', '10000 RST'])
    sim.runUntil(() => false, 20_000)
    expect(sim.b.stats()).toMatchObject({ halfOpen: 0, connections: 0 })
  })

  test('forgets who resets a half open one, and tells nobody', () => {
    const sim = new Simulation()
    let accepted = 0
    sim.b.listen(42, () => accepted++)
    sim.b.receive(KEY_A, packet(SYN), 0)
    sim.b.receive(KEY_A, packet(RST), 1)
    sim.b.receive(KEY_A, packet(ACK), 2)
    expect(accepted).toBe(0)
    expect(sim.b.stats()).toMatchObject({ halfOpen: 0, connections: 0, resetsSent: 1 })
  })

  test('a node that was started anew replaces what it had open', () => {
    const { sim, serverReader } = openPair()
    const said = listenTo(sim.back)
    sim.b.receive(KEY_A, packet(SYN), 100)
    sim.b.advance(100)
    expect(serverReader.failure).toBe('reset')
    expect(said).toEqual(['100 SYN-ACK'])
    expect(sim.b.stats()).toMatchObject({ halfOpen: 1, connections: 1 })
  })

  test('a listener that is closed resets its half open ones, and frees the port', () => {
    const sim = new Simulation()
    const said = listenTo(sim.back)
    sim.b.listen(42, () => {})
    sim.b.receive(KEY_A, packet(SYN), 0)
    sim.b.unlisten(42, 1)
    sim.b.advance(1)
    expect(said).toEqual(['0 SYN-ACK', '1 RST'])
    expect(sim.b.listen(42, () => {})).toBe(42)
    sim.b.unlisten(43, 1)
  })
})
