// `pnpm interop [NAME…]`: our packages against what is not ours. Says what this machine lacks; under MIMIR_CI=1 a suite
// left out is a failure.
import { runSteps } from '../lib/steps.mjs'
import { browser } from './browser.js'
import { runtimes } from './runtimes.js'
import type { Suite } from './suite.js'

const SUITES: readonly Suite[] = [browser, runtimes]

/** Promised by the documents; their subject is not there yet. */
const LATER: Readonly<Record<string, string>> = {
  yggdrasil: 'our overlay node against the Go one',
  multicast: 'our multicast sessions against the Go ones',
}

const names = process.argv.slice(2)
const unknown = names.filter((name) => !Object.hasOwn(LATER, name) && !SUITES.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`no interop suite ${unknown.join(', ')}`)
  for (const { name, about, needs } of SUITES) console.error(`  ${name.padEnd(10)} ${about}; needs ${needs}`)
  for (const [name, about] of Object.entries(LATER)) console.error(`  ${name.padEnd(10)} ${about}; comes later`)
  process.exit(2)
}

const wanted = (name: string): boolean => names.length === 0 || names.includes(name)

for (const [name, about] of Object.entries(LATER)) if (wanted(name)) console.log(`comes later: ${name}: ${about}`)

const steps = SUITES.filter(({ name }) => wanted(name)).map(({ name, about, needs, check, run }) => ({
  name,
  about,
  run: async () => {
    const missing = check()
    return missing === undefined ? await run() : { leftOut: `${missing}; it needs ${needs}` }
  },
}))
process.exitCode = (await runSteps(steps)) ? 0 : 1
