// `npm start -- chat`: the chat in this terminal, with a fresh identity and somebody who answers. With --json it runs
// without a terminal and without a person, and says what the databases say.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { smoke } from './smoke.js'
import { createWorld, type World } from './world.js'

const json = process.argv.includes('--json')
const unknown = process.argv.slice(2).filter((argument) => argument !== '--json')
if (unknown.length > 0) refuse(`unknown argument ${unknown[0]}: this program takes --json or nothing`)
if (!json && !(process.stdin.isTTY && process.stdout.isTTY))
  refuse('the chat needs a terminal; with --json it runs without one')

process.on('uncaughtException', (error) => {
  console.error(`the chat failed: ${error.message}`)
  process.exit(1)
})
const world = await createWorld()
process.exitCode = json ? await smokeRun(world) : await chat(world)

/** The chat is a process of its own, as for everybody else; who answers lives in this one. */
async function chat(world: World): Promise<number> {
  console.log(`Your identity for this chat is in ${world.home} and goes when you leave. Echo answers: try /help.`)
  const bin = fileURLToPath(new URL('dist/bin.js', import.meta.resolve('@mimirjs/cli/package.json')))
  const child = spawn(process.execPath, [bin, ...world.args], { stdio: 'inherit' })
  // The terminal tells the chat, too; we stay until it has ended.
  process.on('SIGINT', () => {})
  let isLost = false
  process.on('SIGHUP', () => {
    isLost = true
    child.kill('SIGHUP')
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  await world.close()
  if (isLost) endByHangup(world)
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

/** The terminal is gone, and Node would abort when it finds no terminal to put back: we end as we would have at once. */
function endByHangup(world: World): void {
  world.remove()
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

async function smokeRun(world: World): Promise<number> {
  const startedMs = performance.now()
  const verdict = await smoke(world)
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  const good = verdict.lost === 0 && verdict.duplicated === 0 && verdict.reordered === 0
  console.log(JSON.stringify({ ...verdict, kills: 0, seconds }))
  return good ? 0 : 1
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
