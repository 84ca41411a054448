import { defineConfig } from 'vitest/config'

const conditions = ['mimir:source']

// One root run: each package is a project, and sources are resolved without a build.
export default defineConfig({
  resolve: { conditions: [...conditions, 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    sequence: { shuffle: true },
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
