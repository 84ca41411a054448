// `pnpm interop [NAME…]`: our packages against what is not ours. Says what this machine lacks.
// Exit: 0 nothing failed, 1 something did; under MIMIR_CI=1 what is left out is a failure. 2 wrong arguments.
import { runSteps, type Step } from '../lib/steps.mjs'
import { browser } from './browser.js'
import { cluster } from './cluster.js'
import { multicast } from './multicast.js'
import { runtimes } from './runtimes.js'
import type { Suite } from './suite.js'
import { yggdrasil } from './yggdrasil.js'

const SUITES: readonly Suite[] = [browser, cluster, multicast, runtimes, yggdrasil]

const names = process.argv.slice(2).filter((name) => name !== '--')
if (names.includes('--help')) {
  console.log('usage: pnpm interop [NAME…]')
  list(console.log)
  process.exit(0)
}
const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`no interop suite ${unknown.join(', ')}`)
  list(console.error)
  process.exit(2)
}

const steps: Step[] = SUITES.filter(({ name }) => names.length === 0 || names.includes(name)).map(
  ({ name, about, needs, check, run }) => ({
    name,
    about,
    run: async () => {
      const missing = check()
      return missing === undefined ? await run() : { leftOut: `${missing}; it needs ${needs}` }
    },
  }),
)
process.exitCode = (await runSteps(steps)) ? 0 : 1

function list(print: (line: string) => void): void {
  for (const { name, about, needs } of SUITES) print(`  ${name.padEnd(10)} ${about}; needs ${needs}`)
}
