import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom, type Random, type StreamFaults } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { Server } from '../server.js'
import { Installation } from './installation.js'
import type { Kind } from './protocol.js'

export interface GroupRunOptions {
  readonly seed: number
  readonly messages: number
  readonly kills: number
  /** Where everybody has a folder. */
  readonly folder: string
  fail(reason: string): never
}

const NAMES = ['ann', 'ben', 'cat', 'dan', 'eve']
/** Pages of many messages get through now and then, so half of the streams are cut only by kills. */
const FAULTS: StreamFaults = { splitBytes: 1_024, delayMs: 3, cutAfterBytes: 400_000, cutChance: 0.5 }
/** How often which kind is sent, in relation to the others. */
const KINDS: readonly (readonly [Kind, number])[] = [
  ['text', 80],
  ['reply', 10],
  ['edit', 9],
  ['large', 1],
]
/** Each of the four others answers this share. */
const REPLIES = 0.04
/** Of the kills. */
const MEDIATOR_SHARE = 0.3
/** Commands that wait for an answer at any time. */
const IN_FLIGHT = 12
/** How long everything may take to arrive after the last fault. */
const SETTLE_MS = 180_000
const SETUP_MS = 60_000

/** Five members of one group who write while everything breaks, until so many messages are accepted and all is at rest. */
export class GroupRun {
  readonly members: Installation[] = []
  readonly #options: GroupRunOptions
  readonly #random: Random
  readonly #mediator: Server
  #accepted = 0
  #serial = 0
  #killed = 0
  readonly #restarts = new Set<Promise<void>>()

  constructor(options: GroupRunOptions) {
    this.#options = options
    this.#random = createRandom(options.seed)
    this.#mediator = new Server('mediator', 'tcp://127.0.0.1:0', join(options.folder, 'mediator.sqlite'))
  }

  /** Who takes part, for people to read. */
  get cast(): string {
    return `${this.members.length} members of a group, a mediator`
  }

  get accepted(): number {
    return this.#accepted
  }

  get kills(): number {
    return this.#killed
  }

  get group(): string {
    return this.members[0]?.group?.id ?? ''
  }

  /** Start everybody; the first makes the group and invites the others. */
  async open(): Promise<void> {
    const { seed, folder, fail } = this.#options
    await this.#mediator.start()
    for (const [index, name] of NAMES.entries()) {
      const own = join(folder, name)
      mkdirSync(own)
      const key = toHex(this.#random.bytes(32))
      const options = { folder: own, name, key, mediator: this.#mediator.publicKey, replies: REPLIES }
      const mediatorAddress = this.#mediator.address
      this.members.push(
        new Installation({ options, mediatorAddress, faults: FAULTS, seed: seed * NAMES.length + index, fail }),
      )
    }
    await Promise.all(this.members.map((member) => member.start()))
    const [owner, ...others] = this.members as [Installation, ...Installation[]]
    owner.create()
    await this.#until('the group is there', () => owner.group !== undefined)
    for (const { publicKey } of others) owner.invite(publicKey)
    const all = this.members.length
    await this.#until('everybody is in the group', () => this.members.every(({ group }) => group?.members === all))
  }

  /** Send, kill, cut and change roles until all of it is done. */
  async work(): Promise<void> {
    const senders = Array.from({ length: IN_FLIGHT }, () => this.#sendUntilDone())
    const { kills } = this.#options
    await Promise.all([
      ...senders,
      this.#spread(kills, () => this.#kill()),
      this.#spread(kills, () => this.#cut()),
      this.#spread(Math.ceil(kills / 2), () => this.#changeRole()),
    ])
    await Promise.all(this.#restarts)
  }

  /** @returns whether everything arrived in time */
  async comeToRest(): Promise<boolean> {
    const deadlineMs = performance.now() + SETTLE_MS
    // Quiet three times in a row: an answer may be on its way while its writer is asked.
    for (let quiet = 0; quiet < 3; ) {
      await this.#askStatus()
      const last = await this.#lastMessage()
      quiet = this.members.every((member) => isQuiet(member, last)) ? quiet + 1 : 0
      if (performance.now() < deadlineMs) continue
      for (const { name, undelivered, unhandled, group } of this.members)
        console.error(
          `${name}: ${undelivered} undelivered, ${unhandled} unhandled, up to ${group?.syncedTo} of ${last}`,
        )
      console.error(`not everything arrived within ${SETTLE_MS / 1000} s of the last fault`)
      return false
    }
    return true
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()))
    await this.#mediator.stop()
    await Promise.all(this.members.map((member) => member.closeLink()))
  }

  async #askStatus(): Promise<void> {
    for (const member of this.members) member.askStatus()
    await pause(200)
  }

  async #until(what: string, test: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + SETUP_MS
    while (!test()) {
      if (performance.now() > deadlineMs) this.#options.fail(`waited ${SETUP_MS / 1000} s until ${what}`)
      await this.#askStatus()
    }
  }

  async #lastMessage(): Promise<string> {
    const chatId = this.members[0]?.group?.chatId
    const report = await this.#mediator.ask<{ messageId: string }>({ lastMessageOf: chatId })
    return report.messageId
  }

  async #sendUntilDone(): Promise<void> {
    while (this.#accepted < this.#options.messages) {
      const outcome = await this.#pick(this.members).send(this.#kind(), ++this.#serial)
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
    if (this.#random.chance(MEDIATOR_SHARE)) {
      await this.#mediator.kill()
      await pause(this.#random.next() * 1_000)
      await this.#mediator.start()
      this.#killed += 1
      return true
    }
    const victim = this.#alive()
    if (!victim) return false
    if (this.#random.chance(0.3)) for (const member of this.members) member.cut()
    this.#killed += 1
    const restart = victim
      .kill()
      .then(() => pause(this.#random.next() * 1_500))
      .then(() => victim.start())
      .finally(() => this.#restarts.delete(restart))
    this.#restarts.add(restart)
    return true
  }

  #cut(): Promise<boolean> {
    this.#pick(this.members).cut()
    return Promise.resolve(true)
  }

  /** So that messages of the mediator stand between those of members. */
  #changeRole(): Promise<boolean> {
    const [owner, ...others] = this.members as [Installation, ...Installation[]]
    owner.changeRole(this.#pick(others).publicKey, this.#random.chance(0.5))
    return Promise.resolve(true)
  }

  #alive(): Installation | undefined {
    const alive = this.members.filter((member) => member.alive)
    return alive[this.#random.integer(alive.length)]
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)]!
  }

  #kind(): Kind {
    let left = this.#random.next() * KINDS.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [kind, weight] of KINDS) {
      left -= weight
      if (left < 0) return kind
    }
    return 'text'
  }
}

function isQuiet({ undelivered, unhandled, group }: Installation, last: string): boolean {
  return undelivered === 0 && unhandled === 0 && group?.syncedTo === last
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
