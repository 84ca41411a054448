import { FEATURES, type Features, type HistoryEntry, isMessengerError, type Messenger } from '../../../src/index.js'
import type { Choices } from './choices.js'
import type { Device } from './device.js'
import { makeText } from './texts.js'
import type { World } from './world.js'

/** A message whose `send` resolved. */
export interface Accepted {
  readonly device: Device
  readonly to: string
  readonly id: string
  readonly serial: number
  readonly isText: boolean
}

/** What the people of a run did, as far as the verdict depends on it. */
export interface Ledger {
  readonly accepted: Accepted[]
  /** `device to id` whose text was changed. */
  readonly edited: Set<string>
  /** `device peer id outgoing`: deleting was begun. */
  readonly deleting: Set<string>
  /** `device peer id outgoing`: deleted. */
  readonly deleted: Set<string>
  /** `sender receiver id`: the receiver had blocked the sender, which may cost it. */
  readonly excused: Set<string>
  serial: number
}

export function createLedger(): Ledger {
  return {
    accepted: [],
    edited: new Set(),
    deleting: new Set(),
    deleted: new Set(),
    excused: new Set(),
    serial: 0,
  }
}

const LARGE_BYTES = 65_537
const LARGEST_BYTES = 200_000

/** What people do, at random, and what has to be remembered of it. */
export class Actions {
  readonly #world: World
  readonly #choices: Choices
  readonly #ledger: Ledger
  readonly #features: Features

  constructor(world: World, choices: Choices, ledger: Ledger) {
    this.#world = world
    this.#choices = choices
    this.#ledger = ledger
    this.#features = FEATURES[world.generation]
  }

  send(device: Device, sizeBytes = 0): void {
    const serial = ++this.#ledger.serial
    const to = this.#other(device).publicKey
    this.#accept(device, to, serial, true, (messenger) => messenger.send(to, makeText(serial, 1, sizeBytes)))
  }

  /** The text changes while it is on its way. */
  sendThenEdit(device: Device): void {
    const to = this.#other(device).publicKey
    const serial = ++this.#ledger.serial
    this.#accept(device, to, serial, true, async (messenger) => {
      const sent = await messenger.send(to, makeText(serial, 1))
      this.#world.clock.schedule(() => this.#editText(device, to, sent.id, serial), this.#choices.pick([0, 1, 100]))
      return sent
    })
  }

  sendLarge(device: Device): void {
    this.send(device, this.#choices.between(LARGE_BYTES, LARGEST_BYTES))
  }

  /** Both at the same time, with nothing between them: both dial. */
  collide(device: Device): void {
    const other = this.#other(device)
    device.cut()
    other.cut()
    for (const one of [device, other]) {
      const serial = ++this.#ledger.serial
      const to = one === device ? other.publicKey : device.publicKey
      this.#accept(one, to, serial, true, (messenger) => messenger.send(to, makeText(serial, 1)))
    }
  }

  reply(device: Device): void {
    this.#answer(device, (messenger, { peer, id }, serial) =>
      messenger.send(peer, { text: makeText(serial, 1), replyTo: id }),
    )
  }

  react(device: Device): void {
    if (!this.#features.reactions) return
    this.#answer(
      device,
      (messenger, { peer, id }, serial) => messenger.send(peer, { reaction: `👍${serial}`, replyTo: id }),
      false,
    )
  }

  edit(device: Device): void {
    const { accepted } = this.#ledger
    const own = accepted.filter((message) => message.device === device && message.isText)
    if (own.length === 0) return
    // Mostly the newest, which may be on its way.
    const { to, id, serial } = this.#choices.chance(0.6) ? own.at(-1)! : this.#choices.pick(own)
    this.#editText(device, to, id, serial)
  }

  #editText(device: Device, to: string, id: string, serial: number): void {
    const { edited } = this.#ledger
    const version = ++this.#ledger.serial
    this.#do(device, `edits #${serial} to v${version}`, async (messenger) => {
      edited.add(`${device.name} ${to} ${id}`)
      try {
        await messenger.send(to, { edit: id, text: makeText(serial, version) })
      } catch (error) {
        const isGone = this.#ledger.deleting.has(`${device.name} ${to} ${id} true`)
        if (!(isGone && isMessengerError(error) && error.code === 'unknown-message')) throw error
      }
    })
  }

  delete(device: Device): void {
    const { deleting, deleted } = this.#ledger
    const { publicKey } = this.#other(device)
    this.#do(device, 'deletes something', async (messenger) => {
      const entries = await messenger.history(publicKey, { limit: 10 })
      if (entries.length === 0) return
      const { id, outgoing, text } = this.#choices.pick(entries)
      const key = `${device.name} ${publicKey} ${id} ${outgoing}`
      deleting.add(key)
      this.#world.note(`${device.name} deletes ${outgoing ? 'own' : 'their'} ${text.slice(0, 20)}`)
      await messenger.deleteMessage(publicKey, id, { outgoing })
      deleted.add(key)
    })
  }

  block(device: Device): void {
    const other = this.#other(device)
    this.#do(device, `blocks ${other.name}`, (messenger) => messenger.block(other.publicKey))
  }

  unblock(device: Device): void {
    const other = this.#other(device)
    this.#do(device, `takes ${other.name} as contact`, async (messenger) => {
      await this.#excuse(device, other.publicKey)
      await messenger.addContact(other.publicKey)
    })
  }

  askContact(device: Device): void {
    if (!this.#features.contactRequests) return
    const other = this.#other(device)
    this.#do(device, `asks ${other.name} to be a contact`, async (messenger) => {
      await this.#excuse(device, other.publicKey)
      await messenger.requestContact(other.publicKey, { message: 'please' })
    })
  }

  answerContact(device: Device): void {
    this.#do(device, 'answers a contact request', async (messenger) => {
      const [request] = await messenger.contactRequests()
      if (!request) return
      await this.#excuse(device, request.peer)
      if (this.#choices.chance(0.7)) await messenger.acceptContact(request.peer)
      else await messenger.refuseContact(request.peer)
    })
  }

  /** At the end everybody takes everybody. */
  reconcile(device: Device): void {
    for (const other of this.#world.devices) {
      if (other.publicKey === device.publicKey) continue
      this.#do(device, `takes ${other.name} as contact`, async (messenger) => {
        await this.#excuse(device, other.publicKey)
        await messenger.addContact(other.publicKey)
        for (const { peer } of await messenger.contactRequests()) await messenger.acceptContact(peer)
      })
    }
  }

  #other(device: Device): Device {
    return this.#choices.pick(this.#world.devices.filter(({ publicKey }) => publicKey !== device.publicKey))
  }

  #answer(
    device: Device,
    send: (messenger: Messenger, entry: HistoryEntry, serial: number) => Promise<{ id: string }>,
    isText = true,
  ): void {
    const { publicKey } = this.#other(device)
    const serial = ++this.#ledger.serial
    this.#accept(device, publicKey, serial, isText, async (messenger) => {
      const entries = await messenger.history(publicKey, { limit: 10 })
      const [entry] = entries.filter(({ outgoing }) => !outgoing)
      return entry && send(messenger, entry, serial)
    })
  }

  #accept(
    device: Device,
    to: string,
    serial: number,
    isText: boolean,
    send: (messenger: Messenger) => Promise<{ id: string } | undefined>,
  ): void {
    this.#do(device, `sends #${serial}`, async (messenger) => {
      const sent = await send(messenger)
      if (sent) this.#ledger.accepted.push({ device, to, id: sent.id, serial, isText })
    })
  }

  /** A block may end: what the other side sent meanwhile may have been taken and dropped. */
  async #excuse(device: Device, peer: string): Promise<void> {
    if ((await device.store.contact(peer))?.kind !== 'blocked') return
    const here = await device.store.history(peer, { limit: 1_000_000 })
    const texts = new Map(
      here.filter(({ outgoing }) => !outgoing).map((row) => [row.guid, Buffer.from(row.payload).toString()]),
    )
    for (const sender of this.#world.devicesOf(peer)) {
      for (const row of await sender.store.history(device.publicKey, { limit: 1_000_000 })) {
        if (!row.outgoing || texts.get(row.guid) === Buffer.from(row.payload).toString()) continue
        this.#ledger.excused.add(`${peer} ${device.publicKey} ${row.guid}`)
      }
    }
  }

  #do(device: Device, what: string, work: (messenger: Messenger) => Promise<unknown>): void {
    const { messenger, life } = device
    if (!messenger || !life || life.dead) return
    this.#world.note(`${device.name} ${what}`)
    life.race(work(messenger)).catch((error: unknown) => {
      // It was told that it cannot: by the block, by its own deletion, by the disk, or because it closes.
      const isExpected = isMessengerError(error) && EXPECTED.has(error.code)
      if (isExpected) this.#world.note(`${device.name}: ${error.code}`)
      else this.#world.broken(`${device.name} ${what}: ${String(error)}`)
    })
  }
}

const EXPECTED: ReadonlySet<string> = new Set(['blocked', 'unknown-request', 'closed', 'store'])
