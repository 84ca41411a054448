import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CarrierName } from './file-carriers.js'

export type FileCall =
  | { readonly do: 'offer'; readonly path: string }
  | { readonly do: 'fetch'; readonly offer: string }
  | { readonly do: 'measure' }

export interface FileAnswer {
  readonly offer?: string
  readonly elapsedMs?: number
  /** CPU time of the process so far. */
  readonly cpuMs?: number
  /** Most memory that was resident so far. */
  readonly peakBytes?: number
  readonly error?: string
}

/** One transfer. */
export interface FileSample {
  readonly elapsedMs: number
  /** CPU time of both processes, from start to end, without what they need to start. */
  readonly cpuMs: number
  /** Most resident memory of both processes together. */
  readonly peakBytes: number
}

const ACTOR = new URL('./file-actor.js', import.meta.url)

/** Bring the file at `path` from one process to another. @param folder - empty, for what both leave behind */
export async function transfer(carrier: CarrierName, path: string, folder: string): Promise<FileSample> {
  const [sender, receiver] = ['sender', 'receiver'].map((role) => start(carrier, join(folder, role))) as [End, End]
  try {
    const { offer } = await sender.call({ do: 'offer', path })
    const before = await both(sender, receiver)
    const { elapsedMs } = await receiver.call({ do: 'fetch', offer: offer! })
    const after = await both(sender, receiver)
    return { elapsedMs: elapsedMs!, cpuMs: after.cpuMs - before.cpuMs, peakBytes: after.peakBytes }
  } finally {
    await Promise.all([sender.stop(), receiver.stop()])
  }
}

interface End {
  call(call: FileCall): Promise<FileAnswer>
  stop(): Promise<void>
}

async function both(...ends: readonly End[]): Promise<{ cpuMs: number; peakBytes: number }> {
  const sum = { cpuMs: 0, peakBytes: 0 }
  for (const end of ends) {
    const { cpuMs = 0, peakBytes = 0 } = await end.call({ do: 'measure' })
    sum.cpuMs += cpuMs
    sum.peakBytes += peakBytes
  }
  return sum
}

function start(carrier: CarrierName, folder: string): End {
  const child: ChildProcess = fork(ACTOR, [carrier, folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  return {
    async call(call) {
      const answered = once(child, 'message') as Promise<[FileAnswer]>
      child.send(call)
      const ended = exited.then(() => [{ error: `the ${carrier} process ended` }] as [FileAnswer])
      const [answer] = await Promise.race([answered, ended])
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer
    },
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
