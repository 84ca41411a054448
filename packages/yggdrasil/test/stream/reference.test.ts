import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { StreamConnection } from '../../src/stream/connection.js'
import type { StreamStack } from '../../src/stream/stack.js'
import { isPattern, pattern } from './support/pair.js'
import { ReferencePeer } from './support/reference.js'
import { listenTo, lose } from './support/say.js'
import { joined, KEY_A, KEY_B, Path, type PathOptions, Reader, stackOn, World } from './support/simulation.js'

// Against a model of the original program, with its gaps.

interface Meeting {
  readonly world: World<StreamStack, ReferencePeer, Path, Path>
  readonly ours: StreamConnection
  readonly reader: Reader
  readonly theirs: ReferencePeer
}

function meet(who: 'we dial' | 'they dial', options: PathOptions, seed = 1): Meeting {
  const random = createRandom(seed)
  const forth = new Path(options, random.fork())
  const back = new Path(options, random.fork())
  const theirs = new ReferencePeer(back, who === 'we dial' ? 42 : 50_000)
  const world = new World(stackOn(forth, KEY_A), theirs, forth, back)
  let ours: StreamConnection | undefined
  let reader: Reader | undefined
  const take = (connection: StreamConnection): void => {
    ours = connection
    reader = new Reader(connection)
    reader.kept = []
  }
  if (who === 'we dial') {
    take(world.a.connect(KEY_B, 42, 0, 60_000))
  } else {
    world.a.listen(42, take)
    theirs.connect(42, 0)
  }
  world.runUntil(() => theirs.state === 'established' && ours?.isOpening === false, 60_000)
  if (ours === undefined || reader === undefined) throw new Error('the connection did not open')
  return { world, ours, reader, theirs }
}

const LOSSES = [0, 0.02, 0.05, 0.2]
const DIALS = ['we dial', 'they dial'] as const

for (const who of DIALS) {
  describe(`with the original, ${who}`, () => {
    test.each(LOSSES)('what we write arrives, at a loss of %d', (loss) => {
      for (const seed of [1, 2, 3]) {
        const { world, ours, theirs } = meet(who, { delayMs: 30, loss }, seed)
        const total = loss > 0.1 ? 200_000 : 1_500_000
        ours.write(pattern(total))
        expect(world.runUntil(() => theirs.receivedBytes === total, world.nowMs + 120_000)).toBe(true)
        expect(isPattern(joined(theirs.received), total)).toBe(true)
      }
    })

    test.each(LOSSES)('what they write arrives, at a loss of %d', (loss) => {
      for (const seed of [1, 2, 3]) {
        const { world, reader, theirs } = meet(who, { delayMs: 30, loss }, seed)
        const total = loss > 0.1 ? 100_000 : 500_000
        theirs.write(pattern(total), world.nowMs)
        expect(world.runUntil(() => reader.received === total, world.nowMs + 300_000)).toBe(true)
        expect(isPattern(reader.content, total)).toBe(true)
      }
    })

    test('both ways at once, at a loss of 0.02', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30, loss: 0.02 }, 7)
      ours.write(pattern(600_000))
      theirs.write(pattern(300_000), world.nowMs)
      const isDone = () => theirs.receivedBytes === 600_000 && reader.received === 300_000
      expect(world.runUntil(isDone, world.nowMs + 120_000)).toBe(true)
    })

    test('we end first, they end, and both are done', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      ours.write(pattern(100_000))
      ours.end()
      world.run(2000)
      expect([theirs.hasEnd, theirs.receivedBytes, theirs.state]).toEqual([true, 100_000, 'close-wait'])
      expect(ours.state).toBe('fin-wait-2')
      theirs.write(pattern(50_000), world.nowMs)
      theirs.shutdown(world.nowMs)
      world.run(3000)
      expect([reader.received, reader.ends, reader.closes, reader.failure]).toEqual([50_000, 1, 1, undefined])
      expect(theirs.state).toBe('closed')
      expect(world.a.stats().connections).toBe(0)
    })

    test('they end first, we end, and both are done', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      theirs.write(pattern(50_000), world.nowMs)
      theirs.shutdown(world.nowMs)
      world.run(3000)
      // It learns that its end was heard, which it never says to others.
      expect([reader.ends, theirs.state]).toEqual([1, 'fin-wait-2'])
      ours.write(pattern(10))
      ours.end()
      world.run(3000)
      expect([theirs.receivedBytes, theirs.hasEnd]).toEqual([10, true])
      expect([reader.closes, reader.failure, theirs.state]).toEqual([1, undefined, 'closed'])
    })

    test('ends that cross', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      ours.end()
      theirs.shutdown(world.nowMs)
      world.run(10_000)
      expect([reader.closes, reader.failure, theirs.hasEnd, theirs.state]).toEqual([1, undefined, true, 'closed'])
    })

    test('our end is lost: they never ask, we say it again', () => {
      const { world, ours, theirs } = meet(who, { delayMs: 30 })
      lose(world.forth, 'FIN', 'FIN')
      ours.end()
      world.run(5000)
      expect([theirs.hasEnd, ours.state]).toEqual([true, 'fin-wait-2'])
    })

    test('their answer to our end is lost: said again it is ignored, and we are done nevertheless', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      theirs.write(pattern(5), world.nowMs)
      theirs.shutdown(world.nowMs)
      world.run(1000)
      world.back.drop = () => true
      ours.end()
      world.run(30_000)
      expect([reader.closes, reader.failure]).toEqual([1, undefined])
      expect(world.a.stats().connections).toBe(0)
    })

    test('they drop the handle without a word: our next packet finds out', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      theirs.write(pattern(1), world.nowMs)
      world.run(100)
      theirs.drop()
      world.run(60_000)
      expect(reader.closes).toBe(0)
      ours.write(pattern(10))
      world.run(100)
      expect(reader.failure).toBe('reset')
    })

    test('they stop reading for a minute, and their word of space is lost: we ask', () => {
      const { world, ours, theirs } = meet(who, { delayMs: 30 })
      theirs.isReading = false
      ours.write(pattern(900_000))
      world.run(60_000)
      theirs.isReading = true
      lose(world.back, 'ACK')
      theirs.read(world.nowMs)
      expect(world.runUntil(() => theirs.receivedBytes === 900_000, world.nowMs + 10_000)).toBe(true)
      expect(isPattern(joined(theirs.received), 900_000)).toBe(true)
    })

    test('we stop reading for a minute, and our word of space is lost: they do not ask, we say it again', () => {
      const { world, ours, reader, theirs } = meet(who, { delayMs: 30 })
      ours.pause()
      theirs.write(pattern(900_000), world.nowMs)
      world.run(60_000)
      lose(world.forth, 'ACK')
      ours.resume()
      expect(world.runUntil(() => reader.received === 900_000, world.nowMs + 20_000)).toBe(true)
    })
  })
}

describe('gaps of the original that we fill', () => {
  test('our acknowledgement of the opening is lost: said again, and they may speak first', () => {
    const random = createRandom(1)
    const forth = new Path({ delayMs: 10 }, random.fork())
    const back = new Path({ delayMs: 10 }, random.fork())
    const theirs = new ReferencePeer(back, 42)
    const world = new World(stackOn(forth, KEY_A), theirs, forth, back)
    lose(forth, 'ACK')
    const said = listenTo(forth)
    const reader = new Reader(world.a.connect(KEY_B, 42, 0))
    world.run(100)
    expect(theirs.state).toBe('syn-received')
    world.run(1000)
    expect(theirs.state).toBe('established')
    expect(said).toEqual(['0 SYN', '20 ACK 0', '520 ACK 0', '1520 ACK 0'].slice(0, said.length))
    theirs.write(pattern(10), world.nowMs)
    world.run(100)
    expect(reader.received).toBe(10)
  })

  test('our window may be a small one: they are told when there is room again, for they never ask', () => {
    const random = createRandom(1)
    const forth = new Path({ delayMs: 30 }, random.fork())
    const back = new Path({ delayMs: 30 }, random.fork())
    const theirs = new ReferencePeer(back, 50_000)
    const windowBytes = 131_072
    const world = new World(stackOn(forth, KEY_A, { limits: { windowBytes } }), theirs, forth, back)
    let reader: Reader | undefined
    world.a.listen(42, (connection) => {
      reader = new Reader(connection)
      connection.pause()
    })
    const windows: number[] = []
    forth.log = (bytes) => windows.push((bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!)
    theirs.connect(42, 0)
    theirs.write(pattern(1_000_000), 0)
    world.run(5000)
    expect(Math.max(...windows)).toBe(windowBytes)
    reader?.connection.resume()
    world.run(60_000)
    expect(reader?.received).toBe(1_000_000)
  })

  test('their window is full and they are slow: no byte is lost or doubled', () => {
    const { world, ours, theirs } = meet('we dial', { delayMs: 30, loss: 0.03 }, 5)
    theirs.isReading = false
    const total = 2_000_000
    ours.write(pattern(total))
    for (let turn = 0; turn < 600 && theirs.receivedBytes < total; turn++) {
      world.run(200)
      theirs.read(world.nowMs)
    }
    expect(isPattern(joined(theirs.received), total)).toBe(true)
  })
})
