// `npm start`: from a bare clone to the main job. Arguments after `--` go to the job; the first may name a variant.
// Exit: what the job ends with, 0 when nothing was lost or doubled; 2 wrong arguments.
import './lib/node-version.mjs'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'
import { readStart, VARIANTS } from './lib/variants.mjs'

const { name, variant, args, wantsUsage } = readStart(process.argv.slice(2))
if (wantsUsage) {
  console.log('usage: npm start [-- NAME] [--json]')
  for (const [each, { about }] of Object.entries(VARIANTS)) console.log(`  ${each.padEnd(10)}  ${about}`)
  process.exit(0)
}
if (variant === undefined) {
  console.error(`no variant ${name}; there is ${Object.keys(VARIANTS).join(', ')}`)
  process.exit(2)
}

const { buildJs, install, prepare } = await import('./lib/prepare.mjs')
const { root } = await import('./lib/process.mjs')
await prepare(async () => {
  await install('start')
  await buildJs([`${variant.packageName}...`])
})

const job = spawn(process.execPath, [path.join(root, variant.main), ...args], { stdio: 'inherit' })
process.on('SIGTERM', () => job.kill('SIGTERM'))
let isLost = false
process.on('SIGHUP', () => {
  isLost = true
  job.kill('SIGHUP')
})
// A terminal sends Ctrl-C to the job as well; a second one would mean "at once".
process.on('SIGINT', () => process.stdin.isTTY || job.kill('SIGINT'))
job.once('error', (error) => {
  console.error(`mimirjs: ${name} did not start: ${error.message}`)
  process.exit(1)
})
job.once('exit', (code, signal) => {
  if (isLost) {
    // Without a terminal Node would abort when it puts that back: we end as we would have at once.
    process.removeAllListeners('SIGHUP')
    process.kill(process.pid, 'SIGHUP')
  } else process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
})
