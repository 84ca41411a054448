// `pnpm interop browser`: the tests that need no Node, in a real headless Chromium; and those of whole pages, which are
// served and looked at from Node.
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { CHROMIUM_ARGS, chromiumPath } from './tools/interop/browser/chromium.js'
import { portableTests } from './tools/interop/browser/portable-tests.js'

const { include } = portableTests()
const nodeConditions = ['mimir:source', 'node', 'import', 'default']

export default defineConfig({
  test: {
    sequence: { shuffle: true },
    projects: [
      {
        resolve: {
          conditions: ['mimir:source', 'browser', 'import', 'default'],
          alias: { 'node:fs': fileURLToPath(new URL('tools/interop/browser/files.ts', import.meta.url)) },
        },
        // A dependency discovered while the tests run would be bundled then, and the page loaded again.
        optimizeDeps: { noDiscovery: true, include: ['fast-check'] },
        test: {
          name: 'portable',
          include: ['tools/interop/browser/*.test.ts', ...include],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: chromiumPath() ?? 'chromium', args: CHROMIUM_ARGS },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        resolve: { conditions: nodeConditions },
        ssr: { resolve: { conditions: nodeConditions } },
        test: {
          name: 'pages',
          include: ['tools/interop/browser/pages/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
})
