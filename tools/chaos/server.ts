import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { killChild, startChild } from './child.js'

/** A server in a process of its own that comes back at the same place after it was killed. */
export class Server {
  readonly #program: string
  readonly #storage: string
  #address: string
  #publicKey = ''
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

  /** 64 hex digits; empty for a server without a key. */
  get publicKey(): string {
    return this.#publicKey
  }

  async start(): Promise<void> {
    const child = startChild(this.#program, this.#address, this.#storage)
    const [report] = (await once(child, 'message')) as [{ address: string; publicKey?: string }]
    this.#child = child
    this.#address = report.address
    this.#publicKey = report.publicKey ?? ''
  }

  /** Ask a server that is there and answers one question at a time. */
  async ask<Answer>(question: object): Promise<Answer> {
    const answered = once(this.#child!, 'message')
    this.#child!.send(question)
    const [answer] = (await answered) as [Answer]
    return answer
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
