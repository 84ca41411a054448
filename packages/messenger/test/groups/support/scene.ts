import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateSeed, type Signer } from '@mimirjs/crypto'
import { createMediator, type Mediator, type MediatorLimits, type Moderation } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { toHex } from '@mimirjs/wire'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import { afterEach } from 'vitest'
import {
  createMemoryStore,
  type Group,
  type GroupEvent,
  type GroupInvite,
  type HistoryEntry,
  type IncomingMessage,
  type MediatorAddress,
  Messenger,
  type MessengerOptions,
  type Store,
} from '../../../src/index.js'

const scenes: Scene[] = []
afterEach(async () => {
  await Promise.all(scenes.splice(0).map((scene) => scene.close()))
})

export interface SceneOptions {
  readonly moderation?: Moderation
  readonly limits?: Partial<MediatorLimits>
  /** There is no mediator until {@link Scene.start}. */
  readonly isAway?: boolean
  /** What everybody speaks. Default `tlv-push`. */
  readonly dialect?: MediatorDialect
  /** Keep the mediator's database in a file, so that it can be restarted. */
  readonly isKept?: boolean
}

/** A mediator, and people in its groups, without sockets. */
export class Scene {
  readonly network = createMemoryNetwork()
  readonly signer: Signer = createSigner(generateSeed())
  readonly #options: SceneOptions
  readonly #folder: string | undefined
  readonly #people = new Set<Messenger>()
  #mediator: Mediator | undefined

  constructor(options: SceneOptions) {
    this.#options = options
    this.#folder = options.isKept ? mkdtempSync(join(tmpdir(), 'mimir-scene-')) : undefined
  }

  /** Where the mediator is. */
  get address(): MediatorAddress {
    const { dialect } = this.#options
    return { publicKey: toHex(this.signer.publicKey), address: 'memory://mediator', ...(dialect && { dialect }) }
  }

  get mediator(): Mediator {
    if (this.#mediator === undefined) throw new Error('the mediator is not there')
    return this.#mediator
  }

  async start(): Promise<void> {
    const { moderation, limits, dialect } = this.#options
    this.#mediator = await createMediator({
      signer: this.signer,
      transports: new Transports([this.network.streams]),
      listen: [{ address: 'memory://mediator', ...(dialect === 'tlv' && { tlvDialect: dialect }) }],
      store: this.#folder === undefined ? ':memory:' : join(this.#folder, 'mediator.sqlite'),
      durability: 'process',
      ...(moderation && { moderation }),
      limits: { chatsPerHour: 1_000, chatsPerHourPerSource: 1_000, ...limits },
    })
  }

  async stop(): Promise<void> {
    await this.#mediator?.close({ timeoutMs: 500 })
    this.#mediator = undefined
  }

  /** Give the same signer and store again and it is the same person after a restart. */
  async person(options: MessengerOptions = {}, folder = 'unused'): Promise<Person> {
    const signer = options.signer ?? createSigner(generateSeed())
    const store = options.store ?? keepOpen(createMemoryStore())
    const messenger = await Messenger.open(folder, {
      transports: new Transports([this.network.streams]),
      mediators: [this.address],
      retry: { minMs: 5, maxMs: 50 },
      ...options,
      signer,
      store,
    })
    this.#people.add(messenger)
    return new Person(messenger, signer, store, this)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#people].map((messenger) => messenger.close({ timeoutMs: 1_000 })))
    await this.stop()
    if (this.#folder) rmSync(this.#folder, { recursive: true })
  }
}

/** Somebody with a messenger, and what a test wants of them. */
export class Person {
  readonly messenger: Messenger
  readonly signer: Signer
  readonly store: Store
  readonly events: GroupEvent[] = []
  readonly errors: Error[] = []
  readonly #scene: Scene

  constructor(messenger: Messenger, signer: Signer, store: Store, scene: Scene) {
    this.messenger = messenger
    this.signer = signer
    this.store = store
    this.#scene = scene
    messenger.on('group', (event) => this.events.push(event))
    messenger.on('error', (error) => this.errors.push(error))
  }

  get key(): string {
    return this.messenger.publicKey
  }

  /** Wait for an invite into this group, and accept it. */
  async join(group: Group): Promise<Group> {
    const invite = await this.invited(group)
    return this.messenger.joinGroup(invite)
  }

  async invited(group: Group): Promise<GroupInvite> {
    return until(async () => (await this.messenger.groupInvites()).find((invite) => invite.group === group.id))
  }

  /** Texts of the history, oldest first, without what the mediator says. */
  async texts(group: Group | string): Promise<string[]> {
    return (await this.entries(group)).filter(({ kind }) => kind !== 'system').map(({ text }) => text)
  }

  async entries(group: Group | string): Promise<HistoryEntry[]> {
    const id = typeof group === 'string' ? group : group.id
    return (await this.messenger.history(id, { limit: 10_000 })).reverse()
  }

  /** Until the history of the group has these texts. */
  async sees(group: Group | string, texts: readonly string[]): Promise<void> {
    let seen: string[] = []
    await until(async () => {
      seen = await this.texts(group)
      return JSON.stringify(seen) === JSON.stringify(texts)
    }).catch(() => {
      throw new Error(`expected ${JSON.stringify(texts)}, got ${JSON.stringify(seen)}`)
    })
  }

  /** Until a member of the group is like this. */
  async knows(
    group: Group,
    key: string,
    wanted: Partial<Awaited<ReturnType<Group['members']>>[number]>,
  ): Promise<void> {
    const mine = await this.messenger.group(group.id)
    await until(async () => {
      const member = (await mine.members()).find(({ publicKey }) => publicKey === key)
      return member && Object.entries(wanted).every(([field, value]) => member[field as keyof typeof member] === value)
    })
  }

  /** End and start again, with the same key and database. */
  async restart(options: MessengerOptions = {}): Promise<Person> {
    await this.messenger.close()
    return this.#scene.person({ ...options, signer: this.signer, store: this.store })
  }
}

export async function createScene(options: SceneOptions = {}): Promise<Scene> {
  const scene = new Scene(options)
  scenes.push(scene)
  if (!options.isAway) await scene.start()
  return scene
}

/** A group with these members, the first of whom made it. */
export async function createGroupOf(people: readonly Person[], name = 'Everybody'): Promise<Group[]> {
  const [owner, ...others] = people
  if (owner === undefined) throw new Error('a group needs somebody')
  const group = await owner.messenger.createGroup({ name })
  for (const other of others) await group.invite(other.key)
  return [group, ...(await Promise.all(others.map((other) => other.join(group))))]
}

/** A store that survives the end of its messenger, as a file would. */
export function keepOpen(store: Store): Store {
  store.close = async () => {}
  return store
}

/** Look again until it is there, or 5 s have passed. */
export async function until<T>(look: () => Promise<T> | T, timeoutMs = 5_000): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found) return found as NonNullable<T>
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The first `count` messages that a handler gets. */
export function collect(person: Person, count: number): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = []
  return new Promise((resolve) => {
    person.messenger.on('message', (message) => {
      messages.push(message)
      if (messages.length === count) resolve(messages)
    })
  })
}
