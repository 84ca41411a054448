import { defineConfig } from 'vitest/config'
import base from './vitest.config.js'

// Not `import`, which the base has: Node would apply it to the `require` of pg, whose parts then do not fit together.
const conditions = ['mimir:source']

// The mediator's tests that need a PostgreSQL and a nats-server: `pnpm interop cluster`. Not part of `vitest run`.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...base.test,
    include: ['packages/mediator/test/cluster/*.cluster.ts'],
    globalSetup: ['packages/mediator/test/cluster/support/setup.ts'],
  },
})
