import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStore, openSqliteStore, type Store } from '../src/index.js'
import { type GroupReport, runGroupModel } from './support/groups-model/run.js'

// Fixed seeds. A failure names its seed and tells what happened.

const SEEDS = [1, 2, 3, 4, 5, 6]
const STEPS = 120

test.each(SEEDS)(
  'seed %i: what a group accepts is once in every history, under the number that the mediator gave it',
  async (seed) => {
    expectSense(await runGroupModel({ seed, steps: STEPS, openStore: () => createMemoryStore() }))
  },
)

test('with databases', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-groups-'))
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
  expectSense(await runGroupModel({ seed: 7, steps: STEPS, openStore }))
})

/** A run in which nothing happens, or in which everything is excused, proves nothing. */
function expectSense({ messages, crashes, edited }: GroupReport): void {
  expect(messages).toBeGreaterThan(15)
  expect(crashes).toBeGreaterThan(0)
  expect(edited).toBeGreaterThan(0)
}
