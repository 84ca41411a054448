// `pnpm interop browser`: the tests that need no Node, in a real headless Chromium.
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumPath } from './tools/interop/browser/chromium.js'
import { portableTests } from './tools/interop/browser/portable-tests.js'

const { include } = portableTests()

export default defineConfig({
  resolve: { conditions: ['mimir:source', 'browser', 'import', 'default'] },
  // A dependency discovered while the tests run would be bundled then, and the page loaded again.
  optimizeDeps: { noDiscovery: true, include: ['fast-check'] },
  test: {
    include: ['tools/interop/browser/*.test.ts', ...include],
    testTimeout: 60_000,
    sequence: { shuffle: true },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: chromiumPath() ?? 'chromium',
          args: [
            '--no-sandbox', // a container's root has no other way
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
})
