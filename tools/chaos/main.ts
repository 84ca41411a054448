// pnpm chaos [--mixed] [--seed N] [--messages N] [--kills N] [--keep] [--json]: people as processes over faulty links,
// killed at random. The last line is the verdict as JSON.
// Exit: 0 nothing lost or doubled, 1 otherwise (databases and logs are kept), 2 wrong arguments.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { audit } from './audit.js'
import { type Options, parseOptions, USAGE } from './options.js'
import { MIXED, PLAIN } from './plan.js'
import { Run } from './run.js'

/** More complaints than that say nothing new. */
const MOST_COMPLAINTS = 20

const { seed, messages, kills, mixed, keep, json } = optionsOrExit()
const folder = mkdtempSync(join(tmpdir(), 'mimir-chaos-'))
const startedMs = performance.now()
const plan = mixed ? MIXED : PLAIN

const run = new Run({ plan, seed, messages, kills, folder, fail })
await run.open()
const servers = plan.hasFileServer ? 'a tracker and a file server' : 'a tracker'
const devices = run.devices.length > plan.people.length ? `, ${run.devices.length} devices` : ''
say(`seed ${seed}: ${plan.people.length} people${devices}, ${servers}, ${messages} messages, ${kills} kills`)
await run.work()
say(`${run.accepted} accepted, ${run.kills} kills; waiting for the last to arrive`)
await run.comeToRest()
await run.close()

let complaints = 0
const verdict = await audit(run.devices, (line) => {
  complaints += 1
  if (complaints <= MOST_COMPLAINTS) console.error(line)
})
const good = verdict.lost === 0 && verdict.duplicated === 0 && verdict.handledTwice === 0
if (keep || !good) say(`databases and logs kept in ${folder}`)
else rmSync(folder, { recursive: true, force: true })
const seconds = Math.round((performance.now() - startedMs) / 100) / 10
const { files, edits, ...plain } = verdict
const counts = mixed ? verdict : plain
if (!json)
  for (const [name, value] of Object.entries({ ...counts, kills: run.kills, seconds }))
    console.log(`${name.padEnd(14)}${String(value).padStart(8)}`)
console.log(JSON.stringify({ ...counts, kills: run.kills, seed, seconds }))
process.exit(good ? 0 : 1)

function optionsOrExit(): Options {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (!options.help) return options
    console.log(USAGE)
  } catch (error) {
    console.error(`chaos: ${(error as Error).message}; see pnpm chaos --help`)
    process.exit(2)
  }
  process.exit(0)
}

function fail(reason: string): never {
  console.error(reason)
  console.error(`databases and logs kept in ${folder}`)
  process.exit(1)
}

function say(line: string): void {
  if (!json) console.log(line)
}
