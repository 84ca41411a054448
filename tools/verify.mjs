// `pnpm verify`: everything that judges the tree without foreign programs. `--only NAME` runs one step (repeatable).
import { parseArgs } from 'node:util'
import { runSteps } from './lib/steps.mjs'
import { verifySteps } from './lib/verify-steps.mjs'

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' } } })
const names = verifySteps.map(({ name }) => name)
const unknown = (values.only ?? []).filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}
if (values.list) {
  for (const { name, about } of verifySteps) console.log(`${name.padEnd(12)} ${about}`)
} else {
  const steps = verifySteps.filter(({ name }) => values.only?.includes(name) ?? true)
  process.exitCode = (await runSteps(steps)) ? 0 : 1
}
