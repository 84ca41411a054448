import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createFaultyProxy, type FaultyProxy, type StreamFaults } from '@mimirjs/transport/testing'
import { killChild, startChild } from '../child.js'
import type { Command, GroupStatus, Kind, MemberOptions, Report } from './protocol.js'

export interface InstallationContext {
  readonly options: Omit<MemberOptions, 'mediatorAddress' | 'seed'>
  /** Address of the mediator, behind the faulty link. */
  readonly mediatorAddress: string
  readonly faults: StreamFaults
  readonly seed: number
  /** A member did what no fault explains. */
  fail(reason: string): void
}

/** What became of a command: accepted as a message, done, or lost with the process. */
export type Outcome = 'message' | 'done' | 'lost'

/** One member: a process that comes and goes, a folder that stays, and the faulty link between it and the mediator. */
export class Installation {
  readonly name: string
  readonly folder: string
  publicKey = ''
  undelivered = Number.POSITIVE_INFINITY
  unhandled = Number.POSITIVE_INFINITY
  group: GroupStatus | undefined
  /** Answers to {@link invite}. */
  invited = 0
  alive = false
  readonly #context: InstallationContext
  #proxy: FaultyProxy | undefined
  #process: ChildProcess | undefined
  #starts = 0
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()

  constructor(context: InstallationContext) {
    this.#context = context
    this.name = context.options.name
    this.folder = context.options.folder
  }

  /** Resolves when the process is ready, or has ended. */
  async start(): Promise<void> {
    const { options, seed, faults, mediatorAddress, fail } = this.#context
    this.#proxy ??= await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target: mediatorAddress, faults, seed })
    const starting = { ...options, mediatorAddress: this.#proxy.address, seed: seed * 1000 + ++this.#starts }
    const child = startChild('groups/member', JSON.stringify(starting))
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
          this.alive = true
          resolve()
        } else this.#note(report)
      })
    })
  }

  create(): void {
    this.#tell({ do: 'create' })
  }

  invite(person: string): void {
    this.#tell({ do: 'invite', person })
  }

  changeRole(person: string, isModerator: boolean): void {
    this.#tell({ do: 'role', person, isModerator })
  }

  send(kind: Kind, token: number): Promise<Outcome> {
    if (!this.alive) return Promise.resolve('lost')
    return new Promise((resolve) => {
      this.#waiting.set(token, resolve)
      this.#tell({ do: 'send', kind, token })
    })
  }

  cut(): void {
    this.#proxy?.cut()
  }

  kill(): Promise<void> {
    this.alive = false
    return this.#process ? killChild(this.#process) : Promise.resolve()
  }

  askStatus(): void {
    this.#tell({ do: 'status' })
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
    switch (report.event) {
      case 'status':
        this.undelivered = report.undelivered
        this.unhandled = report.unhandled
        this.group = report.group
        return
      case 'invited':
        this.invited += 1
        return
      case 'rejected':
        this.#context.fail(`${this.name} did not accept a message: ${report.reason}`)
        break
      case 'accepted':
        this.#waiting.get(report.token)?.(report.isMessage ? 'message' : 'done')
        this.#waiting.delete(report.token)
    }
  }

  #tell(command: Command): void {
    if (this.#process?.connected) this.#process.send(command, () => {})
  }
}
