// `pnpm verify`: everything that judges the tree without foreign programs. `--only NAME` runs one step (repeatable).
// Exit: 0 all passed, 1 a step failed, 2 wrong arguments.
import { readArguments } from './lib/arguments.mjs'
import { runSteps } from './lib/steps.mjs'
import { verifySteps } from './lib/verify-steps.mjs'

const USAGE = 'usage: pnpm verify [--only NAME]… [--list]'

process.exitCode = await main(process.argv.slice(2))

/** @param {readonly string[]} args */
async function main(args) {
  const options = read(args)
  if (typeof options === 'string') {
    console.error(`verify: ${options}`)
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.list) {
    for (const { name, about } of verifySteps) console.log(`${name.padEnd(12)} ${about}`)
    return 0
  }
  const steps = verifySteps.filter(({ name }) => options.only?.includes(name) ?? true)
  return (await runSteps(steps)) ? 0 : 1
}

/** The options, or what is wrong with them. @param {readonly string[]} args */
function read(args) {
  try {
    const { values } = readArguments(args, {
      options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    const names = verifySteps.map(({ name }) => name)
    const unknown = (values.only ?? []).filter((name) => !names.includes(name))
    return unknown.length > 0 ? `no step ${unknown.join(', ')}; there are ${names.join(', ')}` : values
  } catch (error) {
    return `${/** @type {Error} */ (error).message}; ${USAGE}`
  }
}
