import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { findGo } from '../../../interop/go.js'
import { buildPrograms } from '../../../interop/yggdrasil/go.js'
import { start, startForeign } from './processes.js'

export interface Middle {
  readonly kind: 'yggdrasil-go' | 'mimirjs'
  /** For people: what it is, and why. */
  readonly about: string
  /** URI that others peer with. */
  readonly address: string
  stop(): Promise<void>
}

const LISTEN = 'tcp://127.0.0.1:0'

/** The node that everybody is connected to, and nobody is on: the real one, if this machine has Go to build it with. */
export async function startMiddle(): Promise<Middle> {
  if (findGo() === undefined) return startOurs('this machine has no Go to build yggdrasil-go with')
  try {
    return await startGo(buildPrograms().node)
  } catch (error) {
    return startOurs(`yggdrasil-go could not be built: ${(error as Error).message.split('\n')[0]}`)
  }
}

async function startGo(program: string): Promise<Middle> {
  const child = startForeign(program, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, YGG_LISTEN: LISTEN },
  })
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
  const { listen } = JSON.parse(line) as { listen: string[] }
  const stop = async (): Promise<void> => {
    // It ends with its standard input.
    child.stdin!.end()
    await ended(child)
  }
  return { kind: 'yggdrasil-go', about: `yggdrasil-go on ${listen[0]}`, address: listen[0]!, stop }
}

async function startOurs(why: string): Promise<Middle> {
  const child = start('middle', { listen: LISTEN })
  const [{ listen }] = (await once(child, 'message')) as [{ listen: string }]
  const stop = async (): Promise<void> => {
    child.send('close')
    await ended(child)
  }
  return { kind: 'mimirjs', about: `one of our nodes on ${listen}, for ${why}`, address: listen, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
