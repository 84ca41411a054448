// `npm start`: from a bare clone to the main job. Arguments after `--` go to the job; the first may name a variant.
// Exit: what the job ends with, 0 when nothing was lost or doubled; 2 wrong arguments.
import './lib/node-version.mjs'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

/**
 * What `npm start` can run: `npm start -- NAME`.
 * @typedef {{ about: string, packageName: string, main: string } | { later: string }} Variant
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
  web: { later: 'a chat between two browsers' },
}

const args = process.argv.slice(2)
const name = args[0] !== undefined && !args[0].startsWith('-') ? String(args.shift()) : 'two-people'
if (args.includes('--help')) {
  console.log('usage: npm start [-- NAME] [--json]')
  for (const [variant, what] of Object.entries(VARIANTS)) console.log(`  ${variant.padEnd(10)}  ${aboutOf(what)}`)
  process.exit(0)
}
const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
if (variant === undefined) {
  const names = Object.entries(VARIANTS)
  const there = names.flatMap(([variant, what]) => ('later' in what ? [] : [variant]))
  const later = names.flatMap(([variant, what]) => ('later' in what ? [variant] : []))
  console.error(`no variant ${name}; there is ${there.join(', ')}; later come ${later.join(', ')}`)
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

/** @param {Variant} variant */
function aboutOf(variant) {
  return 'later' in variant ? `${variant.later}; comes later` : variant.about
}
