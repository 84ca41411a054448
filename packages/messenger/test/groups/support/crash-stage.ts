import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMediator, type Mediator } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'
import type { Group, HistoryEntry, Messenger, Store } from '../../../src/index.js'
import { openFolderStore } from '../../support/crash/person.js'
import type { CrashPoint } from '../../support/crash/points.js'
import type { Program } from '../../support/crash/program.js'
import type { Order, Report } from './crash-member.js'
import { type MemberOptions, openMember, runsOf } from './member.js'
import { until } from './scene.js'

type Who = 'doomed' | 'other'
/** Without the token, in each of the kinds. */
type Told<O> = O extends unknown ? Omit<O, 'token'> : never

/** A mediator, a member here, and one in a process of its own that is going to die. */
export class GroupStage {
  readonly #program: Program
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'mimir-groups-'))
  readonly #seeds: Readonly<Record<Who, Uint8Array>> = { doomed: generateSeed(), other: generateSeed() }
  readonly #stores: Store[] = []
  readonly #open: Messenger[] = []
  #mediator: Mediator | undefined
  #other: Messenger | undefined
  #revived: Messenger | undefined
  #child: ChildProcess | undefined
  #token = 0
  readonly #waiting = new Map<number, { resolve(result: string): void; reject(error: Error): void }>()

  constructor(program: Program) {
    this.#program = program
    for (const who of ['doomed', 'other'] as const) mkdirSync(this.#folderOf(who))
  }

  get doomedKey(): string {
    return toHex(createSigner(this.#seeds.doomed).publicKey)
  }

  get other(): Messenger {
    if (this.#other === undefined) throw new Error('the other one is not open')
    return this.#other
  }

  /** The doomed one in its second life. */
  get revived(): Messenger {
    if (this.#revived === undefined) throw new Error('the doomed one has not been revived')
    return this.#revived
  }

  async open(): Promise<void> {
    this.#mediator = await createMediator({
      signer: createSigner(generateSeed()),
      transports: new Transports([tcp()]),
      listen: ['tcp://127.0.0.1:0'],
      store: ':memory:',
    })
    this.#other = await this.#openHere('other')
    const child = fork(this.#program.file, [JSON.stringify(this.#options('doomed'))], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has ended'))
      this.#waiting.clear()
    })
    await once(child, 'message')
    child.on('message', ({ token, result = '', error }: Report) => {
      const waiting = this.#waiting.get(token)
      this.#waiting.delete(token)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
  }

  /** A group of the other one that the doomed one is in. */
  async group(): Promise<Group> {
    const group = await this.other.createGroup({ name: 'Everybody' })
    await group.invite(this.doomedKey)
    await this.join()
    return group
  }

  /** Have the doomed one accept the invite that it has got, or gets. */
  async join(): Promise<void> {
    await until(() =>
      this.tell({ do: 'join' }).then(
        () => true,
        (error: unknown) => {
          if (!String(error).includes('there is no invite')) throw error
          return false
        },
      ),
    )
  }

  /** Rejects when the doomed one dies before it is done. */
  tell(order: Told<Order>): Promise<string> {
    const token = ++this.#token
    return new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject })
      this.#child?.send({ ...order, token }, (error) => error && reject(error))
    })
  }

  async arm(point: CrashPoint): Promise<void> {
    await this.tell({ do: 'arm', point })
  }

  /** Resolves when the doomed one has met its end. */
  async death(): Promise<void> {
    const child = this.#child
    if (child === undefined) throw new Error('nobody is doomed')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child.signalCode !== 'SIGKILL') throw new Error(`the process ended with ${child.exitCode}, not at the point`)
  }

  async revive(): Promise<Messenger> {
    this.#revived = await this.#openHere('doomed')
    return this.#revived
  }

  /** What the disk of the dead one has. */
  async look<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store = openFolderStore(this.#folderOf('doomed'))
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }

  runs(text: string): number {
    return runsOf(this.#folderOf('doomed'), text)
  }

  /** Until there is nothing to deliver and nothing to handle on either side. */
  async quiet(): Promise<void> {
    await until(async () => {
      const counts = await Promise.all(this.#stores.map((store) => store.counts()))
      return counts.every(({ undelivered, unhandled }) => undelivered === 0 && unhandled === 0)
    }, 15_000)
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await Promise.all(this.#open.map((messenger) => messenger.close({ timeoutMs: 1_000 })))
    await this.#mediator?.close({ timeoutMs: 500 })
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #openHere(who: Who): Promise<Messenger> {
    const store = openFolderStore(this.#folderOf(who))
    const messenger = await openMember(this.#options(who), { store })
    this.#stores.push(store)
    this.#open.push(messenger)
    return messenger
  }

  #options(who: Who): MemberOptions {
    const { publicKey, addresses } = this.#mediator ?? {}
    if (publicKey === undefined) throw new Error('the mediator is not there')
    return {
      folder: this.#folderOf(who),
      seed: toHex(this.#seeds[who]),
      mediator: { publicKey: toHex(publicKey), address: addresses?.[0] ?? '' },
    }
  }

  #folderOf(who: Who): string {
    return join(this.#folder, who)
  }
}

/** Texts of a history, oldest first, each with its state. */
export async function linesOf(messenger: Messenger, group: string): Promise<string[]> {
  const entries = (await messenger.history(group, { limit: 1_000 })).reverse()
  return entries.filter(({ kind }) => kind !== 'system').map(({ text, state }: HistoryEntry) => `${text}: ${state}`)
}
