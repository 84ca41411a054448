import { defineConfig } from 'vitest/config'
import base from './vitest.config.js'

/** Slow machines raise all time limits at once: MIMIR_TIMEOUT_SCALE=3. */
const timeoutMs = 60_000 * Number(process.env.MIMIR_TIMEOUT_SCALE ?? 1)

// The tests of our multicast against the programs it comes from, in network namespaces: `pnpm interop multicast`. Not part
// of `vitest run`.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['packages/multicast/test/interop/*.interop.ts'],
    globalSetup: ['packages/multicast/test/interop/support/setup.ts'],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // They wait for seconds to pass far more than they compute; each has a network of its own.
    maxWorkers: 3,
    maxConcurrency: 6,
  },
})
