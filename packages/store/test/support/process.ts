import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildTask } from './child.js'

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url))

export interface Child {
  /** Let one that waits begin. */
  go(): void
  /** The next line it says; `undefined` when it has ended. */
  line(): Promise<string | undefined>
  kill(): Promise<void>
}

/** Start `child.ts` from source. */
export function startChild(task: ChildTask): Child {
  const args = ['--conditions=mimir:source', '--import', import.meta.resolve('tsx'), PROGRAM, JSON.stringify(task)]
  const process_: ChildProcess = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(process_, 'exit')
  const lines = createInterface({ input: process_.stdout! })[Symbol.asyncIterator]()
  return {
    go: () => process_.stdin!.write('go\n'),
    line: async () => {
      const next = await lines.next()
      return next.done === true ? undefined : next.value
    },
    kill: async () => {
      process_.kill('SIGKILL')
      await ended
    },
  }
}
