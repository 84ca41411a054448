// The processes of the demonstration: nobody outlives the main program, and its folder goes with it.
import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where everybody's folder is. */
export const folder: string = mkdtempSync(join(tmpdir(), 'mimir-two-people-'))
const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
process.on('uncaughtException', (error) => {
  console.error(`the demonstration failed: ${error.message}`)
  process.exit(1)
})

/** Start a program of this folder in a process of its own. `settings` reaches it as JSON. */
export function start(program: string, settings: object): ChildProcess {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  return owned(
    fork(file, [JSON.stringify(settings)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
}

/** Start a program that is not ours. */
export function startForeign(program: string, options: SpawnOptions): ChildProcess {
  return owned(spawn(program, options))
}

function owned(child: ChildProcess): ChildProcess {
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** Whether `--json` was given. Anything else ends the program. */
export function wantsJson(): boolean {
  const [unknown] = process.argv.slice(2).filter((argument) => argument !== '--json')
  if (unknown !== undefined) {
    console.error(`unknown argument ${unknown}: this program takes --json or nothing`)
    process.exit(2)
  }
  return process.argv.includes('--json')
}
