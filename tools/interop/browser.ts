import { runTool } from '../lib/process.mjs'
import { outcomeOf } from '../lib/steps.mjs'
import { chromiumPath, installChromium } from './browser/chromium.js'
import { portableTests } from './browser/portable-tests.js'
import { MIMIR_CI, type Suite } from './suite.js'

const TIMEOUT_MS = 480_000

export const browser: Suite = {
  name: 'browser',
  about:
    'what needs no Node, pages on the overlay, and the web chat between browsers and Node, in a real headless Chromium',
  needs: 'a Chromium: on PATH, or named by CHROME_BIN',

  check() {
    if (chromiumPath() !== undefined) return undefined
    const advice = 'no Chromium on PATH; install it, or name one in CHROME_BIN'
    if (!MIMIR_CI) return advice
    const failure = installChromium()
    return failure === undefined && chromiumPath() !== undefined ? undefined : `${advice} (${failure ?? 'not found'})`
  },

  async run() {
    const { include, excluded } = portableTests()
    for (const { file, because } of excluded) console.log(`browser: left out, ${because}: ${file}`)
    const result = await runTool('vitest', ['run', '--config', 'vitest.browser.config.ts'], {
      env: { NO_COLOR: '1' },
      timeoutMs: TIMEOUT_MS,
    })
    return outcomeOf(result, ({ output }) => `${/\d+ passed/.exec(tests(output))?.[0]} from ${include.length} files`)
  },
}

/** The line of vitest's summary that counts tests. */
const tests = (output: string): string => /^\s*Tests\b.*$/m.exec(output)?.[0] ?? ''
