import type { StreamFaults } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import type { IncomingMessage, Store } from '../../../src/index.js'
import { Actions, createLedger, type Ledger } from './actions.js'
import { seedChance } from './chance.js'
import { Choices } from './choices.js'
import type { Device } from './device.js'
import type { Life } from './life.js'
import { behaviourOf, replyText } from './texts.js'
import { judge, type Verdict } from './verdict.js'
import { ModelError, type PersonPlan, World } from './world.js'

export interface RunOptions {
  readonly seed: number
  readonly generation: Generation
  /** How often somebody does something. */
  readonly steps: number
  openStore(name: string): Store
}

export interface RunReport extends Verdict {
  readonly crashes: number
  /** Virtual time from the last fault to the last delivery. */
  readonly settledMs: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/**
 * How long delivery may take when nothing hinders it any more. A pause between two attempts grows to 120 s and a fifth; a
 * dial that leads nowhere takes 15 s for each of at most eight addresses; a connection that died in silence is found out
 * after 57 s. All of them once, and twice that for luck.
 */
const DELIVERY_MS = 10 * MINUTE_MS
/** The same for what the other side was silent about: it is tried again 10 to 12 minutes after the last attempt. */
const ACCEPTANCE_MS: number = DELIVERY_MS + 12 * MINUTE_MS
/** Connections that nobody uses are closed after 10 minutes; an answer to a contact request goes out on three. */
const IDLE_MS: number = 2 * HOUR_MS

const WEIGHTS = {
  send: 30,
  sendLarge: 2,
  edit: 6,
  sendThenEdit: 4,
  reply: 5,
  react: 4,
  delete: 4,
  block: 0.7,
  unblock: 4,
  askContact: 2,
  answerContact: 2,
  collide: 4,
  move: 2,
  cut: 3,
  freeze: 1,
  thaw: 2,
  restart: 2,
  crash: 3,
  crashSoon: 5,
  fillDisk: 1,
  sleep: 1,
}

type Deed = keyof typeof WEIGHTS

/**
 * One run: people who do things at random over bad links, die and come back, until it is quiet; then everything has to be
 * where it belongs.
 * @throws {ModelError} with the seed, and what happened
 */
export async function runModel(options: RunOptions): Promise<RunReport> {
  const restoreChance = seedChance(options.seed)
  const run = new Run(options)
  try {
    return await run.run()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const { seed, generation } = options
    const trace = run.world.trace.slice(-400).join('\n')
    throw new ModelError(`seed ${seed}, generation ${generation}: ${why}\n${trace}`, { cause: error })
  } finally {
    for (const device of run.world.devices) device.crash(false)
    restoreChance()
  }
}

class Run {
  readonly world: World
  readonly #options: RunOptions
  readonly #choices: Choices
  readonly #ledger: Ledger = createLedger()
  readonly #actions: Actions
  #crashes = 0

  constructor(options: RunOptions) {
    const { seed, generation } = options
    this.#options = options
    this.#choices = new Choices(seed)
    this.world = new World({
      seed,
      generation,
      people: this.#people(),
      faults: this.#faults(),
      openStore: options.openStore,
      handle: (device, life, message) => this.#handle(device, life, message),
    })
    this.#actions = new Actions(this.world, this.#choices, this.#ledger)
  }

  async run(): Promise<RunReport> {
    const { world } = this
    for (const device of world.devices) await device.move()
    for (const device of world.devices) await this.#start(device)
    for (let step = 0; step < this.#options.steps; step++) {
      await this.#step()
      await this.#pass()
    }
    const settledMs = await this.#comeToRest()
    const verdict = await judge(world, this.#ledger)
    await this.#fallIdle()
    for (const device of world.devices) void device.close()
    await world.advance(MINUTE_MS)
    return { ...verdict, crashes: this.#crashes, settledMs }
  }

  // --- who -----------------------------------------------------------------------------------------------------------

  #people(): PersonPlan[] {
    const choices = this.#choices
    const acceptFrom = choices.chance(0.25) ? 'contacts' : 'anyone'
    const contactRequests = choices.pick(['ask', 'accept'] as const)
    const people: PersonPlan[] = [
      { name: 'ann', devices: 1, messenger: {} },
      { name: 'ben', devices: choices.chance(0.2) ? 2 : 1, messenger: { acceptFrom, contactRequests } },
    ]
    if (choices.chance(0.3)) people.push({ name: 'cat', devices: 1, messenger: {} })
    return people
  }

  #faults(): StreamFaults {
    const choices = this.#choices
    return {
      ...(choices.chance(0.5) && { splitBytes: choices.pick([1, 7, 64, 4_096]) }),
      ...(choices.chance(0.6) && { delayMs: choices.pick([5, 200, 3_000]) }),
      ...(choices.chance(0.5) && { cutAfterBytes: choices.pick([600, 3_000, 300_000]), cutChance: 0.5 }),
      ...(choices.chance(0.3) && { refuseChance: 0.3 }),
    }
  }

  // --- what they do --------------------------------------------------------------------------------------------------

  async #step(): Promise<void> {
    const device = this.#choices.pick(this.world.devices)
    if (!device.messenger) {
      if (!device.life || device.life.dead) await this.#revive(device)
      return
    }
    await this.#do(this.#choices.weighted<Deed>(WEIGHTS), device)
  }

  async #do(deed: Deed, device: Device): Promise<void> {
    const { world } = this
    switch (deed) {
      case 'move':
        world.note(`${device.name} moves`)
        await device.move()
        world.tell(device)
        break
      case 'cut':
      case 'freeze':
      case 'thaw':
        world.note(`${deed} ${device.name}`)
        if (deed === 'cut') device.cut()
        else device.freeze(deed === 'freeze')
        break
      case 'restart':
        world.note(`${device.name} closes`)
        void device.close()
        break
      case 'crash':
        this.#crash(device)
        break
      case 'crashSoon':
        this.#crashSoon(device)
        break
      case 'fillDisk':
        this.#fillDisk(device)
        break
      case 'sleep': {
        const ms = this.#choices.pick([2 * SECOND_MS, MINUTE_MS, HOUR_MS, 30 * HOUR_MS])
        world.note(`everybody sleeps for ${ms / SECOND_MS} s`)
        world.sleep(ms)
        break
      }
      default:
        this.#actions[deed](device)
    }
  }

  #crash(device: Device): void {
    this.#crashes += 1
    this.world.note(`${device.name} crashes`)
    device.crash(this.#choices.chance(0.5))
  }

  #crashSoon(device: Device): void {
    const { life } = device
    if (!life || life.crashPoint) return
    const at = this.#choices.pick(['store', 'write', 'talk', 'talk'] as const)
    const when = this.#choices.pick(['before', 'after'] as const)
    const nth = this.#choices.between(1, at === 'talk' ? 6 : 12)
    this.world.note(`${device.name} will crash ${when} ${at} ${nth}`)
    life.crashPoint = { at, nth, when, flush: this.#choices.chance(0.5) }
    void life.over.then(() => {
      if (device.messenger && device.life === life) device.crash(false)
      this.#crashes += 1
      this.world.note(`${device.name} crashed`)
    })
  }

  /** For a while nothing can be written down. */
  #fillDisk({ name, life }: Device): void {
    if (!life || life.isDiskFull) return
    const ms = this.#choices.pick([50, 5 * SECOND_MS, 2 * MINUTE_MS])
    this.world.note(`the disk of ${name} is full for ${ms} ms`)
    life.isDiskFull = true
    this.world.clock.schedule(() => {
      life.isDiskFull = false
    }, ms)
  }

  /** A new life, with a clock that somebody may have set back or forth. */
  async #revive(device: Device): Promise<void> {
    if (this.#choices.chance(0.1)) device.offsetMs = this.#choices.pick([-HOUR_MS, 0, MINUTE_MS, HOUR_MS])
    await this.#start(device)
  }

  /** Looking into its folder takes time of the machine's: nothing else may happen in it, or no run is like the other. */
  async #start(device: Device): Promise<void> {
    await this.world.settle()
    this.world.note(`${device.name} starts`)
    await this.world.start(device)
    await this.world.settle()
  }

  /** Until somebody does something again. */
  async #pass(): Promise<void> {
    const { world } = this
    const choices = this.#choices
    const pace = choices.weighted({ none: 3, settle: 3, moment: 4, while: 2, long: 0.15 })
    if (pace === 'none') return
    if (pace === 'settle') await world.settle()
    else if (pace === 'moment') await world.advance(choices.between(1, 800))
    else if (pace === 'while') await world.advance(choices.between(1, 60) * SECOND_MS)
    else await world.advance(choices.between(10, 90) * MINUTE_MS)
  }

  async #handle(device: Device, life: Life, message: IncomingMessage): Promise<void> {
    const behaviour = behaviourOf(message.text)
    if (behaviour === 'throw') throw new Error('as it should')
    if (behaviour.startsWith('slow')) {
      await new Promise<void>((resolve) => {
        life.clock(this.world.clock, 0).schedule(resolve, 2_000)
      })
    }
    if (behaviour.includes('repl')) await message.reply(replyText(message.text))
    if (behaviour === 'two replies') await message.reply(replyText(message.text, true))
    this.world.note(`${device.name}: handled ${message.text.slice(0, 20)}`)
  }

  // --- and how it ends -----------------------------------------------------------------------------------------------

  /** The faults are over. @returns how long it took until everything had arrived */
  async #comeToRest(): Promise<number> {
    const { world } = this
    world.note('the faults are over')
    for (const { life } of world.devices) {
      if (!life) continue
      life.crashPoint = undefined
      life.isDiskFull = false
    }
    // Whoever is closing may finish.
    await world.advance(10 * SECOND_MS)
    for (const device of world.devices) if (!device.messenger) await this.#start(device)
    for (const device of world.devices) this.#actions.reconcile(device)
    await world.settle()
    world.mend()
    const startMs = world.clock.nowMs()
    const waited = world.devices.some((device) => device.waited.size > 0)
    if (!(await world.advance(waited ? ACCEPTANCE_MS : DELIVERY_MS, () => this.#isDone()))) {
      const open = await Promise.all(
        world.devices.map(async ({ name, store, errors }) => {
          return `${name} ${JSON.stringify(await store.counts())} ${errors.slice(-2).join('; ')}`
        }),
      )
      throw new ModelError(`not everything arrived in time: ${open.join(', ')}`)
    }
    return world.clock.nowMs() - startMs
  }

  async #isDone(): Promise<boolean> {
    for (const { store } of this.world.devices) {
      const { undelivered, unhandled } = await store.counts()
      if (undelivered > 0 || unhandled > 0) return false
    }
    return true
  }

  /** Nobody has anything to say: nothing may be left open, and no timer set. */
  async #fallIdle(): Promise<void> {
    const { world } = this
    await world.advance(IDLE_MS, async () => world.devices.every((device) => (device.life?.timers.size ?? 0) === 0))
    for (const device of world.devices) {
      const { openStreams = 0, timers } = device.life ?? {}
      if (openStreams > 0 || (timers?.size ?? 0) > 0 || device.links > 0)
        throw new ModelError(`${device.name} has ${openStreams} streams open, ${timers?.size} timers set`)
    }
  }
}
