// `npm start`: from a bare clone to the main job. Arguments after `--` go to the job; the first may name a variant.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

// Checked before anything newer is parsed: the other files are imported below.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`mimirjs needs Node 20.19 or newer; this is Node ${process.versions.node}`)
  process.exit(1)
}

/** What `npm start` can run: `npm start -- NAME`. */
const VARIANTS = {
  'two-people': { packageName: '@mimirjs/example-two-people', main: 'examples/two-people/dist/main.js' },
  groups: { later: 'group chats over a mediator' },
  overlay: { later: 'two people over the overlay network' },
  chat: { later: 'a chat in the terminal' },
  web: { later: 'a chat between two browsers' },
}

const args = process.argv.slice(2)
const named = args[0] !== undefined && !args[0].startsWith('-')
const name = named ? args.shift() : 'two-people'
const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
if (variant === undefined) {
  console.error(`no variant ${name}; there are ${Object.keys(VARIANTS).join(', ')}`)
  process.exit(2)
}
if (variant.later !== undefined) {
  console.error(`${name} (${variant.later}) comes with a later release`)
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
process.on('SIGHUP', () => job.kill('SIGHUP'))
// A terminal sends Ctrl-C to the job as well; a second one would mean "at once".
process.on('SIGINT', () => process.stdin.isTTY || job.kill('SIGINT'))
job.once('error', (error) => {
  console.error(`mimirjs: ${name} did not start: ${error.message}`)
  process.exit(1)
})
job.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
