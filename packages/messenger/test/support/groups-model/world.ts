import { createSigner } from '@mimirjs/crypto'
import { call, createMediator, type Mediator, type MediatorStore, openSqliteStore } from '@mimirjs/mediator'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom, type ManualClock, type StreamFaults } from '@mimirjs/transport/testing'
import type { IncomingMessage, Store } from '../../../src/index.js'
import { Life } from '../model/life.js'
import { ModelError } from '../model/world.js'
import { Member, type MemberHost } from './member.js'

/** Turns of the event loop in which nothing may happen before everything has happened. */
const QUIET_TURNS = 8
/** More turns than anything takes; then something goes in circles. */
const MOST_TURNS = 100_000
const START_MS = 1_800_000_000_000
const NAMES = ['ann', 'ben', 'cat', 'dan']

export interface GroupWorldOptions {
  readonly seed: number
  openStore(name: string): Store
  handle(member: Member, message: IncomingMessage): Promise<void>
}

/** A mediator and the members of one group, under one clock that is turned by hand. */
export class GroupWorld implements MemberHost {
  readonly clock: ManualClock = createClock(START_MS)
  readonly streams: StreamTransport
  readonly faults: StreamFaults = {}
  readonly mediatorKey: string
  readonly members: readonly Member[]
  /** What happened, for the report of a failure. */
  readonly trace: string[] = []
  readonly #options: GroupWorldOptions
  readonly #signer: { readonly publicKey: Uint8Array }
  readonly #store: MediatorStore = openSqliteStore(':memory:', { durability: 'process' })
  #mediatorLife: Life | undefined
  #mediator: Mediator | undefined
  #places = 0
  #steps = 0
  #group: { readonly id: string; readonly chatId: bigint } | undefined
  #broken: string | undefined

  constructor(options: GroupWorldOptions) {
    this.#options = options
    this.streams = new Life(() => this.onStep()).transport(createMemoryNetwork().streams)
    const random = createRandom(options.seed)
    this.#signer = createSigner(random.bytes(32))
    this.mediatorKey = Buffer.from(this.#signer.publicKey).toString('hex')
    this.members = NAMES.map((name) => new Member(name, random.bytes(32), options.openStore(name), this))
  }

  get mediatorPlace(): string {
    return `memory://mediator-${this.#places}`
  }

  /** Id of the group. */
  get group(): string {
    return this.#known.id
  }

  get isMediatorUp(): boolean {
    return this.#mediator !== undefined
  }

  onStep(): void {
    this.#steps += 1
  }

  handle(member: Member, message: IncomingMessage): Promise<void> {
    return this.#options.handle(member, message)
  }

  broken(reason: string): void {
    this.note(`BROKEN: ${reason}`)
    this.#broken ??= reason
  }

  note(line: string): void {
    this.trace.push(`${((this.clock.nowMs() - START_MS) / 1000).toFixed(3)} ${line}`)
  }

  /** The group, with everybody in it. */
  async begin(): Promise<void> {
    await this.startMediator()
    for (const [index, member] of this.members.entries()) {
      await member.connect(index + 1)
      await member.start()
    }
    const [owner, ...others] = this.members
    const group = await owner!.messenger!.createGroup({ name: 'Everybody' })
    this.#group = { id: group.id, chatId: BigInt(group.chatId) }
    for (const other of others) await group.invite(other.publicKey)
    const isIn = async () => {
      const rows = await Promise.all(this.members.map(({ store }) => store.members(group.id)))
      return rows.every((row) => row.filter(({ gone }) => !gone).length === this.members.length)
    }
    if (!(await this.advance(60_000, isIn))) throw new ModelError('not everybody got into the group')
  }

  async startMediator(): Promise<void> {
    this.#places += 1
    this.note('the mediator starts')
    const life = new Life(() => this.onStep())
    this.#mediatorLife = life
    const none = { commandsPerSecond: Infinity, messagesPerSecond: Infinity, invitesPerMinute: Infinity }
    this.#mediator = await createMediator({
      signer: this.#signer,
      transports: new Transports([life.transport(this.streams)]),
      listen: [this.mediatorPlace],
      store: this.#store,
      clock: life.clock(this.clock, 0),
      limits: none,
    })
    for (const member of this.members) member.redirect()
  }

  /** End its process where it stands. @param flush - what was handed to the network still arrives */
  killMediator(flush: boolean): void {
    this.note('the mediator is killed')
    this.#mediatorLife?.kill(flush)
    this.#mediator = undefined
  }

  /** The mediator has a message twice, under another number and guid, and tells nobody. */
  async duplicate(author: Member, guid: bigint, blob: Uint8Array): Promise<void> {
    const { chatId } = this.#known
    const timestampSeconds = BigInt(Math.floor(this.clock.nowMs() / 1000))
    const message = {
      guid,
      timestampSeconds,
      clientTimestampSeconds: timestampSeconds,
      author: author.signer.publicKey,
      blob,
    }
    await this.#store.run(() => call('insertMessage', chatId, message), { chatId })
  }

  async lastMessageId(): Promise<bigint> {
    const { chatId } = this.#known
    return this.#store.run(() => call('lastMessageId', chatId), { chatId })
  }

  /** From now on the links are perfect. What runs over them begins anew. */
  mend(): void {
    for (const name of Object.keys(this.faults) as (keyof StreamFaults)[]) delete this.faults[name]
    for (const member of this.members) {
      member.freeze(false)
      member.cut()
    }
  }

  /** Let happen what needs no time. @throws {ModelError} the first contract that was broken */
  async settle(): Promise<void> {
    let seen = -1
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; quiet++, turns++) {
      if (this.#steps !== seen) quiet = 0
      seen = this.#steps
      if (turns > MOST_TURNS) throw new ModelError('the event loop does not come to rest')
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    if (this.#broken !== undefined) throw new ModelError(this.#broken)
  }

  /** Let time pass, and in it everything that happens. @returns early when `until` says so */
  async advance(ms: number, until: () => Promise<boolean> = async () => false): Promise<boolean> {
    const endMs = this.clock.nowMs() + ms
    for (;;) {
      await this.settle()
      if (await until()) return true
      const dueMs = Math.min(this.clock.nextDueMs ?? endMs, endMs)
      const nowMs = this.clock.nowMs()
      if (nowMs >= endMs && dueMs >= endMs) return false
      this.clock.advance(Math.max(0, dueMs - nowMs))
    }
  }

  async close(): Promise<void> {
    for (const member of this.members) member.crash(false)
    this.#mediatorLife?.kill(false)
    await this.#store.close()
  }

  get #known(): { readonly id: string; readonly chatId: bigint } {
    if (!this.#group) throw new ModelError('there is no group yet')
    return this.#group
  }
}
