import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { killChild, startChild } from './child.js'

/** A server in a process of its own that comes back at the same place after it was killed. */
export class Server {
  readonly #program: string
  readonly #storage: string
  #address: string
  #child: ChildProcess | undefined

  /** @param storage - file or folder that survives */
  constructor(program: string, address: string, storage: string) {
    this.#program = program
    this.#address = address
    this.#storage = storage
  }

  get address(): string {
    return this.#address
  }

  async start(): Promise<void> {
    const child = startChild(this.#program, this.#address, this.#storage)
    const [report] = (await once(child, 'message')) as [{ address: string }]
    this.#child = child
    this.#address = report.address
  }

  async kill(): Promise<void> {
    if (this.#child) await killChild(this.#child)
  }

  async stop(): Promise<void> {
    if (!this.#child) return
    const exited = once(this.#child, 'exit')
    this.#child.send('close')
    await exited
  }
}
