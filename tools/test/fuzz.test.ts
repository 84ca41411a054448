import { describe, expect, test } from 'vitest'
import { type Failure, fuzz } from '../fuzz/fuzz.js'
import { mutate } from '../fuzz/mutate.js'
import { Random } from '../fuzz/random.js'
import { RUNS } from '../fuzz/runs.js'
import { Broken, type FuzzTarget } from '../fuzz/target.js'
import { TARGETS } from '../fuzz/targets.js'

const SEED = 20_260_101
const hooks = { nowMs: () => 0 }

describe('a slice of every target', () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
    expect(target.seeds.length).toBeGreaterThan(0)
    expect(fuzz(target, SEED, 1500, hooks)).toBeUndefined()
  })
})

describe('a run of every model', () => {
  test.each(RUNS.map((run) => [run.name, run] as const))('%s', async (_, run) => {
    await expect(run.run(SEED)).resolves.toBeUndefined()
  })
})

describe('the fuzzer', () => {
  const seeds = [Uint8Array.from({ length: 40 }, (_, at) => at)]
  const fragile: FuzzTarget = {
    name: 'fragile',
    seeds,
    feed(input) {
      if (input.length > 4 && input[0] === 0 && input[3] === 0xff) throw new Broken('there')
    },
  }

  test('finds what breaks, and its seed finds it again', () => {
    const failure = fuzz(fragile, 1, 100_000, hooks) as Failure
    expect(failure).toMatchObject({ target: 'fragile', reason: 'Broken: there' })
    expect(failure.input.slice(6, 8)).toBe('ff')
    expect(fuzz(fragile, failure.seed, 1, hooks)).toEqual(failure)
  })

  test('finds what is slow', () => {
    let now = 0
    const slow: FuzzTarget = { name: 'slow', seeds, feed: () => undefined }
    const clock = { nowMs: () => (now += 600) }
    expect(fuzz(slow, 1, 10, clock)).toBeUndefined()
    expect(fuzz(slow, 1, 10, { nowMs: () => (now += 1200) })?.reason).toBe('took 1200 ms')
  })

  test('finds what piles up memory', () => {
    const held: Uint8Array[] = []
    const greedy: FuzzTarget = {
      name: 'greedy',
      seeds,
      feed: () => {
        held.push(new Uint8Array(8_000_000))
      },
    }
    expect(fuzz(greedy, 1, 50, hooks)?.reason).toMatch(/bytes of buffers after 50 cases/)
    held.length = 0
  })

  test('gives a target bytes of its own', () => {
    const spoiler: FuzzTarget = {
      name: 'spoiler',
      seeds: [seeds[0]!.slice()],
      feed: (input) => {
        input.fill(0xee)
      },
    }
    fuzz(spoiler, 1, 100, hooks)
    expect(spoiler.seeds).toEqual(seeds)
  })

  test('mutates differently for every seed and the same for one', () => {
    const of = (seed: number) => mutate(seeds, new Random(seed)).join(',')
    expect(of(5)).toBe(of(5))
    expect(new Set(Array.from({ length: 200 }, (_, seed) => of(seed))).size).toBeGreaterThan(180)
  })
})
