// The mediator and the members as the main program sees them: a process may be replaced, folder and key stay.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command, Report, Request } from './protocol.js'
import { tell } from './story.js'

const PATIENCE_MS = 60_000
const children = new Set<ChildProcess>()

/** End every process that was started, at once. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

function start(program: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = fork(file, args, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** The process dies at once, with no chance to tidy up. */
async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

export class MediatorProcess {
  readonly #folder: string
  publicKey = ''
  /** The first start chooses a port, later ones keep it. */
  address = 'tcp://127.0.0.1:0'
  #child: ChildProcess | undefined

  constructor(parent: string) {
    this.#folder = join(parent, 'mediator')
    mkdirSync(this.#folder)
  }

  async start(): Promise<void> {
    this.#child = start('mediator', this.#folder, this.address)
    const [ready] = (await once(this.#child, 'message')) as [{ publicKey: string; address: string }]
    this.publicKey = ready.publicKey
    this.address = ready.address
  }

  kill(): Promise<void> {
    return killed(this.#child!)
  }

  async stop(): Promise<void> {
    const exited = once(this.#child!, 'exit')
    this.#child!.send('close')
    await exited
  }
}

type Done = Extract<Report, { event: 'done' }>

/** What a member did not do when it was asked. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export class Member {
  readonly name: string
  readonly folder: string
  publicKey = ''
  /** An invitation that waits for an answer. */
  invite = ''
  readonly accepted: string[] = []
  readonly delivered = new Set<string>()
  /** Ids of what was received. */
  readonly received = new Set<string>()
  readonly roundTripsMs: number[] = []
  isConnected = false
  isBanned = false
  /** Tells nothing of what it hears. */
  quiet = false
  #child: ChildProcess | undefined
  #tokens = 0
  readonly #answers = new Map<number, Exclude<Report, { event: 'ready' }>>()
  readonly #watchers = new Set<() => void>()

  constructor(name: string, parent: string) {
    this.name = name
    this.folder = join(parent, name.toLowerCase())
  }

  async start(mediator: MediatorProcess): Promise<void> {
    this.isConnected = false
    this.#child = start('member', this.folder, this.name, mediator.publicKey, mediator.address)
    this.#child.on('message', (report: Report) => {
      this.#note(report)
      for (const watcher of this.#watchers) watcher()
    })
    await this.until(() => this.isConnected && this.publicKey !== '', `${this.name} is connected`)
  }

  #note(report: Report): void {
    switch (report.event) {
      case 'ready':
        this.publicKey = report.publicKey
        break
      case 'mediator':
        this.isConnected = report.state === 'up'
        break
      case 'invited':
        this.invite = report.invite
        break
      case 'banned':
        this.isBanned = true
        break
      case 'delivered':
        this.delivered.add(report.id)
        if (report.roundTripMs !== undefined) this.roundTripsMs.push(report.roundTripMs)
        break
      case 'received':
        this.received.add(report.id)
        if (!this.quiet) tell(this.name, `got ${report.isReply ? 'an answer' : 'a message'}: ${report.text}`)
        break
      case 'done':
      case 'refused':
        this.#answers.set(report.token, report)
    }
  }

  /** @throws {Refused} */
  async ask(request: Request): Promise<Done> {
    const token = ++this.#tokens
    this.#child!.send({ ...request, token } satisfies Command)
    await this.until(() => this.#answers.has(token), `${this.name} has done '${request.do}'`)
    const answer = this.#answers.get(token)!
    if (answer.event !== 'done') throw new Refused(answer.event === 'refused' ? answer.reason : answer.event)
    if (request.do === 'send') this.accepted.push(answer.id!)
    return answer
  }

  /** Take what an invitation brings: the key of a group. */
  async join(): Promise<void> {
    await this.until(() => this.invite !== '', `${this.name} is invited`)
    const { invite } = this
    this.invite = ''
    await this.ask({ do: 'join', invite })
  }

  /** Resolves with the id once the message is on this member's disk. */
  async send(text: string): Promise<string> {
    const { id } = await this.ask({ do: 'send', content: text })
    return id!
  }

  kill(): Promise<void> {
    return killed(this.#child!)
  }

  async stop(): Promise<void> {
    const exited = once(this.#child!, 'exit')
    await this.ask({ do: 'close' })
    await exited
  }

  until(test: () => boolean, what: string): Promise<void> {
    if (test()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watcher)
        reject(new Error(`waited ${PATIENCE_MS / 1000} s until ${what}`))
      }, PATIENCE_MS)
      const watcher = (): void => {
        if (!test()) return
        clearTimeout(timer)
        this.#watchers.delete(watcher)
        resolve()
      }
      this.#watchers.add(watcher)
    })
  }
}
