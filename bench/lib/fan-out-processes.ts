import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FanOutAnswer, FanOutCall, FanOutServer, Topology } from './fan-out.js'

const ACTOR = new URL('./mediator-actor.js', import.meta.url)

/** A server process and the process of all its clients, connected and ready. */
export class FanOutPair {
  readonly pids: readonly number[]
  readonly #server: End
  readonly #client: End
  readonly #folder: string

  private constructor(server: End, client: End, folder: string) {
    this.#server = server
    this.#client = client
    this.#folder = folder
    this.pids = [server.pid, client.pid]
  }

  static async open(server: FanOutServer, topology: Topology): Promise<FanOutPair> {
    const folder = await mkdtemp(join(tmpdir(), 'mimir-bench-'))
    const pair = new FanOutPair(new End(server, folder), new End(server, folder), folder)
    try {
      const { place } = await pair.#server.call({ do: 'serve', topology })
      await pair.#client.call({ do: 'open', place: place! })
      return pair
    } catch (error) {
      await pair.close()
      throw error
    }
  }

  /** @returns messages per second, and microseconds of the server's CPU time for each */
  async flood(durationMs: number): Promise<{ perSecond: number; cpuUs: number }> {
    const before = await this.#usage()
    const { perSecond } = await this.#client.call({ do: 'flood', durationMs })
    const after = await this.#usage()
    return { perSecond: perSecond!, cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / (after.messages - before.messages) }
  }

  async pace(perSecond: number, durationMs: number): Promise<{ p50Ms: number; p99Ms: number }> {
    const { p50Ms, p99Ms } = await this.#client.call({ do: 'pace', perSecond, durationMs })
    return { p50Ms: p50Ms!, p99Ms: p99Ms! }
  }

  async readPages(durationMs: number): Promise<number> {
    const { perSecond } = await this.#client.call({ do: 'pages', durationMs })
    return perSecond!
  }

  async close(): Promise<void> {
    await Promise.all([this.#server.stop(), this.#client.stop()])
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #usage(): Promise<{ cpuMs: number; messages: number }> {
    const [{ cpuMs }, { messages }] = [await this.#server.call({ do: 'cpu' }), await this.#client.call({ do: 'cpu' })]
    return { cpuMs: cpuMs!, messages: messages! }
  }
}

class End {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  constructor(server: FanOutServer, folder: string) {
    this.#child = fork(ACTOR, [server, folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#exited = once(this.#child, 'exit')
  }

  get pid(): number {
    return this.#child.pid!
  }

  async call(call: FanOutCall): Promise<FanOutAnswer> {
    const answered = once(this.#child, 'message') as Promise<[FanOutAnswer]>
    this.#child.send(call)
    const ended = this.#exited.then((): [FanOutAnswer] => [{ error: 'its process ended' }])
    const [answer] = await Promise.race([answered, ended])
    if (answer.error !== undefined) throw new Error(`${call.do}: ${answer.error}`)
    return answer
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
