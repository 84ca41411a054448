import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createFaultyProxy, type FaultyProxy, type ManualClock, type StreamFaults } from '@mimirjs/transport/testing'
import {
  type GroupBatch,
  type IncomingMessage,
  type MediatorAddress,
  Messenger,
  type NewOutgoing,
  type Received,
  type Store,
  type StoredMessage,
} from '../../../src/index.js'
import { Life } from '../model/life.js'

export interface MemberHost {
  readonly clock: ManualClock
  readonly streams: StreamTransport
  /** Where the mediator is now, behind the links of the members. */
  readonly mediatorPlace: string
  /** 64 lower-case hex digits. */
  readonly mediatorKey: string
  /** Shared by all links. */
  readonly faults: StreamFaults
  onStep(): void
  handle(member: Member, message: IncomingMessage): Promise<void>
  /** A contract that does not hold any more. */
  broken(reason: string): void
  note(line: string): void
}

/** Somebody in the group: a store that survives, and one life of a messenger after another. */
export class Member {
  readonly name: string
  readonly signer: SeedSigner
  readonly publicKey: string
  readonly store: Store
  life: Life | undefined
  /** Of the current life, when it is open. */
  messenger: Messenger | undefined
  /** Ids whose handling is committed: no handler may see them again. */
  readonly handled = new Set<string>()
  /** What was sealed for the mediator, by id. */
  readonly blobs = new Map<string, Uint8Array>()
  readonly errors: string[] = []
  #seen = new Set<string>()
  readonly #bySeq = new Map<number, string>()
  /** As last committed. */
  #syncedTo = 0n
  readonly #host: MemberHost
  #link: FaultyProxy | undefined

  constructor(name: string, seed: Uint8Array, store: Store, host: MemberHost) {
    this.name = name
    this.signer = createSigner(seed)
    this.publicKey = Buffer.from(this.signer.publicKey).toString('hex')
    this.store = store
    this.#host = host
  }

  get mediator(): MediatorAddress {
    return { publicKey: this.#host.mediatorKey, address: `memory://link-of-${this.name}` }
  }

  /** Put the link to the mediator in place. */
  async connect(seed: number): Promise<void> {
    const { streams: transport, clock, faults, mediatorPlace: target } = this.#host
    this.#link = await createFaultyProxy({ listen: this.mediator.address, target, transport, clock, faults, seed })
  }

  cut(): void {
    this.#link?.cut()
  }

  freeze(frozen: boolean): void {
    if (frozen) this.#link?.freeze()
    else this.#link?.thaw()
  }

  /** The mediator is somewhere else. */
  redirect(): void {
    if (this.#link) this.#link.target = this.#host.mediatorPlace
  }

  /** Begin a life. Resolves when it is open, or over. */
  async start(): Promise<void> {
    const { clock, streams } = this.#host
    const life = new Life(() => this.#host.onStep())
    this.life = life
    this.#seen = new Set()
    const opening = Messenger.open(`/nonexistent/${this.name}`, {
      signer: this.signer,
      store: life.store(this.store, (name, args, result) => this.#watch(name, args, result)),
      transports: new Transports([life.transport(streams)]),
      clock: life.clock(clock, 0),
      mediators: [this.mediator],
      groupInvites: () => true,
    })
    const messenger = await life.race(opening)
    if (messenger === undefined || life.dead) return
    messenger.on('error', (error) => this.errors.push(`${error.code}: ${error.message}`))
    this.messenger = messenger
    messenger.on('message', (message) => this.#handle(message))
  }

  /** End the process where it stands. @param flush - what was handed to the network still arrives */
  crash(flush: boolean): void {
    this.life?.kill(flush)
    this.messenger = undefined
  }

  /** Close in order. Resolves when it is closed, or crashed meanwhile. */
  async close(): Promise<void> {
    const { life, messenger } = this
    this.messenger = undefined
    if (!life || !messenger || life.dead) return
    await life.race(messenger.close())
    if (life.openStreams > 0) this.#host.broken(`${this.name} closed with ${life.openStreams} streams open`)
    if (life.timers.size > 0) this.#host.broken(`${this.name} closed with ${life.timers.size} timers set`)
    life.kill(false)
  }

  async #handle(message: IncomingMessage): Promise<void> {
    const what = message.text.slice(0, 40)
    this.#host.note(`${this.name}: handler of ${what}`)
    if (this.#seen.has(message.id)) this.#host.broken(`${this.name}: the handler ran twice for ${what}`)
    if (this.handled.has(message.id)) this.#host.broken(`${this.name}: handled before: ${what}`)
    this.#seen.add(message.id)
    await this.#host.handle(this, message)
  }

  #watch(name: string, args: readonly unknown[], result: Promise<unknown>): void {
    if (name === 'nextUnhandled') {
      void (result as Promise<StoredMessage | undefined>).then((row) => {
        if (row) this.#bySeq.set(row.seq, String(row.guid))
      })
    } else if (name === 'handled') {
      const id = this.#bySeq.get(args[0] as number)
      if (id !== undefined) void result.then(() => this.handled.add(id))
    } else if (name === 'enqueue') {
      const { guid, sealed } = args[0] as NewOutgoing
      if (sealed) this.blobs.set(String(guid), sealed.blob)
    } else if (name === 'receiveGroup')
      void this.#checkStep(args[1] as GroupBatch, result as Promise<readonly Received[]>)
  }

  /** Nothing new comes at or below the place up to which everything was said to be here. */
  async #checkStep({ messages, syncedTo }: GroupBatch, result: Promise<readonly Received[]>): Promise<void> {
    const received = await result.catch(() => [])
    const before = this.#syncedTo
    if (syncedTo > before) this.#syncedTo = syncedTo
    if (messages.length === 0) return
    this.#host.note(
      `${this.name}: takes in ${messages.map(({ messageId }) => messageId).join()}, in step to ${syncedTo}`,
    )
    for (const { message, edited, delivered } of received) {
      const messageId = message.group?.messageId ?? 0n
      // Those have the number of a version that was here before.
      if (!edited && !delivered && messageId <= before)
        this.#host.broken(`${this.name}: ${messageId} came after all up to ${before}`)
    }
  }
}
