import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { createFaultyProxy, createRandom, type FaultyProxy, type Random } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import type { Kind } from './content.js'
import { Device } from './device.js'
import { LOGS, readLog } from './logs.js'
import type { Plan } from './plan.js'
import { Server } from './server.js'

export interface RunOptions {
  readonly plan: Plan
  readonly seed: number
  readonly messages: number
  readonly kills: number
  /** Where everybody has a folder. */
  readonly folder: string
  fail(reason: string): never
}

/** Commands that wait for an answer at any time. */
const IN_FLIGHT = 12
/** Nobody looks at it: file servers are found by it, and here there is one. */
const FILE_SERVER_KEY = '0f'.repeat(32)

/** People who talk while everything breaks, until so many messages are accepted and everything is at rest again. */
export class Run {
  readonly devices: Device[] = []
  readonly #options: RunOptions
  readonly #random: Random
  readonly #tracker: Server
  readonly #fileServer: Server | undefined
  #fileProxy: FaultyProxy | undefined
  #accepted = 0
  #serial = 0
  #killed = 0
  readonly #restarts = new Set<Promise<void>>()

  constructor(options: RunOptions) {
    const { seed, folder, plan } = options
    this.#options = options
    this.#random = createRandom(seed)
    this.#tracker = new Server('tracker', 'udp://127.0.0.1:0', join(folder, 'tracker.sqlite'))
    if (plan.hasFileServer) this.#fileServer = new Server('file-server', 'tcp://127.0.0.1:0', join(folder, 'files'))
  }

  /** Who takes part, for people to read. */
  get cast(): string {
    const { plan } = this.#options
    const devices = this.devices.length > plan.people.length ? `, ${this.devices.length} devices` : ''
    return `${plan.people.length} people${devices}, ${plan.hasFileServer ? 'a tracker and a file server' : 'a tracker'}`
  }

  get accepted(): number {
    return this.#accepted
  }

  get kills(): number {
    return this.#killed
  }

  async open(): Promise<void> {
    const { seed, plan } = this.#options
    await this.#tracker.start()
    if (this.#fileServer) {
      await this.#fileServer.start()
      const { address } = this.#fileServer
      const { faults } = plan
      this.#fileProxy = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target: address, faults, seed })
    }
    for (const person of plan.people) {
      const key = toHex(this.#random.bytes(32))
      for (let index = 1; index <= person.devices; index++) {
        const name = person.devices === 1 ? person.name : `${person.name}-${index}`
        this.devices.push(this.#device(name, key, person.usesFileServer))
      }
    }
    await Promise.all(this.devices.map((device) => device.start()))
  }

  /** Send, kill, cut and move until all of it is done. */
  async work(): Promise<void> {
    const senders = Array.from({ length: IN_FLIGHT }, () => this.#sendUntilDone())
    const { kills, plan } = this.#options
    await Promise.all([
      ...senders,
      this.#spread(kills, () => this.#kill()),
      this.#spread(Math.ceil(kills * plan.cutsPerKill), () => this.#cut()),
      this.#spread(Math.ceil(kills * plan.movesPerKill), () => this.#move()),
    ])
    await Promise.all(this.#restarts)
  }

  /** @returns whether everything arrived in time */
  async comeToRest(): Promise<boolean> {
    const { plan } = this.#options
    const deadlineMs = performance.now() + plan.settleMs
    // Quiet three times in a row: a message may be between two people while each is asked.
    for (let quiet = 0; quiet < 3; ) {
      for (const device of this.devices) device.askStatus()
      await pause(200)
      const gone = new Set(this.devices.flatMap(({ folder }) => readDeletions(folder)))
      quiet = this.devices.every((device) => device.isQuiet(gone)) ? quiet + 1 : 0
      if (performance.now() < deadlineMs) continue
      for (const { name, undelivered, unhandled, files } of this.devices)
        console.error(`${name}: ${undelivered} undelivered, ${unhandled} unhandled, ${files?.length} files open`)
      console.error(`not everything arrived within ${plan.settleMs / 1000} s of the last fault`)
      return false
    }
    return true
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.stop()))
    await this.#tracker.stop()
    await this.#fileServer?.stop()
    await Promise.all(this.devices.map((device) => device.closeLink()))
    await this.#fileProxy?.close()
  }

  #device(name: string, key: string, usesFileServer: boolean): Device {
    const { plan, seed, folder, fail } = this.#options
    const own = join(folder, name)
    mkdirSync(own)
    const device = new Device({
      options: {
        folder: own,
        name,
        key,
        generation: plan.generation,
        tracker: this.#tracker.address,
        replies: 0.2,
        fileServerAddress: this.#fileProxy?.address,
        fileServer: usesFileServer ? FILE_SERVER_KEY : undefined,
      },
      faults: plan.faults,
      seed: seed + this.devices.length,
      fail,
    })
    device.publicKey = toHex(createSigner(Uint8Array.from(Buffer.from(key, 'hex'))).publicKey)
    return device
  }

  async #sendUntilDone(): Promise<void> {
    while (this.#accepted < this.#options.messages) {
      const sender = this.#pick(this.devices)
      const receiver = this.#pick(this.devices)
      if (sender.publicKey === receiver.publicKey) continue
      const outcome = await sender.send(this.#kind(), receiver.publicKey, ++this.#serial)
      if (outcome === 'message') this.#accepted += 1
      else if (outcome === 'lost') await pause(20)
      await pause(this.#random.next() * 20)
    }
  }

  /** Spread over the whole run: the k-th comes when its share of the messages is accepted. */
  async #spread(count: number, fault: () => Promise<boolean>): Promise<void> {
    const { messages } = this.#options
    for (let done = 0; done < count; ) {
      const dueAt = ((done + this.#random.next()) * messages) / (count + 1)
      while (this.#accepted < dueAt && this.#accepted < messages) await pause(5)
      if (await fault()) done += 1
      else await pause(50)
    }
  }

  async #kill(): Promise<boolean> {
    const chance = this.#random.next()
    const server = chance < 0.15 ? this.#tracker : chance < 0.25 ? this.#fileServer : undefined
    if (server) {
      await server.kill()
      await pause(this.#random.next() * 500)
      await server.start()
      this.#killed += 1
      return true
    }
    const victim = this.#alive()
    if (!victim) return false
    if (this.#random.chance(0.3)) for (const device of this.devices) device.cut()
    this.#killed += 1
    const restart = victim
      .kill()
      .then(() => pause(this.#random.next() * 800))
      .then(() => victim.start())
      .finally(() => this.#restarts.delete(restart))
    this.#restarts.add(restart)
    return true
  }

  /** Two people lose what is between them, and both have something to say at that moment: both dial. */
  async #cut(): Promise<boolean> {
    const [one, other] = [this.#pick(this.devices), this.#pick(this.devices)]
    if (one.publicKey === other.publicKey) return false
    one.cut()
    other.cut()
    const outcomes = await Promise.all([
      one.send('text', other.publicKey, ++this.#serial),
      other.send('text', one.publicKey, ++this.#serial),
    ])
    this.#accepted += outcomes.filter((outcome) => outcome === 'message').length
    return true
  }

  async #move(): Promise<boolean> {
    const device = this.#alive()
    await device?.move()
    return device !== undefined
  }

  #alive(): Device | undefined {
    const alive = this.devices.filter((device) => device.alive)
    return alive[this.#random.integer(alive.length)]
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)]!
  }

  #kind(): Kind {
    const entries = Object.entries(this.#options.plan.kinds) as [Kind, number][]
    let left = this.#random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [kind, weight] of entries) {
      left -= weight
      if (left < 0) return kind
    }
    return 'text'
  }
}

/** Ids of the messages that this device has deleted, or was about to. */
function readDeletions(folder: string): string[] {
  return readLog(folder, LOGS.deleting).map(([, id = '']) => id)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
