// `npm start`: from a bare clone to the main job. Arguments after `--` go to the job; the first may name a variant.
// Exit: what the job ends with, 0 when nothing was lost or doubled; 2 wrong arguments.
import './lib/node-version.mjs'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

/**
 * What `npm start` can run: `npm start -- NAME`.
 * @typedef {{ about: string, packageName: string, main: string }} Variant
 * @type {Record<string, Variant>}
 */
const VARIANTS = {
  'two-people': {
    about: 'two people find each other, talk, one is killed, nothing is lost',
    packageName: '@mimirjs/example-two-people',
    main: 'examples/two-people/dist/main.js',
  },
  chat: {
    about: 'a chat in the terminal, with somebody who answers',
    packageName: '@mimirjs/example-chat',
    main: 'examples/chat/dist/main.js',
  },
  groups: {
    about: 'a group over a mediator: roles, a ban, somebody who catches up, a mediator that is killed',
    packageName: '@mimirjs/example-groups',
    main: 'examples/groups/dist/main.js',
  },
  overlay: {
    about: 'two people over Yggdrasil, through a real yggdrasil-go node where there is Go',
    packageName: '@mimirjs/example-two-people',
    main: 'examples/two-people/dist/overlay.js',
  },
  web: {
    about: 'a chat between browsers: serves the page and a server where they meet, and says where',
    packageName: '@mimirjs/example-web-chat',
    main: 'examples/web-chat/dist/main.js',
  },
}

const args = process.argv.slice(2)
const name = args[0] !== undefined && !args[0].startsWith('-') ? String(args.shift()) : 'two-people'
if (args.includes('--help')) {
  console.log('usage: npm start [-- NAME] [--json]')
  for (const [variant, what] of Object.entries(VARIANTS)) console.log(`  ${variant.padEnd(10)}  ${what.about}`)
  process.exit(0)
}
const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
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
