import { defineConfig } from 'vitest/config'
import base from './vitest.config.js'

/** Slow machines raise all time limits at once: MIMIR_TIMEOUT_SCALE=3. */
const timeoutMs = 60_000 * Number(process.env.MIMIR_TIMEOUT_SCALE ?? 1)

// The tests of our overlay node against yggdrasil-go: `pnpm interop yggdrasil`. Not part of `vitest run`.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['packages/yggdrasil/test/interop/*.interop.ts'],
    globalSetup: ['packages/yggdrasil/test/interop/support/setup.ts'],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // They wait for trees to grow and keys to age far more than they compute.
    maxWorkers: 4,
  },
})
