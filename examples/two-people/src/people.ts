import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Content } from '@mimirjs/messenger'
import { folder, start } from './processes.js'
import type { Command, PersonSettings, Place, Report } from './protocol.js'
import { short, tell } from './story.js'

const PATIENCE_MS = 60_000

/** A person as the main program sees it: the process may be replaced, the folder and the key stay. */
export class Person {
  readonly name: string
  readonly folder: string
  publicKey = ''
  address = ''
  announcedAddress = ''
  readonly accepted: string[] = []
  readonly delivered = new Set<string>()
  readonly received: Extract<Report, { event: 'received' }>[] = []
  readonly roundTripsMs: number[] = []
  readonly handshakesMs: number[] = []
  waits = 0
  quiet = false
  #process: ChildProcess | undefined
  #tokens = 0
  readonly #acceptedTokens = new Map<number, string>()
  readonly #watchers = new Set<() => void>()

  constructor(name: string) {
    this.name = name
    this.folder = join(folder, name.toLowerCase())
  }

  async start(place: Place): Promise<void> {
    this.address = this.announcedAddress = ''
    const settings: PersonSettings = { ...place, folder: this.folder, name: this.name }
    this.#process = start('person', settings)
    this.#process.on('message', (report: Report) => {
      this.#note(report)
      for (const watcher of this.#watchers) watcher()
    })
    await this.until(() => this.announcedAddress !== '', `${this.name} is announced`)
  }

  #note(report: Report): void {
    switch (report.event) {
      case 'ready':
        this.publicKey = report.publicKey
        this.address = report.address
        break
      case 'announced':
        this.announcedAddress = report.address
        tell(this.name, `announced ${report.address} to the tracker, signed with key ${short(this.publicKey)}`)
        break
      case 'connected':
        this.handshakesMs.push(report.handshakeMs)
        tell(this.name, `connected and authenticated, ${report.handshakeMs.toFixed(1)} ms`)
        break
      case 'waiting':
        this.waits += 1
        if (this.waits === 1) tell(this.name, `cannot reach the other side, keeps the messages and tries again`)
        break
      case 'accepted':
        this.accepted.push(report.id)
        this.#acceptedTokens.set(report.token, report.id)
        break
      case 'delivered':
        this.delivered.add(report.id)
        if (report.roundTripMs !== undefined) this.roundTripsMs.push(report.roundTripMs)
        break
      case 'received':
        this.received.push(report)
        if (this.quiet) break
        if (report.kind === 'image')
          tell(
            this.name,
            `got the picture '${report.text}', ${report.bytes} bytes, ${report.damaged ? 'DAMAGED' : 'hash verified'}`,
          )
        else tell(this.name, `got ${report.replyTo ? 'a reply' : 'a message'}: ${report.text}`)
    }
  }

  /** Resolves with the id once the message is on this person's disk. */
  async send(to: Person, content: Content): Promise<string> {
    const token = ++this.#tokens
    this.#process!.send({ do: 'send', to: to.publicKey, content, token } satisfies Command)
    await this.until(() => this.#acceptedTokens.has(token), `${this.name}'s message is accepted`)
    return this.#acceptedTokens.get(token)!
  }

  /** The process dies at once, with no chance to tidy up. */
  async kill(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#process!.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#process!.send({ do: 'close' } satisfies Command)
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
