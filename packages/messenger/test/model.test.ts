import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Generation } from '@mimirjs/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMemoryStore, openSqliteStore, type Store } from '../src/index.js'
import { type RunReport, runModel } from './support/model/run.js'

// Fixed seeds; `pnpm fuzz messenger --seconds N` goes on with others. A failure names its seed and tells what happened.

const GENERATIONS: readonly Generation[] = ['classic', 'overlay', 'current']
const SEEDS = [1, 2, 3, 4, 5, 6]
const STEPS = 80

describe.each(GENERATIONS)('people who do anything at any time, generation %s', (generation) => {
  test.each(SEEDS)(
    'seed %i: accepted once is delivered once, in order, in time, and nothing is left behind',
    async (seed) => {
      const report = await runModel({ seed, generation, steps: STEPS, openStore: () => createMemoryStore() })
      expectSense(report)
    },
  )

  test('with databases', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mimir-model-'))
    const stores: Store[] = []
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()))
      rmSync(folder, { recursive: true })
    })
    const openStore = (name: string): Store => {
      const store = openSqliteStore(join(folder, `${name}.sqlite`), { durability: 'process' })
      stores.push(store)
      return store
    }
    expectSense(await runModel({ seed: 7, generation, steps: STEPS, openStore }))
  })
})

test('the same seed gives the same run', async () => {
  const run = (): Promise<RunReport> =>
    runModel({ seed: 8, generation: 'current', steps: STEPS, openStore: () => createMemoryStore() })
  expect(await run()).toEqual(await run())
})

/** A run in which nothing happens, or in which everything is excused, proves nothing. */
function expectSense({ accepted, delivered, crashes }: RunReport): void {
  expect(accepted).toBeGreaterThan(10)
  expect(delivered).toBeGreaterThan(accepted / 2)
  expect(crashes).toBeGreaterThan(0)
}
