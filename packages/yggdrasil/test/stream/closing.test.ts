import { describe, expect, test } from 'vitest'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { openPair, pattern } from './support/pair.js'
import { answer, listenTo, lose, packet } from './support/say.js'
import { KEY_A, KEY_B, Reader, Simulation } from './support/simulation.js'

const { ack: ACK, fin: FIN, rst: RST } = StreamFlag

describe('an end', () => {
  test('leaves when everything before it is acknowledged, and not before', () => {
    const { sim, client } = openPair({ forth: { delayMs: 50 } })
    const said = listenTo(sim.forth)
    client.write(pattern(10))
    client.end()
    sim.run(99)
    expect(said).toEqual(['150 DATA 0+10'].map((line) => line.replace('150', String(sim.nowMs - 99))))
    sim.run(1)
    expect(said[1]).toBe(`${sim.nowMs} FIN 10`)
  })

  test('closes one direction only: the other goes on until it ends, then both are told', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    client.end()
    sim.run(100)
    expect([serverReader.ends, clientReader.ends, client.state, server.state]).toEqual([
      1,
      0,
      'fin-wait-2',
      'close-wait',
    ])
    server.write(pattern(100_000))
    sim.run(5000)
    expect(clientReader.received).toBe(100_000)
    server.end()
    sim.run(15)
    expect(server.state).toBe('last-ack')
    sim.run(1000)
    for (const reader of [clientReader, serverReader]) {
      expect([reader.ends, reader.closes, reader.failure, reader.complaints]).toEqual([1, 1, undefined, []])
    }
    expect([sim.a.stats().connections, sim.b.stats().connections]).toEqual([0, 0])
  })

  test('from both sides at once', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    client.end()
    server.end()
    sim.run(20)
    expect([client.state, server.state]).toEqual(['closing', 'closing'])
    sim.run(100)
    expect([clientReader.closes, serverReader.closes]).toEqual([1, 1])
    expect([clientReader.failure, serverReader.failure]).toEqual([undefined, undefined])
  })

  test('is sent again, at doubled pauses, five times in all, and fails where nobody answers', () => {
    const { sim, client, clientReader } = openPair({ forth: { delayMs: 50 } })
    const startMs = sim.nowMs
    sim.forth.drop = () => true
    const said = listenTo(sim.forth)
    client.end()
    sim.run(60_000)
    // Nothing was written: nothing was measured but the opening, and that is for senders.
    const ends = said.filter((line) => !line.includes('ACK'))
    expect(ends.map((line) => line.replace(/^\d+/, (ms) => String(Number(ms) - startMs)))).toEqual([
      '0 FIN 0',
      '500 FIN 0',
      '1500 FIN 0',
      '3500 FIN 0',
      '7500 FIN 0',
      '12500 RST',
    ])
    expect(clientReader.failure).toBe('timeout')
  })

  test('that was lost, or whose answer was, is repaired', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    lose(sim.forth, 'FIN', 'FIN')
    lose(sim.back, 'ACK', 'FIN')
    client.end()
    sim.run(10_000)
    server.end()
    sim.run(10_000)
    expect([clientReader.failure, serverReader.failure]).toEqual([undefined, undefined])
    expect([clientReader.closes, serverReader.closes]).toEqual([1, 1])
  })

  test('is answered by the reference without counting it, which is an answer', () => {
    const { sim, client } = openPair({ forth: { delayMs: 50 } })
    client.write(pattern(5))
    sim.run(200)
    sim.forth.drop = () => true
    client.end()
    sim.run(1)
    // Too soon to be an answer.
    sim.a.receive(KEY_B, answer(ACK, { ack: 5 }), sim.nowMs)
    sim.run(100)
    const said = listenTo(sim.forth)
    sim.a.receive(KEY_B, answer(ACK, { ack: 5 }), sim.nowMs)
    // It may have been said for another reason.
    expect(client.state).toBe('fin-wait-1')
    sim.run(20_000)
    expect(said.filter((line) => line.endsWith('FIN 5'))).toHaveLength(2)
    expect(client.state).toBe('fin-wait-2')
  })

  test.each([5, 20, 60, 100])('lost once comes again, though the opening is acknowledged again: %i ms', (delayMs) => {
    const sim = new Simulation({ forth: { delayMs } })
    lose(sim.back, 'FIN')
    sim.b.listen(42, (connection) => {
      new Reader(connection)
      connection.end()
    })
    const reader = new Reader(sim.a.connect(KEY_B, 42, 0))
    // The client says nothing but that, half a second after the opening: just when the end is due again.
    sim.run(30_000)
    expect(reader.ends).toBe(1)
  })

  test('that never comes through is followed by a reset, so that nobody waits for it', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    lose(sim.forth, 'FIN', 'FIN', 'FIN', 'FIN', 'FIN')
    server.end()
    sim.run(100)
    client.end()
    sim.run(20_000)
    expect([clientReader.closes, clientReader.failure]).toEqual([1, undefined])
    expect([serverReader.closes, serverReader.failure]).toEqual([1, 'reset'])
  })

  test('is asked on about while the other side talks, and cut when it has stopped to', () => {
    const { sim, client, server, clientReader } = openPair({ forth: { delayMs: 20 } })
    sim.forth.drop = (bytes) => bytes[12] === FIN
    client.end()
    for (let second = 0; second < 60; second++) {
      server.write(pattern(10))
      sim.run(1000)
    }
    expect([clientReader.received, clientReader.closes, client.state]).toEqual([600, 0, 'fin-wait-1'])
    sim.run(20_000)
    expect(clientReader.failure).toBe('timeout')
  })

  test('is not answered by word of space', () => {
    const { sim, client, server } = openPair({ forth: { delayMs: 5 } })
    server.pause()
    client.write(pattern(300_000))
    sim.run(2000)
    expect(client.isSettled).toBe(true)
    lose(sim.forth, 'FIN')
    client.end()
    sim.run(50)
    server.resume()
    sim.run(10)
    expect(client.state).toBe('fin-wait-1')
    sim.run(1000)
    expect(client.state).toBe('fin-wait-2')
  })

  test('that comes before what it ends waits for it', () => {
    const { sim, serverReader } = openPair()
    const said = listenTo(sim.back)
    sim.b.receive(KEY_A, packet(FIN, { seq: 3, window: 0 }), 1)
    expect([serverReader.ends, said.at(-1)]).toEqual([0, '1 ACK 0'])
    sim.b.receive(KEY_A, packet(ACK, { data: Uint8Array.of(1, 2, 3) }), 2)
    expect([serverReader.received, serverReader.ends, said.at(-1)]).toEqual([3, 1, '2 ACK 4'])
    // Repeated, it is answered again.
    sim.b.receive(KEY_A, packet(FIN, { seq: 3, window: 0 }), 3)
    expect([serverReader.ends, said.at(-1)]).toEqual([1, '3 ACK 4'])
  })

  test('that contradicts what was sent, or another end, is ignored', () => {
    const { sim, serverReader } = openPair()
    sim.b.receive(KEY_A, packet(ACK, { data: Uint8Array.of(1, 2, 3) }), 1)
    sim.b.receive(KEY_A, packet(FIN, { seq: 2 }), 1)
    sim.b.receive(KEY_A, packet(FIN, { seq: 9 }), 1)
    sim.b.receive(KEY_A, packet(FIN, { seq: 8 }), 1)
    sim.b.receive(KEY_A, packet(ACK, { seq: 3, data: pattern(7) }), 1)
    expect([serverReader.received, serverReader.ends]).toEqual([3, 0])
    expect(sim.b.stats().ignored).toBe(3)
    sim.b.receive(KEY_A, packet(ACK, { seq: 3, data: pattern(6) }), 1)
    expect([serverReader.received, serverReader.ends]).toEqual([9, 1])
  })

  test('wanted while it opens comes after what was written', () => {
    const { sim, serverReader } = openPair()
    const second = sim.a.connect(KEY_B, 42, 0)
    second.end()
    second.write(Uint8Array.of(1))
    sim.run(1000)
    expect(serverReader.ends).toBe(0)
    expect(second.state).toBe('fin-wait-2')
    expect(second.isWritable).toBe(false)
  })
})

describe('a reset', () => {
  test('ends a connection at once, and drops what was not read', () => {
    const { sim, client, server, serverReader } = openPair()
    server.pause()
    client.write(pattern(1000))
    sim.run(1)
    sim.b.receive(KEY_A, packet(RST), 2)
    expect([serverReader.received, serverReader.ends, serverReader.closes, serverReader.failure]).toEqual([
      0,
      0,
      1,
      'reset',
    ])
    expect(server.heldBytes).toBe(0)
    expect(sim.b.stats().connections).toBe(0)
  })

  test('from a side whose end we have, and that has ours, is no failure', () => {
    const { sim, client, server, clientReader } = openPair({ forth: { delayMs: 20 } })
    server.end()
    sim.run(100)
    sim.forth.drop = () => true
    client.end()
    sim.run(30)
    sim.a.receive(KEY_B, answer(RST), sim.nowMs)
    expect([clientReader.closes, clientReader.failure, clientReader.ends]).toEqual([1, undefined, 1])
  })

  test('is repeated twice, since nothing acknowledges it, and answers what still comes', () => {
    const { sim, client, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    const startMs = sim.nowMs
    lose(sim.forth, 'RST', 'RST')
    const said = listenTo(sim.forth)
    client.abort(sim.nowMs)
    expect(clientReader.closes).toBe(0)
    sim.run(5000)
    expect(said.map((line) => line.replace(/^\d+/, (ms) => String(Number(ms) - startMs)))).toEqual([
      '0 RST',
      '500 RST',
      '1500 RST',
    ])
    expect([clientReader.failure, serverReader.failure]).toEqual(['aborted', 'reset'])
    expect(sim.a.stats().connections).toBe(0)
  })

  test('stops to be repeated when the other side resets, too', () => {
    const { sim, client } = openPair()
    sim.forth.drop = () => true
    client.abort(0)
    sim.a.receive(KEY_B, answer(RST), 1)
    expect(sim.a.stats().connections).toBe(0)
    expect(sim.a.stats().resetsSent).toBe(1)
  })

  test('meets no reset: packets of strangers are answered with one, resets are not', () => {
    const { sim } = openPair()
    const said = listenTo(sim.back)
    sim.b.receive(KEY_A, packet(ACK, { sourcePort: 50_000 }), 1)
    sim.b.receive(KEY_A, packet(FIN, { sourcePort: 50_000 }), 1)
    sim.b.receive(KEY_A, packet(RST, { sourcePort: 50_000 }), 1)
    sim.b.receive(KEY_A, packet(RST | ACK | FIN, { sourcePort: 50_000 }), 1)
    expect(said).toEqual(['1 RST', '1 RST'])
  })
})

describe('the whole stack', () => {
  test('endAll ends in order, and open tells when all have ended', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 20 } })
    client.write(pattern(100_000))
    const opening = sim.a.connect(KEY_B, 43, sim.nowMs)
    sim.a.endAll(sim.nowMs)
    expect(opening.isClosed).toBe(true)
    expect(sim.a.open).toBe(1)
    sim.run(2000)
    server.end()
    sim.run(2000)
    expect(serverReader.received).toBe(100_000)
    expect(sim.a.open).toBe(0)
    expect(clientReader.failure).toBeUndefined()
  })

  test('close aborts all and takes nothing more', () => {
    const { sim, clientReader, serverReader } = openPair()
    sim.b.bindDatagrams(5, () => {})
    sim.b.close(sim.nowMs)
    sim.run(10)
    expect([clientReader.failure, serverReader.failure]).toEqual(['reset', 'aborted'])
    expect(() => sim.b.connect(KEY_A, 1, 0)).toThrow('the node is closed')
    expect(() => sim.b.listen(1, () => {})).toThrow('the node is closed')
    expect(() => sim.b.bindDatagrams(1, () => {})).toThrow('the node is closed')
  })
})
