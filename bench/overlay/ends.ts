import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  GoNode,
  inNamespace,
  type LoadReport,
  type LoadRun,
  type MemoryReport,
} from '../../interop/yggdrasil/go-node.js'
import type { OverlayAnswer, OverlayCall, OverlayCalls, StartOptions } from './calls.js'

const ACTOR = new URL('./yggdrasil-actor.js', import.meta.url)
/** Longer than anything here takes; what hangs fails the run instead of stopping it for ever. */
const CALL_TIMEOUT_MS = 180_000

/** A node of either kind in a process of its own. */
export interface End {
  readonly pid: number
  /** Hex. */
  readonly publicKey: string
  readonly listening: readonly string[]
  /** @returns milliseconds until the first answer, by key as hex */
  ping(keys: readonly string[], timeoutMs: number, everyMs: number): Promise<Map<string, number>>
  load(key: string, run: LoadRun): Promise<LoadReport>
  cpuMs(): Promise<number>
  memory(): Promise<MemoryReport>
  /** Idle nodes in the same process, each with this peer. */
  more(count: number, uri: string): Promise<void>
  stop(): Promise<void>
}

export type Kind = 'ours' | 'go'

/** @param program - the built Go node */
export function startEnd(kind: Kind, program: string, options: StartOptions = {}): Promise<End> {
  return kind === 'ours' ? OurEnd.start(options) : GoEnd.start(program, options)
}

/** A process with nodes of ours. */
export class OurProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #lastId = 0

  /** @param namespace - run it inside this network namespace */
  constructor(namespace?: string) {
    const [execPath, before] = inNamespace(namespace, process.execPath, [])
    this.#child = fork(ACTOR, [], {
      execPath,
      execArgv: [...before, '--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (answer: OverlayAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('error' in answer) waiting?.reject(new Error(answer.error))
      else waiting?.resolve(answer.result)
    })
    this.#child.on('exit', (code, signal) => {
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const { reject } of waiting) reject(new Error(`a node of ours ended (${signal ?? code})`))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  call<Method extends keyof OverlayCalls>(
    method: Method,
    ...[argument]: Parameters<OverlayCalls[Method]>
  ): ReturnType<OverlayCalls[Method]> {
    const id = ++this.#lastId
    const answer = new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`a node of ours did not answer ${method} in ${CALL_TIMEOUT_MS} ms`))
      const timer = setTimeout(late, CALL_TIMEOUT_MS)
      this.#waiting.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      const call: OverlayCall = { id, method, argument }
      this.#child.send(call)
    })
    return answer as ReturnType<OverlayCalls[Method]>
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

class OurEnd implements End {
  readonly publicKey: string
  readonly listening: readonly string[]
  readonly #process: OurProcess

  private constructor(process: OurProcess, publicKey: string, listening: readonly string[]) {
    this.#process = process
    this.publicKey = publicKey
    this.listening = listening
  }

  static async start(options: StartOptions): Promise<OurEnd> {
    const process = new OurProcess()
    const { publicKey, listening } = await process.call('start', options)
    return new OurEnd(process, publicKey, listening)
  }

  get pid(): number {
    return this.#process.pid
  }

  async ping(keys: readonly string[], timeoutMs: number, everyMs: number): Promise<Map<string, number>> {
    return new Map(await this.#process.call('ping', { keys, timeoutMs, everyMs }))
  }

  load(key: string, run: LoadRun): Promise<LoadReport> {
    return this.#process.call('load', { key, run })
  }

  cpuMs(): Promise<number> {
    return this.#process.call('cpuMs')
  }

  memory(): Promise<MemoryReport> {
    return this.#process.call('memory')
  }

  more(count: number, uri: string): Promise<void> {
    return this.#process.call('more', { count, uri })
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

class GoEnd implements End {
  readonly #node: GoNode

  private constructor(node: GoNode) {
    this.#node = node
  }

  static async start(program: string, options: StartOptions): Promise<GoEnd> {
    return new GoEnd(await GoNode.start(program, options))
  }

  get pid(): number {
    return this.#node.pid
  }

  get publicKey(): string {
    return this.#node.publicKey
  }

  get listening(): readonly string[] {
    return this.#node.listening
  }

  ping(keys: readonly string[], timeoutMs: number, everyMs: number): Promise<Map<string, number>> {
    return this.#node.ping(keys.map(bytes), timeoutMs, everyMs)
  }

  load(key: string, run: LoadRun): Promise<LoadReport> {
    return this.#node.load(bytes(key), run)
  }

  cpuMs(): Promise<number> {
    return this.#node.cpuMs()
  }

  memory(): Promise<MemoryReport> {
    return this.#node.memory()
  }

  more(count: number, uri: string): Promise<void> {
    return this.#node.startMore(count, uri)
  }

  stop(): Promise<void> {
    return this.#node.stop()
  }
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
