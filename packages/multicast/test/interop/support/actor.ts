import { fileURLToPath } from 'node:url'
import { JsonProcess } from '../../../../../interop/json-process.js'
import type { Namespace } from '../../../../../interop/multicast/namespaces.js'
import type { ActorCalls } from './actor-protocol.js'

const PROGRAM = fileURLToPath(new URL('actor-program.ts', import.meta.url))
/** The command that runs a program of ours from its sources. */
export const NODE: readonly string[] = [
  process.execPath,
  '--conditions=mimir:source',
  '--import',
  import.meta.resolve('tsx'),
]

/** A process of ours in a network namespace. */
export class Actor {
  readonly #process: JsonProcess<unknown>

  private constructor(process: JsonProcess<unknown>) {
    this.#process = process
  }

  static async start(namespace: Namespace): Promise<Actor> {
    const [file = '', ...args] = [...namespace.prefix, ...NODE, PROGRAM]
    return new Actor(await JsonProcess.start(file, args, {}))
  }

  /** @throws {ProgramError} with the error of what was called */
  call<Name extends keyof ActorCalls>(
    name: Name,
    argument: Parameters<ActorCalls[Name]>[0],
  ): Promise<ReturnType<ActorCalls[Name]>> {
    return this.#process.call({ do: name, with: argument })
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}
