// `npm start`: from a bare clone to the main job. Arguments after `--` go to the job; the first may name a variant.
import './lib/node-version.mjs'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

/**
 * What `npm start` can run: `npm start -- NAME`.
 * @type {Record<string, { packageName: string, main: string } | { later: string }>}
 */
const VARIANTS = {
  'two-people': { packageName: '@mimirjs/example-two-people', main: 'examples/two-people/dist/main.js' },
  groups: { later: 'group chats over a mediator' },
  overlay: { later: 'two people over the overlay network' },
  chat: { later: 'a chat in the terminal' },
  web: { later: 'a chat between two browsers' },
}

const args = process.argv.slice(2)
const name = args[0] !== undefined && !args[0].startsWith('-') ? String(args.shift()) : 'two-people'
const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
if (variant === undefined) {
  console.error(`no variant ${name}; there are ${Object.keys(VARIANTS).join(', ')}`)
  process.exit(2)
}
if ('later' in variant) {
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
job.once('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
