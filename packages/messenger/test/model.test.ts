import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../src/index.js'
import { runModel } from './support/model/run.js'

describe.each(['classic', 'current'] as const)('people who do anything at any time, generation %s', (generation) => {
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))('seed %i', async (seed) => {
    const report = await runModel({ seed, generation, steps: 80, openStore: () => createMemoryStore() })
    console.log(seed, report)
    expect(report.accepted).toBeGreaterThan(0)
  })
})
