import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom, type ManualClock, type StreamFaults } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import type { IncomingMessage, MessengerOptions, Store } from '../../../src/index.js'
import { Device, type DeviceHost } from './device.js'
import { Life } from './life.js'

/** Turns of the event loop in which nothing may happen before everything has happened. */
const QUIET_TURNS = 6
/** More turns than anything takes; then something goes in circles. */
const MOST_TURNS = 100_000
const START_MS = 1_800_000_000_000

export class ModelError extends Error {
  override readonly name = 'ModelError'
}

export interface PersonPlan {
  readonly name: string
  /** One per installation; each name is the person's with a number. */
  readonly devices: number
  readonly messenger: Pick<MessengerOptions, 'acceptFrom' | 'contactRequests'>
}

export interface WorldOptions {
  readonly seed: number
  readonly generation: Generation
  readonly people: readonly PersonPlan[]
  readonly faults: StreamFaults
  openStore(name: string): Store
  handle(device: Device, life: Life, message: IncomingMessage): Promise<void>
}

/** People on one network, under one clock that is turned by hand. */
export class World implements DeviceHost {
  readonly clock: ManualClock = createClock(START_MS)
  readonly streams: DeviceHost['streams']
  readonly devices: readonly Device[]
  /** What happened, for the report of a failure. */
  readonly trace: string[] = []
  readonly #options: WorldOptions
  /** Shared by all links; emptied when the faults are over. */
  readonly #faults: StreamFaults
  #steps = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.#faults = { ...options.faults }
    this.streams = new Life(() => this.onStep()).transport(createMemoryNetwork().streams)
    const random = createRandom(options.seed)
    this.devices = options.people.flatMap(({ name, devices, messenger }) => {
      const seed = random.bytes(32)
      return Array.from({ length: devices }, (_, index) => {
        const own = devices === 1 ? name : `${name}-${index + 1}`
        const store = options.openStore(own)
        const { generation } = options
        return new Device({ name: own, seed, store, generation, messenger, faults: this.#faults }, this)
      })
    })
  }

  get generation(): Generation {
    return this.#options.generation
  }

  onStep(): void {
    this.#steps += 1
  }

  handle(device: Device, life: Life, message: IncomingMessage): Promise<void> {
    return this.#options.handle(device, life, message)
  }

  broken(reason: string): void {
    this.note(`BROKEN: ${reason}`)
    this.#broken ??= reason
  }
  #broken: string | undefined

  note(line: string): void {
    this.trace.push(`${((this.clock.nowMs() - START_MS) / 1000).toFixed(3)} ${line}`)
  }

  /** @throws {ModelError} the first contract that was broken */
  check(): void {
    if (this.#broken !== undefined) throw new ModelError(this.#broken)
  }

  /** Let happen what needs no time. */
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
    this.check()
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

  /** Time goes by in which nobody can do anything: the machine slept. */
  sleep(ms: number): void {
    this.clock.advance(ms)
  }

  /** From now on the links are perfect. What runs over them begins anew. */
  mend(): void {
    for (const name of Object.keys(this.#faults) as (keyof StreamFaults)[]) delete this.#faults[name]
    for (const device of this.devices) {
      device.freeze(false)
      device.cut()
    }
  }

  /** Everybody learns where this device is, as from a tracker. */
  tell(moved: Device): void {
    for (const device of this.devices) this.introduce(device, moved)
  }

  introduce(device: Device, other: Device): void {
    const { address } = other
    if (address === undefined || device.publicKey === other.publicKey) return
    device.messenger?.addAddress(other.publicKey, address)
  }

  async start(device: Device): Promise<void> {
    await device.start()
    for (const other of this.devices) this.introduce(device, other)
  }

  devicesOf(publicKey: string): Device[] {
    return this.devices.filter((device) => device.publicKey === publicKey)
  }
}
