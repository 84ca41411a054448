import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { StreamConnection } from '../../src/stream/connection.js'
import type { StreamStack } from '../../src/stream/stack.js'
import { isPattern, pattern } from './support/pair.js'
import {
  asReference,
  KEY_A,
  KEY_B,
  type Lane,
  type PathOptions,
  Reader,
  Simulation,
  type SimulationOptions,
  stackOn,
  World,
} from './support/simulation.js'
import { TcpModel, type TcpModelOptions, tcpBytes } from './support/tcp-model.js'

const BLOCK = new Uint8Array(65_536).fill(7)

/** Writes as much as the stream takes. */
function pour(connection: StreamConnection): Reader {
  const reader = new Reader(connection)
  const fill = (): void => {
    while (connection.write(BLOCK));
  }
  reader.onDrain = fill
  fill()
  return reader
}

interface Result {
  /** Bytes in one ms, of all streams, and of each. */
  readonly rate: number
  readonly rates: readonly number[]
  /** Bytes sent again, as a part of those sent first. */
  readonly wasted: number
}

function measure(world: World<StreamStack, StreamStack, Lane, Lane>, ms: number, streams = 1): Result {
  const readers: Reader[] = []
  world.b.listen(42, (connection) => readers.push(new Reader(connection)))
  const writers = Array.from({ length: streams }, () => pour(world.a.connect(KEY_B, 42, 0, 60_000)))
  world.runUntil(() => false, ms)
  expect(writers.map(({ failure }) => failure)).toEqual(writers.map(() => undefined))
  const rates = readers.map(({ received }) => received / ms)
  const { bytesSent, bytesResent } = world.a.stats()
  return { rate: rates.reduce((sum, rate) => sum + rate, 0), rates, wasted: bytesResent / bytesSent }
}

function rateOf(options: SimulationOptions, ms = 10_000, streams = 1): Result {
  return measure(new Simulation(options), ms, streams)
}

/** The same to a receiver that acknowledges as the reference does. */
function rateToReference(options: SimulationOptions, ms = 10_000): Result {
  const sim = new Simulation(options)
  sim.back.edit = asReference
  return measure(sim, ms)
}

/** Lowest of some seeds. */
function worst(path: PathOptions, rate = rateOf): number {
  const back = { delayMs: path.delayMs ?? 0, loss: path.loss ?? 0 }
  return Math.min(...[1, 2, 3].map((seed) => rate({ forth: path, back, seed }, 8000).rate))
}

function cubic(options: TcpModelOptions): number {
  const rates = [1, 2, 3].map((seed) => tcpBytes(options, createRandom(seed), 15_000) / 15_000)
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length
}

describe('packets lost by chance', () => {
  test('the model of the kernel does what is known of it: about MSS / RTT * 1.22 / sqrt(p)', () => {
    const rate = cubic({ delayMs: 50, loss: 0.02 })
    const expected = (1448 / 100) * (1.22 / Math.sqrt(0.02))
    expect(rate).toBeGreaterThan(expected * 0.8)
    expect(rate).toBeLessThan(expected * 1.6)
  })

  test('without loss the window is the limit: 524,288 bytes in a round trip to the reference, eight times that to us', () => {
    const toReference = rateToReference({ forth: { delayMs: 50 } })
    expect(toReference.rate).toBeGreaterThan((524_288 / 100) * 0.93)
    expect(toReference.rate).toBeLessThanOrEqual(524_288 / 100)
    const toUs = rateOf({ forth: { delayMs: 50 } })
    expect(toUs.rate).toBeGreaterThan((4_194_304 / 100) * 0.85)
    expect(toUs.wasted + toReference.wasted).toBe(0)
  })

  test.each([25, 50])('2 % and %d ms one way: many times what the kernel gets out of it', (delayMs) => {
    const kernel = cubic({ loss: 0.02, delayMs })
    expect(worst({ loss: 0.02, delayMs }, rateToReference)).toBeGreaterThan(10 * kernel)
    expect(worst({ loss: 0.02, delayMs })).toBeGreaterThan(50 * kernel)
  })

  test('to the reference: 2 % cost less than half, 5 % two thirds at most, and little is sent twice', () => {
    const most = 524_288 / 100
    expect(worst({ loss: 0.02, delayMs: 50 }, rateToReference)).toBeGreaterThan(most * 0.5)
    expect(worst({ loss: 0.05, delayMs: 50 }, rateToReference)).toBeGreaterThan(most * 0.33)
    expect(rateToReference({ forth: { loss: 0.05, delayMs: 50 } }).wasted).toBeLessThan(0.12)
  })

  test('to us: 2 % leave a third of the larger window, and no more is sent again than was lost on both ways', () => {
    expect(worst({ loss: 0.02, delayMs: 50 })).toBeGreaterThan((4_194_304 / 100) * 0.33)
    expect(worst({ loss: 0.05, delayMs: 50 })).toBeGreaterThan((4_194_304 / 100) * 0.08)
    expect(rateOf({ forth: { loss: 0.02, delayMs: 50 } }).wasted).toBeLessThan(0.05)
  })

  test('20 % do not stop it', () => {
    expect(worst({ loss: 0.2, delayMs: 50 })).toBeGreaterThan(100)
    expect(worst({ loss: 0.2, delayMs: 50 }, rateToReference)).toBeGreaterThan(50)
  })
})

describe('a link with a limit', () => {
  const link = { bytesPerMs: 1000, queueBytes: 131_070 }

  test('is filled, and its queue hardly overflows', () => {
    const { rate, wasted } = rateOf({ forth: { ...link, delayMs: 50 }, back: { delayMs: 50 } })
    expect(rate).toBeGreaterThan(930)
    expect(wasted).toBeLessThan(0.04)
  })

  test('is filled though it loses 2 %, and 5 %', () => {
    expect(worst({ ...link, delayMs: 50, loss: 0.02 })).toBeGreaterThan(850)
    expect(worst({ ...link, delayMs: 50, loss: 0.05 })).toBeGreaterThan(600)
  })

  test('is filled to a reference that is lossy, too', () => {
    expect(worst({ ...link, delayMs: 50, loss: 0.02 }, rateToReference)).toBeGreaterThan(850)
    expect(worst({ ...link, delayMs: 50, loss: 0.05 }, rateToReference)).toBeGreaterThan(600)
  })

  test('that is long and fast, with a queue of an eighth of what it holds, is filled, with loss and without', () => {
    const long = { bytesPerMs: 10_000, queueBytes: 131_070, delayMs: 50 }
    expect(rateOf({ forth: long, back: { delayMs: 50 } }).rate).toBeGreaterThan(8500)
    expect(worst({ ...long, loss: 0.02 })).toBeGreaterThan(7500)
  })

  test('is shared by four streams evenly', () => {
    const { rate, rates } = rateOf({ forth: { ...link, delayMs: 50 }, back: { delayMs: 50 } }, 40_000, 4)
    expect(rate).toBeGreaterThan(900)
    expect(Math.min(...rates)).toBeGreaterThan(125)
    expect(Math.max(...rates)).toBeLessThan(450)
  })

  test('that is slow is filled by four streams, too', () => {
    const forth = { bytesPerMs: 100, queueBytes: 131_070, delayMs: 50 }
    const { rate, rates } = rateOf({ forth, back: { delayMs: 50 } }, 40_000, 4)
    expect(rate).toBeGreaterThan(85)
    expect(Math.min(...rates)).toBeGreaterThan(10)
  })

  test('of our own, that says when it is full: streams take turns, nothing is lost, and the queue stays short', () => {
    const forth = { bytesPerMs: 1000, waitAboveBytes: 16_384, delayMs: 50 }
    const { rate, rates, wasted } = rateOf({ forth, back: { delayMs: 50 } }, 20_000, 4)
    expect(rate).toBeGreaterThan(950)
    expect(Math.min(...rates)).toBeGreaterThan(220)
    expect(wasted).toBe(0)
  })

  test('of our own does not let a long stream starve a short one', () => {
    const sim = new Simulation({
      forth: { bytesPerMs: 1000, waitAboveBytes: 16_384, delayMs: 20 },
      back: { delayMs: 20 },
    })
    const readers: Reader[] = []
    sim.b.listen(42, (connection) => readers.push(new Reader(connection)))
    pour(sim.a.connect(KEY_B, 42, 0))
    sim.run(5000)
    const short = sim.a.connect(KEY_B, 42, sim.nowMs)
    const startMs = sim.nowMs
    short.write(pattern(10_000))
    expect(sim.runUntil(() => readers[1]?.received === 10_000, startMs + 5000)).toBe(true)
    expect(sim.nowMs - startMs).toBeLessThan(400)
  })

  test('of our own that forgets to say when it has room is asked after a while', () => {
    const sim = new Simulation({
      forth: { bytesPerMs: 1000, waitAboveBytes: 16_384, delayMs: 20 },
      back: { delayMs: 20 },
    })
    sim.b.listen(42, (connection) => new Reader(connection))
    sim.a.drained = () => {}
    const client = sim.a.connect(KEY_B, 42, 0)
    client.write(pattern(100_000))
    expect(sim.runUntil(() => client.isSettled, 60_000)).toBe(true)
  })

  test('that becomes ten times as slow and as fast again', () => {
    const options: { bytesPerMs: number; queueBytes: number; delayMs: number } = { ...link, delayMs: 30 }
    const sim = new Simulation({ forth: options, back: { delayMs: 30 } })
    let reader: Reader | undefined
    sim.b.listen(42, (connection) => {
      reader = new Reader(connection)
    })
    pour(sim.a.connect(KEY_B, 42, 0))
    const during = (ms: number): number => {
      const before = reader?.received ?? 0
      sim.run(ms)
      return ((reader?.received ?? 0) - before) / ms
    }
    expect(during(10_000)).toBeGreaterThan(850)
    options.bytesPerMs = 100
    during(5000)
    expect(during(15_000)).toBeGreaterThan(75)
    options.bytesPerMs = 1000
    during(5000)
    expect(during(10_000)).toBeGreaterThan(850)
  })
})

describe('over links that are TCP connections of a lossy network', () => {
  test.each([
    [0.02, 50, 65_536],
    [0.02, 25, 65_536],
    [0.02, 50, 1_048_576],
    [0.05, 50, 65_536],
  ])(
    '%d loss, %d ms one way, %d bytes of buffer: at least 0.7 of what the kernel itself gets',
    (loss, delayMs, sendBufferBytes) => {
      let ours = 0
      for (const seed of [1, 2, 3, 4]) {
        const random = createRandom(100 + seed)
        const forth = new TcpModel({ loss, delayMs, sendBufferBytes }, random.fork())
        const back = new TcpModel({ loss, delayMs, sendBufferBytes }, random.fork())
        const { rate, wasted } = measure(new World(stackOn(forth, KEY_A), stackOn(back, KEY_B), forth, back), 20_000)
        ours += rate / 4
        // Late is not lost.
        expect(wasted).toBeLessThan(0.05)
      }
      expect(ours).toBeGreaterThan(0.7 * cubic({ loss, delayMs }))
    },
  )
})

describe('whatever the path', () => {
  test('every byte arrives once and in order, for many seeds', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = createRandom(seed)
      const path = (): PathOptions => ({
        delayMs: random.integer(80),
        loss: random.next() * 0.15,
        ...(random.chance(0.5)
          ? { bytesPerMs: 50 + random.integer(3000), queueBytes: 20_000 + random.integer(200_000) }
          : {}),
      })
      const sim = new Simulation({ seed, forth: path(), back: path() })
      const total = 1 + random.integer(300_000)
      let reader: Reader | undefined
      sim.b.listen(42, (connection) => {
        reader = new Reader(connection)
        reader.kept = []
        if (random.chance(0.5)) connection.pause()
      })
      const client = sim.a.connect(KEY_B, 42, 0, 60_000)
      const clientReader = new Reader(client)
      for (let at = 0; at < total; ) {
        const length = Math.min(total - at, 1 + random.integer(30_000))
        client.write(pattern(length, at))
        at += length
        if (random.chance(0.3)) sim.run(random.integer(300))
        if (random.chance(0.3)) reader?.connection.resume()
      }
      client.end()
      const untilMs = sim.nowMs + 600_000
      while ((reader?.ends ?? 0) === 0 && clientReader.closes === 0 && sim.nowMs < untilMs) {
        sim.run(100)
        reader?.connection.resume()
      }
      expect(isPattern(reader?.content ?? new Uint8Array(0), total), `seed ${seed}`).toBe(true)
      expect(clientReader.failure, `seed ${seed}`).toBeUndefined()
    }
  })
})
