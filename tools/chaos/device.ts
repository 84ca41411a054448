import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createFaultyProxy, type FaultyProxy, type StreamFaults } from '@mimirjs/transport/testing'
import { killChild, startChild } from './child.js'
import type { Kind } from './content.js'
import type { Command, DeviceOptions, Report } from './protocol.js'

export interface DeviceContext {
  readonly options: Omit<DeviceOptions, 'announce' | 'seed'>
  readonly faults: StreamFaults
  readonly seed: number
  /** A device did what no fault explains. */
  fail(reason: string): void
}

/** What became of a command: accepted as a message, done, or lost with the process. */
export type Outcome = 'message' | 'done' | 'lost'

/** One installation: a process that comes and goes, a folder that stays, and the faulty link in front of it. */
export class Device {
  readonly name: string
  readonly folder: string
  publicKey = ''
  undelivered = Number.POSITIVE_INFINITY
  unhandled = Number.POSITIVE_INFINITY
  /** Ids of messages whose file is not where it belongs; `undefined` until it has told. */
  files: readonly string[] | undefined
  alive = false
  readonly #context: DeviceContext
  #proxy: FaultyProxy | undefined
  #target = 'tcp://127.0.0.1:9'
  #process: ChildProcess | undefined
  #starts = 0
  #moves = 0
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()

  constructor(context: DeviceContext) {
    this.#context = context
    this.name = context.options.name
    this.folder = context.options.folder
  }

  /** Resolves when the process is ready, or has ended. */
  async start(): Promise<void> {
    const { options, seed, fail } = this.#context
    this.#proxy ??= await this.#openProxy()
    const argument = { ...options, announce: this.#proxy.address, seed: seed * 1000 + ++this.#starts }
    const child = startChild('person', JSON.stringify(argument))
    this.#process = child
    child.on('exit', (code) => {
      this.alive = false
      if (code !== null && code !== 0) fail(`${this.name} exited with code ${code}`)
      for (const settle of this.#waiting.values()) settle('lost')
      this.#waiting.clear()
    })
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.on('message', (report: Report) => {
        if (report.event === 'ready') {
          this.publicKey = report.publicKey
          this.#target = report.address
          if (this.#proxy) this.#proxy.target = report.address
          this.alive = true
          resolve()
        } else this.#note(report)
      })
    })
  }

  send(kind: Kind, to: string, token: number): Promise<Outcome> {
    if (!this.alive) return Promise.resolve('lost')
    return new Promise((resolve) => {
      this.#waiting.set(token, resolve)
      this.#tell({ do: 'send', kind, to, token })
    })
  }

  cut(): void {
    this.#proxy?.cut()
  }

  /** Be somewhere else: what goes through the old place ends, and nobody finds us there any more. */
  async move(): Promise<void> {
    const before = this.#proxy
    this.#proxy = await this.#openProxy()
    this.#tell({ do: 'move', announce: this.#proxy.address })
    await before?.close()
  }

  kill(): Promise<void> {
    this.alive = false
    return this.#process ? killChild(this.#process) : Promise.resolve()
  }

  askStatus(): void {
    this.#tell({ do: 'status' })
  }

  /** @param gone - ids of deleted messages: nobody can get their files any more */
  isQuiet(gone: ReadonlySet<string>): boolean {
    return this.undelivered === 0 && this.unhandled === 0 && this.files?.every((id) => gone.has(id)) === true
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (!child || !this.alive) return
    const exited = once(child, 'exit')
    this.#tell({ do: 'close' })
    await exited
  }

  async closeLink(): Promise<void> {
    await this.#proxy?.close()
  }

  #note(report: Exclude<Report, { event: 'ready' }>): void {
    if (report.event === 'status') {
      this.undelivered = report.undelivered
      this.unhandled = report.unhandled
      this.files = report.files
      return
    }
    if (report.event === 'rejected') this.#context.fail(`${this.name} did not accept a message: ${report.reason}`)
    const isMessage = report.event === 'accepted' && report.isMessage
    this.#waiting.get(report.token)?.(isMessage ? 'message' : 'done')
    this.#waiting.delete(report.token)
  }

  #openProxy(): Promise<FaultyProxy> {
    const { faults, seed } = this.#context
    return createFaultyProxy({
      listen: 'tcp://127.0.0.1:0',
      target: this.#target,
      faults,
      seed: seed * 100 + ++this.#moves,
    })
  }

  #tell(command: Command): void {
    if (this.#process?.connected) this.#process.send(command, () => {})
  }
}
