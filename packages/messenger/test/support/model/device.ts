import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createFaultyProxy, type FaultyProxy, type ManualClock, type StreamFaults } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import {
  type IncomingMessage,
  Messenger,
  type MessengerOptions,
  type Store,
  type StoredMessage,
} from '../../../src/index.js'
import { Life } from './life.js'

export interface DeviceOptions {
  readonly name: string
  /** 32 bytes; devices of one person have the same. */
  readonly seed: Uint8Array
  readonly store: Store
  readonly generation: Generation
  readonly messenger: Pick<MessengerOptions, 'acceptFrom' | 'contactRequests'>
  /** Shared with the world, which may change it. */
  readonly faults: StreamFaults
}

export interface DeviceHost {
  readonly clock: ManualClock
  readonly streams: StreamTransport
  onStep(): void
  /** The handler of the device: it may take its time. */
  handle(device: Device, life: Life, message: IncomingMessage): Promise<void>
  /** A contract that does not hold any more. */
  broken(reason: string): void
  note(line: string): void
}

/** An installation: a store that survives, and one life of a messenger after another. */
export class Device {
  readonly name: string
  readonly signer: SeedSigner
  readonly publicKey: string
  readonly store: Store
  readonly host: DeviceHost
  readonly options: DeviceOptions
  life: Life | undefined
  /** Of the current life, when it is open. */
  messenger: Messenger | undefined
  /** How far the clock of this machine is off. */
  offsetMs = 0
  /** Messages `from id` whose cursor is committed: no handler may see them again. */
  readonly handled = new Set<string>()
  /** Messages `from id` that a handler of this life has seen. */
  #seen = new Set<string>()
  /** Messages `from id` by their seq. */
  readonly #bySeq = new Map<number, string>()
  /** Messages `to id` that the other side was silent about at some time. */
  readonly waited = new Set<string>()
  readonly errors: string[] = []
  #front: FaultyProxy | undefined
  #places = 0

  constructor(options: DeviceOptions, host: DeviceHost) {
    this.options = options
    this.name = options.name
    this.signer = createSigner(options.seed)
    this.publicKey = Buffer.from(this.signer.publicKey).toString('hex')
    this.store = options.store
    this.host = host
  }

  /** Where the others reach us now. */
  get address(): string | undefined {
    return this.#front?.address
  }

  /** Put a faulty link in front of a new place; what went through the one before ends. */
  async move(): Promise<void> {
    const before = this.#front
    const place = `memory://${this.name}-front-${++this.#places}`
    this.#front = await createFaultyProxy({
      listen: place,
      target: before?.target ?? 'memory://nowhere',
      transport: this.host.streams,
      clock: this.host.clock,
      faults: this.options.faults,
      seed: this.#places,
    })
    await before?.close()
  }

  cut(): void {
    this.#front?.cut()
  }

  freeze(frozen: boolean): void {
    if (frozen) this.#front?.freeze()
    else this.#front?.thaw()
  }

  get links(): number {
    return this.#front?.streams ?? 0
  }

  /** Begin a life. Resolves when it is open, or over. */
  async start(): Promise<void> {
    const life = new Life(() => this.host.onStep())
    this.life = life
    this.#seen = new Set()
    const { clock, streams } = this.host
    const opening = Messenger.open(`/nonexistent/${this.name}`, {
      signer: this.signer,
      store: life.store(this.store, (name, args, result) => this.#watch(name, args, result)),
      transports: new Transports([life.transport(streams)]),
      clock: life.clock(clock, this.offsetMs),
      generation: this.options.generation,
      limits: { signaturesPerMinute: 1_000_000 },
      ...this.options.messenger,
    })
    const messenger = await life.race(opening)
    if (messenger === undefined) return
    messenger.on('error', (error) => this.errors.push(`${error.code}: ${error.message}`))
    messenger.on('waiting', ({ to, id }) => this.waited.add(`${to} ${id}`))
    const place = `memory://${this.name}-${++this.#places}`
    await life.race(messenger.listen(place))
    if (life.dead) return
    if (this.#front) this.#front.target = place
    this.messenger = messenger
    messenger.on('message', (message) => this.#handle(life, message))
  }

  /** End the process where it stands. */
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
    if (life.openStreams > 0) this.host.broken(`${this.name} closed with ${life.openStreams} streams open`)
    if (life.timers.size > 0) this.host.broken(`${this.name} closed with ${life.timers.size} timers set`)
    life.kill(false)
  }

  async #handle(life: Life, message: IncomingMessage): Promise<void> {
    const key = `${message.from} ${message.id}`
    this.host.note(`${this.name}: handler of ${message.text.slice(0, 40)}`)
    if (this.#seen.has(key)) this.host.broken(`${this.name}: the handler ran twice for ${message.text.slice(0, 40)}`)
    if (this.handled.has(key)) this.host.broken(`${this.name}: handled before: ${message.text.slice(0, 40)}`)
    this.#seen.add(key)
    await this.host.handle(this, life, message)
  }

  #watch(name: string, args: readonly unknown[], result: Promise<unknown>): void {
    if (name === 'nextUnhandled') {
      void (result as Promise<StoredMessage | undefined>).then((row) => {
        if (row) this.#bySeq.set(row.seq, `${row.peer} ${row.guid}`)
      })
    } else if (name === 'handled') {
      const key = this.#bySeq.get(args[0] as number)
      if (key !== undefined) void result.then(() => this.handled.add(key))
    }
  }
}
