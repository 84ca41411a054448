// pnpm chaos [groups] [--mixed] [--seed N] [--messages N] [--kills N] [--keep] [--json]: people as processes over faulty links,
// killed at random. The last line is the verdict as JSON.
// Exit: 0 nothing lost or doubled, 1 otherwise (databases and logs are kept), 2 wrong arguments.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { audit, type Verdict } from './audit.js'
import { auditGroup } from './groups/audit.js'
import { GroupRun } from './groups/run.js'
import { type Options, parseOptions, USAGE } from './options.js'
import { MIXED, PLAIN } from './plan.js'
import { Run } from './run.js'

/** More complaints than that say nothing new. */
const MOST_COMPLAINTS = 20

const { seed, messages, kills, groups, mixed, keep, json } = optionsOrExit()
const folder = mkdtempSync(join(tmpdir(), 'mimir-chaos-'))
const startedMs = performance.now()
const work = { seed, messages, kills, folder, fail }
let complaints = 0
const run = groups ? new GroupRun(work) : new Run({ ...work, plan: mixed ? MIXED : PLAIN })
await run.open()
say(`seed ${seed}: ${run.cast}, ${messages} messages, ${kills} kills`)
await run.work()
say(`${run.accepted} accepted, ${run.kills} kills; waiting for the last to arrive`)
await run.comeToRest()
await run.close()

const verdict = run instanceof GroupRun ? await auditGroup(run.members, run.group, complain) : await countPeople(run)
const good = verdict.lost === 0 && verdict.duplicated === 0 && verdict.handledTwice === 0
if (keep || !good) say(`databases and logs kept in ${folder}`)
else rmSync(folder, { recursive: true, force: true })
const seconds = Math.round((performance.now() - startedMs) / 100) / 10
if (!json)
  for (const [name, value] of Object.entries({ ...verdict, kills: run.kills, seconds }))
    console.log(`${name.padEnd(14)}${String(value).padStart(8)}`)
console.log(JSON.stringify({ ...verdict, kills: run.kills, seed, seconds }))
process.exit(good ? 0 : 1)

/** Without files and edits where there are none. */
async function countPeople(run: Run): Promise<Omit<Verdict, 'files' | 'edits'>> {
  const verdict = await audit(run.devices, complain)
  const { files, edits, ...plain } = verdict
  return mixed ? verdict : plain
}

function complain(line: string): void {
  complaints += 1
  if (complaints <= MOST_COMPLAINTS) console.error(line)
}

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
