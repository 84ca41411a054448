import { defineConfig } from 'vitest/config'

// Packages are resolved from their sources: tests need no build.
const conditions = ['mimir:source', 'node', 'import', 'default']

/** Slow machines raise all time limits at once: MIMIR_TIMEOUT_SCALE=3. */
const timeoutMs = 20_000 * Number(process.env.MIMIR_TIMEOUT_SCALE ?? 1)

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // What is waited for comes when it comes; a second, the default, is little on a machine that does other things too.
    expect: { poll: { timeout: timeoutMs / 2 } },
    // Tests depend on no order; the seed is printed, and `--sequence.seed` repeats it.
    sequence: { shuffle: true },
    // A rejection or exception that no test waits for fails the run.
    dangerouslyIgnoreUnhandledErrors: false,
    // Tests wait for sockets and processes more than they compute.
    maxWorkers: '100%',
    // A test that is alone by mistake must not hide the others.
    allowOnly: false,
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
