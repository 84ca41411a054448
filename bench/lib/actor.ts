import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { StackName } from '../stacks/index.js'
import type { ActorCalls, AnswerMessage, CallMessage } from './actor-calls.js'

const ACTOR = new URL('./actor.js', import.meta.url)

/** Longer than anything a healthy stack needs; a stack that hangs fails the run instead of stopping it for ever. */
const CALL_TIMEOUT_MS = 120_000

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** A server or client process, seen from the benchmark that runs it. */
export class Actor {
  readonly #child: ChildProcess
  readonly #label: string
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(stack: StackName, role: 'server' | 'client') {
    this.#label = `${stack} ${role}`
    this.#child = fork(ACTOR, [stack], { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child.on('message', (message: AnswerMessage) => this.#answered(message))
    this.#child.on('exit', (code, signal) => this.#failAll(new Error(`${this.#label} ended (${signal ?? code})`)))
  }

  get pid(): number {
    return this.#child.pid!
  }

  call<Method extends keyof ActorCalls>(
    method: Method,
    ...[argument]: Parameters<ActorCalls[Method]>
  ): Promise<Awaited<ReturnType<ActorCalls[Method]>>> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`${this.#label} did not answer "${method}" in ${CALL_TIMEOUT_MS} ms`))
      }, CALL_TIMEOUT_MS)
      const settle = () => clearTimeout(timer)
      this.#waiting.set(id, {
        resolve: (result) => {
          settle()
          resolve(result as Awaited<ReturnType<ActorCalls[Method]>>)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      const message: CallMessage = { id, method, argument }
      this.#child.send(message)
    })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  #answered(message: AnswerMessage): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('error' in message) waiting?.reject(new Error(`${this.#label}: ${message.error}`))
    else waiting?.resolve(message.result)
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
  }
}

export interface Pair {
  readonly server: Actor
  readonly client: Actor
  readonly address: string
  readonly pids: readonly number[]
}

/** Run `work` with a fresh server and a fresh client process, and end both. */
export async function withPair<T>(stack: StackName, work: (pair: Pair) => Promise<T>): Promise<T> {
  const server = new Actor(stack, 'server')
  const client = new Actor(stack, 'client')
  try {
    const address = await server.call('serve')
    return await work({ server, client, address, pids: [server.pid, client.pid] })
  } finally {
    await Promise.all([server.stop(), client.stop()])
  }
}
