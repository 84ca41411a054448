import { describe, expect, test } from 'vitest'
import { Sender } from '../../src/stream/sender.js'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { isPattern, openPair, pattern } from './support/pair.js'
import { answer, listenTo, lose } from './support/say.js'
import { asReference, KEY_B, Simulation } from './support/simulation.js'

const { ack: ACK } = StreamFlag
const SEGMENT = 4096

function data(said: readonly string[]): string[] {
  return said.filter((line) => line.includes('DATA')).map((line) => line.replace(/DATA /, ''))
}

describe('segments', () => {
  test('what is written in one turn leaves together', () => {
    const { sim, client } = openPair()
    const said = listenTo(sim.forth)
    for (let count = 0; count < 1000; count++) client.write(Uint8Array.of(count))
    sim.run(0)
    expect(data(said)).toEqual(['0 0+1000'])
  })

  test('nothing leaves from inside a write', () => {
    const { sim, client } = openPair()
    const said = listenTo(sim.forth)
    client.write(pattern(100))
    expect(said).toEqual([])
    expect(sim.a.nextDeadlineMs).toBe(0)
  })

  test('the first window is 32,768 bytes, in segments that are small while the window is', () => {
    const { sim, client } = openPair({ forth: { delayMs: 50 } })
    const said = listenTo(sim.forth)
    client.write(pattern(100_000))
    sim.run(99)
    const sent = data(said).map((line) => line.split(' ')[1])
    expect(sent).toEqual(Array.from({ length: 8 }, (_, index) => `${index * SEGMENT}+${SEGMENT}`))
  })

  test('segments keep their bounds when they are sent again', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 20 } })
    serverReader.kept = []
    const segments = new Map<number, Set<number>>()
    sim.forth.drop = (_, nowMs) => Math.round(nowMs) % 7 === 0
    sim.forth.log = (bytes) => {
      const seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4)
      if (bytes.length > 16) segments.set(seq, (segments.get(seq) ?? new Set()).add(bytes.length - 16))
    }
    for (let count = 0; count < 30; count++) {
      client.write(pattern(1 + count * 331, serverReader.received))
      sim.run(17)
    }
    sim.run(30_000)
    expect([...segments.values()].every((lengths) => lengths.size === 1)).toBe(true)
    expect(sim.a.stats().bytesResent).toBeGreaterThan(0)
    expect(client.isSettled).toBe(true)
  })

  test('at most 64 are on their way: the other side keeps no more behind a gap', () => {
    const { sim, client } = openPair({ forth: { delayMs: 400 } })
    const said = listenTo(sim.forth)
    for (let count = 0; count < 100; count++) {
      client.write(Uint8Array.of(count))
      sim.run(1)
    }
    expect(data(said)).toHaveLength(64)
    sim.run(3000)
    // The others went together.
    expect(data(said)).toHaveLength(65)
    expect(client.isSettled).toBe(true)
  })
})

describe('a loss', () => {
  test('is repaired at the first repeated number', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    serverReader.kept = []
    const startMs = sim.nowMs
    lose(sim.forth, 'DATA 4096')
    const said = listenTo(sim.forth)
    client.write(pattern(5 * SEGMENT))
    sim.run(400)
    const again = data(said).filter((line) => line.endsWith(' 4096+4096'))
    expect(again).toHaveLength(2)
    // One round trip after the segment behind it left, which the pace put off by a little.
    const behindMs = Number(
      data(said)
        .find((line) => line.endsWith(' 8192+4096'))!
        .split(' ')[0],
    )
    expect(Number(again[1]!.split(' ')[0])).toBe(behindMs + 100)
    expect(said.filter((line) => line.includes('DATA'))).toHaveLength(6)
    expect(isPattern(serverReader.content, 5 * SEGMENT)).toBe(true)
    expect(sim.nowMs - startMs).toBe(400)
  })

  test('of several: all are sent again at once, and nothing else, where the other side tells what has come', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    lose(sim.forth, 'DATA 4096', 'DATA 12288', 'DATA 20480')
    const startMs = sim.nowMs
    client.write(pattern(8 * SEGMENT))
    expect(sim.runUntil(() => serverReader.received === 8 * SEGMENT, startMs + 5000)).toBe(true)
    expect(sim.nowMs - startMs).toBeLessThan(250)
    sim.run(1000)
    expect(sim.a.stats().bytesResent).toBe(3 * SEGMENT)
  })

  test('of several, where it does not: each gap is known when the one before it is closed, nothing else is sent again', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    sim.back.edit = asReference
    lose(sim.forth, 'DATA 4096', 'DATA 12288')
    client.write(pattern(6 * SEGMENT))
    sim.run(1000)
    expect(serverReader.received).toBe(6 * SEGMENT)
    expect(sim.a.stats().bytesResent).toBe(2 * SEGMENT)
  })

  test('of most of them: all are sent again at once, not one in each round trip', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    sim.back.edit = asReference
    lose(sim.forth, ...[0, 1, 2, 3, 5, 6].map((index) => `DATA ${index * SEGMENT}`))
    client.write(pattern(8 * SEGMENT))
    const startMs = sim.nowMs
    expect(sim.runUntil(() => serverReader.received === 8 * SEGMENT, startMs + 5000)).toBe(true)
    expect(sim.nowMs - startMs).toBeLessThan(400)
  })

  test('of the repair is noticed by what comes after it, without a timeout', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    lose(sim.forth, 'DATA 0', 'DATA 0')
    const said = listenTo(sim.forth)
    const startMs = sim.nowMs
    client.write(pattern(6 * SEGMENT))
    sim.run(120)
    // Something has to be on its way behind the repair.
    for (let count = 0; count < 8; count++) {
      client.write(pattern(100))
      sim.run(20)
    }
    sim.runUntil(() => client.isSettled, startMs + 5000)
    const times = data(said).filter((line) => line.endsWith(' 0+4096'))
    expect(times).toHaveLength(3)
    expect(Number(times[2]!.split(' ')[0]) - Number(times[1]!.split(' ')[0])).toBeLessThan(200)
    expect(serverReader.received).toBe(6 * SEGMENT + 800)
  })

  test('of acknowledgements costs nothing', () => {
    const { sim, client } = openPair({ forth: { delayMs: 50 } })
    lose(sim.back, 'ACK 4096', 'ACK 8192')
    client.write(pattern(5 * SEGMENT))
    sim.run(1000)
    expect(client.isSettled).toBe(true)
    expect(sim.a.stats().bytesResent).toBe(0)
  })

  test('is not what tells of space', () => {
    const { sim, client, server } = openPair({ forth: { delayMs: 5 } })
    server.pause()
    client.write(pattern(400_000))
    sim.run(2000)
    server.resume()
    client.write(pattern(1000))
    sim.run(2000)
    expect(client.isSettled).toBe(true)
    expect(sim.a.stats().bytesResent).toBe(0)
  })
})

describe('silence', () => {
  test('sends the first segment again after the timeout, then at doubled pauses of at most 5 s, for 30 s', () => {
    const { sim, client, clientReader } = openPair({ forth: { delayMs: 50 } })
    sim.run(1000)
    const startMs = sim.nowMs
    sim.forth.drop = () => true
    const said = listenTo(sim.forth)
    client.write(pattern(100))
    sim.run(60_000)
    const times = data(said).map((line) => Number(line.split(' ')[0]) - startMs)
    // The opening took 100 ms: 100 + 4 * 50.
    expect(times).toEqual([0, 300, 900, 2100, 4500, 9300, 14_300, 19_300, 24_300, 29_300])
    expect(clientReader.failure).toBe('timeout')
    expect(said.at(-1)).toBe(`${startMs + 30_000} RST`)
    expect(sim.a.stats().connections).toBe(0)
  })

  test.each([40_000, 3_600_000])(
    'of %i ms in which this process did not run is not held against the other side',
    (ms) => {
      const { sim, client, clientReader, serverReader } = openPair({ forth: { delayMs: 50 } })
      client.write(pattern(100_000))
      sim.run(60)
      // Nothing is called meanwhile, and what was on its way is gone.
      lose(sim.back, ...Array.from({ length: 100 }, () => 'ACK'))
      sim.run(60)
      sim.back.drop = undefined
      sim.nowMs += ms
      sim.a.advance(sim.nowMs)
      sim.run(10_000)
      expect([serverReader.received, client.isSettled, clientReader.failure]).toEqual([100_000, true, undefined])
      // Who stays away is given up all the same.
      sim.forth.drop = () => true
      client.write(pattern(10))
      sim.run(100)
      sim.nowMs += ms
      sim.run(31_000)
      expect(clientReader.failure).toBe('timeout')
    },
  )

  test('of a way that was full once wakes nobody when there is nothing to send', () => {
    const { sim, client } = openPair({ forth: { delayMs: 5 } })
    client.write(pattern(10))
    sim.run(100)
    const send = sim.forth.send.bind(sim.forth)
    sim.forth.send = (bytes, nowMs) => {
      send(bytes, nowMs)
      return false
    }
    sim.a.receive(KEY_B, answer(ACK, { ack: 10, data: pattern(5) }), sim.nowMs)
    let wakes = 0
    for (let nextMs = sim.a.nextDeadlineMs; nextMs !== Number.POSITIVE_INFINITY && wakes < 100; wakes++) {
      sim.nowMs = Math.max(sim.nowMs, nextMs)
      sim.a.advance(sim.nowMs)
      nextMs = sim.a.nextDeadlineMs
    }
    expect(wakes).toBeLessThan(5)
  })

  test('500 ms is the timeout while nothing was measured', () => {
    const sim = new Simulation()
    sim.b.listen(42, () => {})
    // A second opening packet leaves open which one was answered.
    lose(sim.forth, 'SYN')
    const client = sim.a.connect(KEY_B, 42, 0)
    sim.run(1100)
    sim.forth.drop = () => true
    const said = listenTo(sim.forth)
    client.write(pattern(10))
    sim.run(600)
    expect(data(said)).toEqual(['1100 0+10', '1600 0+10'])
  })

  test('that was only slowness is taken back: nothing but the first segment is sent again', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    client.write(pattern(8 * SEGMENT))
    // The link stands still for a while, and then everything comes.
    const held: Uint8Array[] = []
    const take = sim.forth.take.bind(sim.forth)
    const holdUntilMs = sim.nowMs + 900
    sim.forth.take = (nowMs) => {
      for (let bytes = take(nowMs); bytes !== undefined; bytes = take(nowMs)) held.push(bytes)
      return nowMs >= holdUntilMs ? held.shift() : undefined
    }
    sim.runUntil(() => serverReader.received === 8 * SEGMENT, sim.nowMs + 5000)
    sim.run(2000)
    expect(client.isSettled).toBe(true)
    expect(sim.a.stats().bytesResent).toBeLessThanOrEqual(4 * SEGMENT)
  })

  test('after it everything that was lost is sent again, in order', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 50 } })
    serverReader.kept = []
    sim.forth.drop = () => sim.nowMs < 1000
    client.write(pattern(20 * SEGMENT))
    sim.runUntil(() => client.isSettled, 20_000)
    expect(isPattern(serverReader.content, 20 * SEGMENT)).toBe(true)
    expect(sim.nowMs).toBeLessThan(3000)
  })
})

describe('a closed window', () => {
  test('is asked about with one byte every second at least, and the stream goes on when it opens', () => {
    const { sim, client, server, serverReader } = openPair({ forth: { delayMs: 5 } })
    serverReader.kept = []
    server.pause()
    const total = 700_000
    client.write(pattern(total))
    sim.run(900)
    const said = listenTo(sim.forth)
    const startMs = sim.nowMs
    sim.run(5000)
    const probes = data(said)
    expect(probes.map((line) => line.split(' ')[1])).toEqual([0, 1, 2, 3, 4].map((index) => `${524_288 + index}+1`))
    const times = probes.map((line) => Number(line.split(' ')[0]) - startMs)
    for (let index = 1; index < times.length; index++)
      expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(1000)
    server.resume()
    sim.run(3000)
    expect(isPattern(serverReader.content, total)).toBe(true)
  })

  test('does not end a connection as long as the other side answers', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 5 } })
    server.pause()
    client.write(pattern(700_000))
    sim.run(600_000)
    expect(clientReader.closes).toBe(0)
    server.resume()
    sim.run(10_000)
    expect(serverReader.received).toBe(700_000)
  })

  test('leaves no pace behind: one byte in a round trip is not what the path can carry', () => {
    const sent: { readonly end: number; readonly atMs: number }[] = []
    const output = {
      isBlocked: false,
      sendSegment: (seq: number, length: number, _: boolean, nowMs: number) =>
        sent.push({ end: seq + length, atMs: nowMs }),
    }
    // The opening told no round trip, and no room.
    const sender = new Sender(output, 0)
    sender.write(pattern(200_000))
    sender.transmit(0)
    let nowMs = 0
    let heard = 0
    while (!sender.isSettled && nowMs < 60_000) {
      nowMs = Math.min(sender.deadlineMs, heard < sent.length ? sent[heard]!.atMs + 50 : Number.POSITIVE_INFINITY)
      const arrived = sent[heard]
      if (arrived !== undefined && arrived.atMs + 50 <= nowMs) {
        heard++
        sender.acknowledged(arrived.end, nowMs < 5000 ? 0 : 524_288, true, 0, nowMs)
      }
      sender.onDeadline(nowMs)
    }
    expect(nowMs).toBeLessThan(8000)
  })

  test('is asked anew about what it did not take, and the wait for it is no silence', () => {
    const { sim, client, server, clientReader, serverReader } = openPair({ forth: { delayMs: 5 } })
    client.write(pattern(1000))
    sim.run(100)
    // The other side has no room for what is under way, and says so again and again.
    const isLost = (bytes: Uint8Array): boolean => bytes.length > 16
    sim.forth.drop = isLost
    client.write(pattern(1000))
    for (let second = 0; second < 40; second++) {
      sim.run(1000)
      sim.a.receive(KEY_B, answer(ACK, { ack: 1000, window: 0 }), sim.nowMs)
    }
    sim.forth.drop = undefined
    sim.a.receive(KEY_B, answer(ACK, { ack: 1000, window: 524_288 }), sim.nowMs)
    sim.run(1000)
    expect([serverReader.received, clientReader.failure, server.state]).toEqual([2000, undefined, 'established'])
  })

  test('ends it when the other side is gone', () => {
    const { sim, client, server, clientReader } = openPair({ forth: { delayMs: 5 } })
    server.pause()
    client.write(pattern(700_000))
    sim.run(900)
    sim.forth.drop = () => true
    sim.run(40_000)
    expect(clientReader.failure).toBe('timeout')
  })
})

describe('writing', () => {
  test('asks to wait above 262,144 unsent bytes, and tells once when it goes on', () => {
    const { sim, client, clientReader } = openPair({ forth: { delayMs: 5 } })
    const block = new Uint8Array(65_536)
    const answers = [1, 2, 3, 4, 5].map(() => client.write(block))
    expect(answers).toEqual([true, true, true, false, false])
    expect(clientReader.drains).toBe(0)
    sim.run(1000)
    expect(clientReader.drains).toBe(1)
    expect(client.isWritable).toBe(true)
  })

  test('more than 2^32 - 2 bytes are a failure of their own, before any of the surplus is sent', () => {
    const { sim, client, clientReader, serverReader } = openPair()
    const huge = new Uint8Array(1_073_741_823)
    for (let count = 0; count < 4; count++) client.write(huge)
    client.write(new Uint8Array(2))
    expect(client.isClosed).toBe(false)
    expect(client.write(Uint8Array.of(1))).toBe(false)
    sim.run(0)
    expect(clientReader.failure).toBe('too-long')
    sim.run(10)
    expect(serverReader.failure).toBe('reset')
  })

  test('is dropped after the end of the connection', () => {
    const { sim, client, server } = openPair()
    server.abort(0)
    sim.run(0)
    expect(client.write(Uint8Array.of(1))).toBe(false)
    expect(client.isWritable).toBe(false)
    expect(client.heldBytes).toBe(0)
  })
})

describe('acknowledgements that nobody can have sent', () => {
  test('of what was never sent are ignored, with what they bring', () => {
    const { sim, client, clientReader } = openPair()
    client.write(pattern(10))
    sim.forth.drop = () => true
    sim.run(0)
    sim.a.receive(KEY_B, answer(ACK, { ack: 11, data: Uint8Array.of(1) }), 1)
    expect(client.isSettled).toBe(false)
    expect(clientReader.received).toBe(0)
    expect(sim.a.stats().ignored).toBe(1)
    sim.a.receive(KEY_B, answer(ACK, { ack: 10 }), 1)
    expect(client.isSettled).toBe(true)
  })

  test('in the middle of a segment: the rest of it is sent again', () => {
    const { sim, client } = openPair()
    const said = listenTo(sim.forth)
    sim.forth.drop = () => true
    client.write(pattern(10))
    sim.run(0)
    sim.a.receive(KEY_B, answer(ACK, { ack: 4 }), 1)
    sim.run(2000)
    expect(data(said)[1]).toMatch(/ 4\+6$/)
  })

  test('that claim what has not come: it is sent nevertheless', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 20 } })
    sim.forth.drop = () => sim.nowMs < 1000
    client.write(pattern(6 * SEGMENT))
    sim.run(100)
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 6; index++) {
        sim.a.receive(KEY_B, answer(ACK, { ack: 0, seq: index * SEGMENT }), sim.nowMs)
        sim.a.receive(KEY_B, answer(ACK, { ack: 0, seq: index * SEGMENT + 1 }), sim.nowMs)
      }
      sim.run(10)
    }
    sim.run(30_000)
    expect(serverReader.received).toBe(6 * SEGMENT)
  })

  test('old ones, and thousands of repeated ones, harm nothing', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 20 } })
    client.write(pattern(200_000))
    for (let count = 0; count < 5000; count++) {
      sim.a.receive(KEY_B, answer(ACK, { ack: 0 }), sim.nowMs)
      if (count % 100 === 0) sim.run(1)
    }
    sim.run(10_000)
    expect(serverReader.received).toBe(200_000)
    expect(sim.a.stats().bytesResent).toBeLessThan(400_000)
  })
})
