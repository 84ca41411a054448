import { createMemoryStore } from '@mimirjs/messenger'
import { runModel } from '../../packages/messenger/test/support/model/run.js'

/** Something that is fed a seed instead of bytes, and takes its time: everything else in it follows from the seed. */
export interface FuzzRun {
  readonly name: string
  /** Rejects when an invariant is broken. */
  run(seed: number): Promise<void>
}

/** How often somebody does something in a run. */
const STEPS = 120

/** People who do anything at any time over bad links: nothing is lost, doubled, out of order, or left behind. */
export const RUNS: readonly FuzzRun[] = (['classic', 'overlay', 'current'] as const).map((generation) => ({
  name: `messenger.model.${generation}`,
  async run(seed) {
    await runModel({ seed, generation, steps: STEPS, openStore: () => createMemoryStore() })
  },
}))
