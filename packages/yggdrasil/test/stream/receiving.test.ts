import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { Receiver } from '../../src/stream/receiver.js'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { isPattern, openPair, pattern } from './support/pair.js'
import { listenTo, lose, packet } from './support/say.js'
import { joined, KEY_A, type Reader, type Simulation } from './support/simulation.js'

const { ack: ACK } = StreamFlag

function feed(sim: Simulation, seq: number, data: Uint8Array): void {
  sim.b.receive(KEY_A, packet(ACK, { seq, data }), sim.nowMs)
}

function text(reader: Reader): number[] {
  return [...reader.content]
}

function receivingPair() {
  const pair = openPair()
  pair.serverReader.kept = []
  return { ...pair, said: listenTo(pair.sim.back) }
}

describe('order', () => {
  test('what is in order is delivered, and every segment is acknowledged at once', () => {
    const { sim, serverReader, said } = receivingPair()
    feed(sim, 0, Uint8Array.of(1, 2))
    feed(sim, 2, Uint8Array.of(3))
    expect(text(serverReader)).toEqual([1, 2, 3])
    expect(said).toEqual(['0 ACK 2', '0 ACK 3'])
  })

  test('what is behind a gap waits, and repeats the number', () => {
    const { sim, serverReader, said } = receivingPair()
    feed(sim, 0, Uint8Array.of(1))
    feed(sim, 4, Uint8Array.of(5))
    feed(sim, 2, Uint8Array.of(3, 4))
    expect(text(serverReader)).toEqual([1])
    feed(sim, 1, Uint8Array.of(2))
    expect(text(serverReader)).toEqual([1, 2, 3, 4, 5])
    expect(said).toEqual(['0 ACK 1', '0 ACK 1', '0 ACK 1', '0 ACK 5'])
  })

  test('what is known is acknowledged and dropped', () => {
    const { sim, serverReader, said } = receivingPair()
    feed(sim, 0, Uint8Array.of(1, 2))
    feed(sim, 0, Uint8Array.of(1, 2))
    feed(sim, 5, Uint8Array.of(6))
    feed(sim, 5, Uint8Array.of(6))
    expect(text(serverReader)).toEqual([1, 2])
    expect(said).toEqual(['0 ACK 2', '0 ACK 2', '0 ACK 2', '0 ACK 2'])
  })

  test('segments that overlap are cut where they are new', () => {
    const { sim, serverReader } = receivingPair()
    feed(sim, 0, Uint8Array.of(1, 2, 3))
    feed(sim, 6, Uint8Array.of(7, 8))
    feed(sim, 4, Uint8Array.of(5, 6, 7))
    feed(sim, 2, Uint8Array.of(3, 4))
    expect(text(serverReader)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('any order of any cuts gives the same bytes', () => {
    const random = createRandom(5)
    for (let round = 0; round < 200; round++) {
      const receiver = new Receiver(524_288, 64)
      const whole = pattern(1000)
      const cuts: [number, number][] = []
      for (let at = 0; at < 1000; ) {
        const end = Math.min(1000, at + 1 + random.integer(120))
        cuts.push([at, end])
        // Some come twice, some overlap.
        if (random.chance(0.2)) cuts.push([Math.max(0, at - random.integer(50)), end])
        at = end
      }
      cuts.sort(() => random.next() - 0.5)
      const got: Uint8Array[] = []
      for (const [start, end] of cuts) receiver.receive(start, whole.slice(start, end), got)
      expect(isPattern(joined(got), 1000)).toBe(true)
      expect(receiver.heldBytes).toBe(0)
    }
  })
})

describe('the window', () => {
  test('shrinks by what is not read, and grows with reading', () => {
    const { sim, server, serverReader } = openPair()
    const windows: number[] = []
    sim.back.log = (bytes) => windows.push((bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!)
    server.pause()
    for (let at = 0; at < 20; at++) feed(sim, at * 16_384, new Uint8Array(16_384))
    expect(windows).toEqual(Array.from({ length: 20 }, (_, index) => 524_288 - (index + 1) * 16_384))
    server.resume()
    sim.run(0)
    // From below the half to above it: that is told at once.
    expect(windows).toHaveLength(21)
    expect(windows.at(-1)).toBeGreaterThanOrEqual(262_144)
    expect(serverReader.received).toBe(20 * 16_384)
  })

  test('is not told when it was not below the half', () => {
    const { sim, server } = openPair()
    server.pause()
    for (let at = 0; at < 4; at++) feed(sim, at * 50_000, new Uint8Array(50_000))
    const said = listenTo(sim.back)
    server.resume()
    sim.run(1)
    expect(said).toEqual([])
  })

  test('a sender that ignores it is ignored beyond it and one segment', () => {
    const { sim, server, serverReader } = openPair()
    server.pause()
    const said = listenTo(sim.back)
    for (let at = 0; at < 40; at++) feed(sim, at * 16_384, new Uint8Array(16_384))
    expect(server.heldBytes).toBe(524_288 + 16_384)
    expect(said.at(-1)).toBe(`0 ACK ${524_288 + 16_384}`)
    expect(sim.b.stats().ignored).toBe(7)
    server.resume()
    sim.run(0)
    expect(serverReader.received).toBe(524_288 + 16_384)
    expect(server.heldBytes).toBe(0)
  })

  test('growth from nothing is told again while the sender stays silent: the reference does not ask', () => {
    const { sim, server } = openPair()
    server.pause()
    for (let at = 0; at < 32; at++) feed(sim, at * 16_384, new Uint8Array(16_384))
    const said = listenTo(sim.back)
    server.resume()
    sim.run(20_000)
    const ack = `ACK ${524_288}`
    expect(said).toEqual([0, 1000, 3000, 7000, 12_000, 17_000].map((ms) => `${ms} ${ack}`))
    feed(sim, 524_288, Uint8Array.of(1))
    said.length = 0
    sim.run(20_000)
    expect(said).toEqual([])
  })
})

describe('a window that grows', () => {
  const grown = { limits: { grownWindowBytes: 2_000_000, allGrownWindowsBytes: 3_000_000 } }

  /** Whole segments, so many in each ms, for so long. */
  function stream(sim: Simulation, fromSeq: number, perMs: number, ms: number): number {
    let seq = fromSeq
    for (let count = 0; count < ms; count++) {
      sim.run(1)
      for (let index = 0; index < perMs; index++, seq += 16_384) feed(sim, seq, new Uint8Array(16_384))
    }
    return seq
  }

  test('does so while the application reads as fast as bytes come, up to a limit', () => {
    const { sim } = openPair({ forth: { delayMs: 20 }, ...grown })
    const windows: number[] = []
    sim.back.log = (bytes) => windows.push((bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!)
    stream(sim, 0, 5, 400)
    expect(windows[0]).toBe(524_288)
    expect(windows.at(-1)).toBe(2_000_000)
    expect(windows.every((window, index) => index === 0 || window >= windows[index - 1]!)).toBe(true)
  })

  test('does not where bytes come slowly, or are not read', () => {
    const { sim, server, serverReader } = openPair({ forth: { delayMs: 20 }, ...grown })
    stream(sim, 0, 1, 100)
    const windows: number[] = []
    sim.back.log = (bytes) => windows.push((bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!)
    for (let count = 0; count < 50; count++) {
      sim.run(40)
      feed(sim, serverReader.received, new Uint8Array(16_384))
    }
    const settled = windows.at(-1)!
    server.pause()
    for (let at = serverReader.received, count = 0; count < 200; count++, at += 16_384)
      feed(sim, at, new Uint8Array(16_384))
    expect(server.heldBytes).toBeLessThanOrEqual(settled + 16_384)
  })

  test('gives what it grew by to others when its connection ends', () => {
    const { sim, server } = openPair({
      forth: { delayMs: 20 },
      limits: { grownWindowBytes: 2_000_000, allGrownWindowsBytes: 1_000_000 },
    })
    let window = 0
    sim.back.log = (bytes) => {
      window = (bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!
    }
    stream(sim, 0, 5, 400)
    expect(window).toBe(524_288 + 1_000_000)
    server.abort(sim.nowMs)
    sim.run(10_000)
    // A new one from the same ports, of which the other stack knows nothing.
    sim.back.drop = () => true
    sim.b.receive(KEY_A, packet(StreamFlag.syn), sim.nowMs)
    sim.run(20)
    sim.b.receive(KEY_A, packet(ACK), sim.nowMs)
    stream(sim, 0, 5, 400)
    expect(window).toBe(524_288 + 1_000_000)
  })

  test('keeps more behind a gap, too', () => {
    const { sim, server } = openPair({ forth: { delayMs: 20 }, ...grown })
    const seq = stream(sim, 0, 5, 400)
    for (let count = 1; count <= 100; count++) feed(sim, seq + count * 16_384, new Uint8Array(16_384))
    expect(server.heldBytes).toBe(100 * 16_384)
  })
})

describe('what comes behind a gap', () => {
  test('is named in the acknowledgement, in a field that the reference leaves empty and does not read', () => {
    const { sim } = openPair()
    const named: [number, number][] = []
    sim.back.log = (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      named.push([view.getUint32(8), view.getUint32(4)])
    }
    feed(sim, 0, pattern(10))
    feed(sim, 20, pattern(10))
    feed(sim, 40, pattern(10))
    feed(sim, 20, pattern(10))
    feed(sim, 0, pattern(10))
    feed(sim, 10, pattern(10))
    expect(named).toEqual([
      [10, 0],
      [10, 20],
      [10, 40],
      [10, 20],
      [10, 0],
      [30, 0],
    ])
  })
})

describe('ceilings', () => {
  test('at most 64 segments wait behind a gap', () => {
    const { sim, server } = openPair()
    for (let at = 0; at < 100; at++) feed(sim, 10 + at, Uint8Array.of(at))
    expect(server.heldBytes).toBe(64)
    expect(sim.b.stats().ignored).toBe(36)
  })

  test('at most a window of bytes waits behind a gap, however the segments overlap', () => {
    const { sim, server } = openPair()
    for (let at = 0; at < 60; at++) feed(sim, 10 + at, new Uint8Array(65_000))
    expect(server.heldBytes).toBeLessThanOrEqual(524_288)
  })

  test('a byte costs about a byte, however small the segments', () => {
    const { sim, server, serverReader } = openPair()
    server.pause()
    for (let at = 0; at < 20_000; at++) feed(sim, at, Uint8Array.of(at))
    expect(server.heldBytes).toBe(20_000)
    let chunks = 0
    serverReader.onData = () => chunks++
    server.resume()
    sim.run(0)
    expect(serverReader.received).toBe(20_000)
    expect(chunks).toBeLessThan(20)
  })

  test('numbers do not wrap: nothing is taken beyond 2^32 - 2', () => {
    const receiver = new Receiver(524_288, 64)
    receiver.expected = 0xffff_fff0
    expect(receiver.receive(0xffff_fff0, new Uint8Array(15), [])).toBe('ignored')
    expect(receiver.receive(0xffff_fff0, new Uint8Array(14), [])).toBe('taken')
    expect(receiver.expected).toBe(0xffff_fffe)
    expect(receiver.finish(0xffff_fffe)).toBe(true)
  })
})

describe('reading', () => {
  test('pause from inside the delivery of what waited behind a gap holds', () => {
    const { sim, server, serverReader } = openPair()
    for (let at = 1; at < 10; at++) feed(sim, at, Uint8Array.of(at))
    let calls = 0
    serverReader.onData = () => {
      if (++calls === 3) server.pause()
    }
    feed(sim, 0, Uint8Array.of(0))
    sim.run(100)
    expect(serverReader.received).toBe(3)
    server.resume()
    sim.run(100)
    expect(serverReader.received).toBe(10)
  })

  test('nothing is delivered after an abort from inside', () => {
    const { sim, server, serverReader } = openPair()
    feed(sim, 1, Uint8Array.of(2))
    serverReader.onData = () => server.abort(sim.nowMs)
    feed(sim, 0, Uint8Array.of(1))
    sim.run(10)
    expect([serverReader.received, serverReader.failure]).toEqual([1, 'aborted'])
  })

  test('what comes before anybody reads is kept, and so is the end', () => {
    const { sim, client, server, serverReader } = openPair()
    server.pause()
    client.write(pattern(50_000))
    client.end()
    sim.run(1000)
    expect([serverReader.received, serverReader.ends]).toEqual([0, 0])
    server.resume()
    sim.run(1)
    expect([serverReader.received, serverReader.ends]).toEqual([50_000, 1])
  })

  test('a reader that throws harms nobody else', () => {
    const { sim, client, serverReader } = openPair()
    serverReader.onData = () => {
      throw new Error('a mistake of the application')
    }
    lose(sim.forth)
    client.write(pattern(10))
    expect(() => sim.run(100)).not.toThrow()
    expect(client.isSettled).toBe(true)
  })
})
