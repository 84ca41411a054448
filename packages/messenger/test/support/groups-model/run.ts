import type { IncomingMessage, Store } from '../../../src/index.js'
import { seedChance } from '../model/chance.js'
import { Choices } from '../model/choices.js'
import { ModelError } from '../model/world.js'
import type { Member } from './member.js'
import { type GroupLedger, type GroupVerdict, judgeGroup } from './verdict.js'
import { GroupWorld } from './world.js'

export interface GroupRunOptions {
  readonly seed: number
  /** How often somebody does something. */
  readonly steps: number
  openStore(name: string): Store
}

export interface GroupReport extends GroupVerdict {
  readonly crashes: number
  readonly mediatorKills: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
/**
 * How long it may take until everybody is in step when nothing hinders it any more. A pause between two attempts grows to
 * 120 s and a fifth; what the mediator told nobody is looked for every 10 minutes.
 */
const REST_MS = 30 * MINUTE_MS

const WEIGHTS = {
  send: 30,
  burst: 3,
  edit: 6,
  delete: 5,
  duplicate: 4,
  cut: 5,
  freeze: 2,
  thaw: 3,
  restart: 2,
  crash: 4,
  crashSoon: 5,
  fillDisk: 1,
  killMediator: 2,
  sleep: 1,
}

type Deed = keyof typeof WEIGHTS

/**
 * One run: members of a group who do things at random over bad links, die and come back, as their mediator does, until it
 * is quiet; then everything has to be where it belongs.
 * @throws {ModelError} with the seed, and what happened
 */
export async function runGroupModel(options: GroupRunOptions): Promise<GroupReport> {
  const restoreChance = seedChance(options.seed)
  const run = new GroupRun(options)
  try {
    return await run.run()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ModelError(`seed ${options.seed}: ${why}\n${run.world.trace.slice(-400).join('\n')}`, { cause: error })
  } finally {
    await run.world.close()
    restoreChance()
  }
}

class GroupRun {
  readonly world: GroupWorld
  readonly #options: GroupRunOptions
  readonly #choices: Choices
  readonly #ledger: GroupLedger = {
    accepted: new Map(),
    deleting: new Set(),
    deleted: new Set(),
    duplicated: new Set(),
    edited: new Set(),
  }
  #serial = 0
  #crashes = 0
  #mediatorKills = 0

  constructor(options: GroupRunOptions) {
    this.#options = options
    this.#choices = new Choices(options.seed)
    this.world = new GroupWorld({ ...options, handle: (member, message) => this.#handle(member, message) })
  }

  async run(): Promise<GroupReport> {
    const { world } = this
    await world.begin()
    this.#spoil()
    for (let step = 0; step < this.#options.steps; step++) {
      await this.#step()
      await this.#pass()
    }
    await this.#comeToRest()
    const verdict = await judgeGroup(world, this.#ledger)
    for (const member of world.members) void member.close()
    await world.advance(MINUTE_MS)
    return { ...verdict, crashes: this.#crashes, mediatorKills: this.#mediatorKills }
  }

  /** From now on the links are bad. */
  #spoil(): void {
    const choices = this.#choices
    Object.assign(this.world.faults, {
      ...(choices.chance(0.5) && { splitBytes: choices.pick([1, 7, 64, 4_096]) }),
      ...(choices.chance(0.6) && { delayMs: choices.pick([5, 200, 3_000]) }),
      ...(choices.chance(0.5) && { cutAfterBytes: choices.pick([600, 3_000, 30_000]), cutChance: 0.5 }),
      ...(choices.chance(0.3) && { refuseChance: 0.3 }),
    })
    this.world.note(`the links are bad: ${JSON.stringify(this.world.faults)}`)
    for (const member of this.world.members) member.cut()
  }

  async #step(): Promise<void> {
    if (!this.world.isMediatorUp && this.#choices.chance(0.3)) await this.#startMediator()
    const member = this.#choices.pick(this.world.members)
    if (!member.messenger) {
      if (!member.life || member.life.dead) await this.#start(member)
      return
    }
    await this.#do(this.#choices.weighted<Deed>(WEIGHTS), member)
  }

  async #do(deed: Deed, member: Member): Promise<void> {
    const { world } = this
    switch (deed) {
      case 'send':
        this.#send(member)
        break
      case 'burst':
        for (let count = this.#choices.between(5, 60); count > 0; count--) this.#send(member)
        break
      case 'edit':
        this.#edit()
        break
      case 'delete':
        await this.#delete(member)
        break
      case 'duplicate':
        await this.#duplicate()
        break
      case 'restart':
        world.note(`${member.name} closes`)
        void member.close()
        break
      case 'crash':
        this.#crashes += 1
        world.note(`${member.name} crashes`)
        member.crash(this.#choices.chance(0.5))
        break
      case 'crashSoon':
        this.#crashSoon(member)
        break
      case 'fillDisk':
        this.#fillDisk(member)
        break
      case 'killMediator':
        if (!world.isMediatorUp) break
        this.#mediatorKills += 1
        world.killMediator(this.#choices.chance(0.5))
        break
      case 'sleep': {
        const ms = this.#choices.pick([2 * SECOND_MS, MINUTE_MS, 60 * MINUTE_MS])
        world.note(`everybody sleeps for ${ms / SECOND_MS} s`)
        world.clock.advance(ms)
        break
      }
      default:
        world.note(`${deed} ${member.name}`)
        if (deed === 'cut') member.cut()
        else member.freeze(deed === 'freeze')
    }
  }

  #send(member: Member): void {
    const other = this.#choices.pick(this.world.members)
    const text = `#${++this.#serial} by ${member.name}${this.#choices.chance(0.1) ? ` ask ${other.name}` : ''}`
    this.#accept(member, text, member.messenger!.send(this.world.group, text))
  }

  #accept(member: Member, text: string, sending: Promise<{ readonly id: string }>): void {
    void sending.then(
      ({ id }) => {
        this.world.note(`${member.name}: accepted ${text}`)
        this.#ledger.accepted.set(id, member)
      },
      (error: Error) => this.world.note(`${member.name}: not accepted ${text}: ${error.message}`),
    )
  }

  /** A message that nothing else was done with, of somebody who is there. */
  #untouched(): { id: string; author: Member } | undefined {
    const { accepted, deleting, duplicated, edited } = this.#ledger
    const candidates = [...accepted].filter(
      ([id, author]) => author.messenger && !deleting.has(id) && !duplicated.has(id) && !edited.has(id),
    )
    if (candidates.length === 0) return undefined
    const [id, author] = this.#choices.pick(candidates)
    return { id, author }
  }

  #edit(): void {
    const { edited } = this.#ledger
    const again = [...edited].find((id) => this.#ledger.accepted.get(id)?.messenger && this.#choices.chance(0.3))
    const id = again ?? this.#untouched()?.id
    const author = id === undefined ? undefined : this.#ledger.accepted.get(id)
    if (id === undefined || !author?.messenger) return
    edited.add(id)
    const mark = [...this.world.trace].reverse().find((line) => line.includes(`id ${id}`))
    this.world.note(`${author.name}: edits id ${id}${mark ? ' again' : ''}`)
    void this.#editText(author, id)
  }

  async #editText(author: Member, id: string): Promise<void> {
    const row = await author.store.message(this.world.group, BigInt(id), true)
    if (!row || !author.messenger) return
    const [mark] = Buffer.from(row.payload).toString().split(' ')
    const text = `${mark} edited ${++this.#serial}`
    await author.messenger.send(this.world.group, { edit: id, text }).then(
      () => this.world.note(`${author.name}: edited ${mark}`),
      (error: Error) => this.world.note(`${author.name}: not edited ${mark}: ${error.message}`),
    )
  }

  /** The owner may delete what others say. What is not at the mediator yet, nobody can delete there. */
  async #delete(member: Member): Promise<void> {
    const { world } = this
    const found = this.#untouched()
    if (!found) return
    const { id, author } = found
    const row = await author.store.message(world.group, BigInt(id), true)
    if (row?.state !== 'delivered') return
    const by = member === world.members[0] ? member : author
    if (!by.messenger || (by !== author && !(await by.store.message(world.group, BigInt(id), false)))) return
    this.#ledger.deleting.add(id)
    world.note(`${by.name}: deletes id ${id} of ${author.name}`)
    void by.messenger
      .group(world.group)
      .then((group) => group.deleteMessage(id))
      .then(
        () => {
          world.note(`${by.name}: deleted id ${id}`)
          this.#ledger.deleted.add(id)
        },
        (error: Error) => world.note(`${by.name}: not deleted id ${id}: ${error.message}`),
      )
  }

  async #duplicate(): Promise<void> {
    const found = this.#untouched()
    const blob = found?.author.blobs.get(found.id)
    if (!found || !blob) return
    this.#ledger.duplicated.add(found.id)
    this.world.note(`the mediator has id ${found.id} twice`)
    await this.world.duplicate(found.author, BigInt.asIntN(64, BigInt(found.id) * 31n + 7n), blob)
  }

  #crashSoon(member: Member): void {
    const { life } = member
    if (!life || life.crashPoint) return
    const at = this.#choices.pick(['store', 'write'] as const)
    const when = this.#choices.pick(['before', 'after'] as const)
    const nth = this.#choices.between(1, 12)
    this.world.note(`${member.name} will crash ${when} ${at} ${nth}`)
    life.crashPoint = { at, nth, when, flush: this.#choices.chance(0.5) }
    void life.over.then(() => {
      if (member.messenger && member.life === life) member.crash(false)
      this.#crashes += 1
      this.world.note(`${member.name} crashed`)
    })
  }

  /** For a while nothing can be written down. */
  #fillDisk({ name, life }: Member): void {
    if (!life || life.isDiskFull) return
    const ms = this.#choices.pick([50, 5 * SECOND_MS, 2 * MINUTE_MS])
    this.world.note(`the disk of ${name} is full for ${ms} ms`)
    life.isDiskFull = true
    this.world.clock.schedule(() => {
      life.isDiskFull = false
    }, ms)
  }

  async #start(member: Member): Promise<void> {
    await this.world.settle()
    this.world.note(`${member.name} starts`)
    await member.start()
    await this.world.settle()
  }

  async #startMediator(): Promise<void> {
    await this.world.settle()
    await this.world.startMediator()
    await this.world.settle()
  }

  /** Until somebody does something again. */
  async #pass(): Promise<void> {
    const { world } = this
    const choices = this.#choices
    const pace = choices.weighted({ none: 3, settle: 3, moment: 4, while: 2, long: 0.15 })
    if (pace === 'settle') await world.settle()
    else if (pace === 'moment') await world.advance(choices.between(1, 800))
    else if (pace === 'while') await world.advance(choices.between(1, 60) * SECOND_MS)
    else if (pace === 'long') await world.advance(choices.between(5, 20) * MINUTE_MS)
  }

  async #handle(member: Member, message: IncomingMessage): Promise<void> {
    const [mark, , , verb, name] = message.text.split(' ')
    if (verb !== 'ask' || name !== member.name) return
    const text = `${mark}-answer by ${member.name}`
    const { id } = await message.reply(text)
    this.world.note(`${member.name}: answers ${text} as id ${id}`)
  }

  /** The faults are over. */
  async #comeToRest(): Promise<void> {
    const { world } = this
    world.note('the faults are over')
    for (const { life } of world.members) {
      if (!life) continue
      life.crashPoint = undefined
      life.isDiskFull = false
    }
    // Whoever is closing may finish.
    await world.advance(10 * SECOND_MS)
    if (!world.isMediatorUp) await this.#startMediator()
    for (const member of world.members) if (!member.messenger) await this.#start(member)
    world.mend()
    if (await world.advance(REST_MS, () => this.#isDone())) return
    const open = await Promise.all(
      world.members.map(async ({ name, store, errors }) => {
        const { syncedTo } = (await store.group(world.group))!
        return `${name} ${syncedTo} ${JSON.stringify(await store.counts())} ${errors.slice(-2).join('; ')}`
      }),
    )
    throw new ModelError(`not everybody came in step with ${await world.lastMessageId()}: ${open.join(', ')}`)
  }

  async #isDone(): Promise<boolean> {
    const last = await this.world.lastMessageId()
    for (const { store } of this.world.members) {
      const { undelivered, unhandled } = await store.counts()
      const group = await store.group(this.world.group)
      if (undelivered > 0 || unhandled > 0 || !group || group.syncedTo < last) return false
    }
    return true
  }
}
