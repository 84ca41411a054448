import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { type Generation, toHex } from '@mimirjs/wire'
import type { Messenger, Store } from '../../../src/index.js'
import type { Order, Report } from '../crash-person.js'
import { HANDLED_LOG, labelOf, openFolderStore, openPerson, type PersonOptions } from './person.js'
import type { CrashPoint } from './points.js'
import type { Program } from './program.js'

/** One side's view of the other, as its database has it. */
export interface View {
  /** Texts we sent, in order, each with its state. */
  readonly sent: readonly string[]
  /** Texts we received, in order, each with its state. */
  readonly received: readonly string[]
  readonly notes: readonly string[]
  readonly kind: string
}

const ALL = { limit: 1_000 }

export async function viewOf(store: Store, peer: string): Promise<View> {
  const rows = (await store.history(peer, ALL)).reverse()
  const texts = (outgoing: boolean): string[] =>
    rows
      .filter((row) => row.outgoing === outgoing)
      .map(({ payload, state }) => `${labelOf(Buffer.from(payload).toString())}: ${state}`)
  return {
    sent: texts(true),
    received: texts(false),
    notes: (await store.contactNotes({ peer })).map(({ kind }) => kind),
    kind: (await store.contact(peer))?.kind ?? 'unknown',
  }
}

interface Party {
  readonly messenger: Messenger
  readonly store: Store
  readonly address: string
}

/** Two people, one of them in a process of its own that is going to die. */
export class Stage {
  readonly generation: Generation
  readonly #program: Program
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'mimir-crash-'))
  readonly #seeds: Readonly<Record<'doomed' | 'other', Uint8Array>> = { doomed: generateSeed(), other: generateSeed() }
  #other: Party | undefined
  #revived: Party | undefined
  #child: ChildProcess | undefined
  #fileServerAddress: string | undefined
  #token = 0
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()

  constructor(program: Program, generation: Generation) {
    this.#program = program
    this.generation = generation
    for (const who of ['doomed', 'other'] as const) mkdirSync(this.folderOf(who))
  }

  get doomedKey(): string {
    return toHex(createSigner(this.#seeds.doomed).publicKey)
  }

  get otherKey(): string {
    return toHex(createSigner(this.#seeds.other).publicKey)
  }

  get other(): Messenger {
    return required(this.#other, 'the other side is not open').messenger
  }

  /** The doomed one in its second life. */
  get revived(): Messenger {
    return required(this.#revived, 'the doomed one has not been revived').messenger
  }

  /** @param fileServerAddress - with it, files go there */
  async open(
    contactRequests: Readonly<Record<'doomed' | 'other', 'ask' | 'accept'>>,
    fileServerAddress?: string,
  ): Promise<void> {
    this.#fileServerAddress = fileServerAddress
    this.#other = await this.#openHere('other', contactRequests.other)
    const options = this.#options('doomed', contactRequests.doomed, this.#other.address)
    const child = fork(this.#program.file, [JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#child = child
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has ended'))
      this.#waiting.clear()
    })
    const [ready] = (await once(child, 'message')) as [Extract<Report, { event: 'ready' }>]
    child.on('message', (report: Report) => this.#note(report))
    this.other.addAddress(this.doomedKey, ready.address)
  }

  /** Have the doomed one do something. Rejects when it dies before it was done. */
  call(method: Extract<keyof Messenger, string>, ...args: readonly unknown[]): Promise<unknown> {
    return this.#tell((token) => ({ do: 'call', token, method, args }))
  }

  async arm(point: CrashPoint): Promise<void> {
    await this.#tell((token) => ({ do: 'arm', token, point }))
  }

  /** Resolves when the doomed one has met its end. */
  async death(): Promise<void> {
    const child = required(this.#child, 'nobody is doomed')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child.signalCode !== 'SIGKILL') throw new Error(`the process ended with ${child.exitCode}, not at the point`)
  }

  /** What is on the disk of the dead one. */
  async doomedView(): Promise<View> {
    if (this.#revived) return viewOf(this.#revived.store, this.otherKey)
    const store = openFolderStore(this.folderOf('doomed'))
    try {
      return await viewOf(store, this.otherKey)
    } finally {
      await store.close()
    }
  }

  otherView(): Promise<View> {
    return viewOf(required(this.#other, 'the other side is not open').store, this.doomedKey)
  }

  async revive(contactRequests: 'ask' | 'accept'): Promise<void> {
    this.#revived = await this.#openHere('doomed', contactRequests)
    this.revived.addAddress(this.otherKey, required(this.#other, 'the other side is not open').address)
    this.other.addAddress(this.doomedKey, this.#revived.address)
  }

  /** Until there is nothing to deliver and nothing to handle on either side. */
  async quiet(): Promise<void> {
    const parties = [this.#other, this.#revived].filter((party) => party !== undefined)
    await until(async () => {
      const counts = await Promise.all(parties.map(({ store }) => store.counts()))
      return counts.every(({ undelivered, unhandled }) => undelivered === 0 && unhandled === 0)
    })
  }

  folderOf(who: 'doomed' | 'other'): string {
    return join(this.#folder, who)
  }

  /** How often a handler of the doomed one began with a text, and how often it ended. */
  runs(text: string): { began: number; ended: number } {
    const file = join(this.folderOf('doomed'), HANDLED_LOG)
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    const count = (line: string): number => lines.filter((one) => one === line).length
    return { began: count(`began ${text}`), ended: count(`ended ${text}`) }
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const parties = [this.#other, this.#revived].filter((party) => party !== undefined)
    await Promise.all(parties.map(({ messenger }) => messenger.close({ timeoutMs: 1_000 })))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #openHere(who: 'doomed' | 'other', contactRequests: 'ask' | 'accept'): Promise<Party> {
    const store = openFolderStore(this.folderOf(who))
    const options = this.#options(who, contactRequests, undefined)
    return { store, ...(await openPerson(options, { store })) }
  }

  #options(who: 'doomed' | 'other', contactRequests: 'ask' | 'accept', address: string | undefined): PersonOptions {
    const other = address === undefined ? undefined : { peer: this.otherKey, address }
    return {
      folder: this.folderOf(who),
      seed: toHex(this.#seeds[who]),
      generation: this.generation,
      contactRequests,
      other,
      fileServerAddress: this.#fileServerAddress,
    }
  }

  #tell(order: (token: number) => Order): Promise<unknown> {
    const token = ++this.#token
    return new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject })
      this.#child?.send(order(token), (error) => error && reject(error))
    })
  }

  #note(report: Report): void {
    if (report.event === 'ready') return
    const waiting = this.#waiting.get(report.token)
    this.#waiting.delete(report.token)
    if (report.event === 'done') waiting?.resolve(report.result)
    else waiting?.reject(new Error(report.reason))
  }
}

export async function until(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

function required<T>(value: T | undefined, why: string): T {
  if (value === undefined) throw new Error(why)
  return value
}
