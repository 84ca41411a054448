import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly process: ChildProcess
  /** The next line it says; `undefined` when it has ended. */
  line(): Promise<string | undefined>
  /** SIGKILL. @returns what it had said and nobody had asked for */
  kill(): Promise<string[]>
}

/** Start a program of this folder from source. */
export function startChild(file: string, ...args: string[]): Child {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const node = ['--conditions=mimir:source', '--import', import.meta.resolve('tsx'), path, ...args]
  const child = spawn(process.execPath, node, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string | undefined> => {
    const next = await lines.next()
    return next.done === true ? undefined : next.value
  }
  return {
    process: child,
    line,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
      const rest: string[] = []
      for (let next = await line(); next !== undefined; next = await line()) rest.push(next)
      return rest
    },
  }
}
