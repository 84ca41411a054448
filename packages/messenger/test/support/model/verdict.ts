import type { StoredMessage } from '../../../src/index.js'
import type { Ledger } from './actions.js'
import type { Device } from './device.js'
import { markOf, serialOf } from './texts.js'
import { ModelError, type World } from './world.js'

const ALL = { limit: 1_000_000 }

/** What a run came to. */
export interface Verdict {
  readonly accepted: number
  readonly delivered: number
  readonly edits: number
}

/** Compare what was accepted with what arrived, in the stores. @throws {ModelError} */
export async function judge(world: World, ledger: Ledger): Promise<Verdict> {
  let accepted = 0
  let delivered = 0
  for (const { device, to, id, serial } of ledger.accepted) {
    const isDeleted = ledger.deleting.has(`${device.name} ${to} ${id} true`)
    const row = await device.store.message(to, BigInt(id), true)
    if (!row && !isDeleted) throw new ModelError(`${device.name}: #${serial} was accepted and is not in the store`)
  }
  for (const receiver of world.devices) {
    for (const peer of new Set(world.devices.map(({ publicKey }) => publicKey))) {
      if (peer === receiver.publicKey) continue
      const rows = (await receiver.store.history(peer, ALL)).reverse().filter(({ outgoing }) => !outgoing)
      checkOnce(receiver, rows)
      await checkReceived(world, ledger, receiver, peer, rows)
    }
  }
  for (const sender of world.devices) {
    for (const peer of new Set(world.devices.map(({ publicKey }) => publicKey))) {
      if (peer === sender.publicKey) continue
      const rows = (await sender.store.history(peer, ALL)).reverse().filter(({ outgoing }) => outgoing)
      accepted += rows.length
      for (const row of rows) if (await checkSent(world, ledger, sender, peer, row)) delivered += 1
    }
  }
  return { accepted, delivered, edits: ledger.edited.size }
}

function checkOnce(receiver: Device, rows: readonly StoredMessage[]): void {
  const marks = rows.map(markOf)
  const twice = marks.find((mark, index) => marks.indexOf(mark) !== index)
  if (twice !== undefined) throw new ModelError(`${receiver.name} has ${twice} twice`)
}

/** What arrived was sent, is not there against the will of its receiver, was handled, and is in order. */
async function checkReceived(
  world: World,
  ledger: Ledger,
  receiver: Device,
  peer: string,
  rows: readonly StoredMessage[],
): Promise<void> {
  const lastSeq = new Map<Device, number>()
  for (const row of rows) {
    const name = `${markOf(row)} from ${peer.slice(0, 8)}`
    if (row.state !== 'handled') throw new ModelError(`${receiver.name}: ${name} is ${row.state}`)
    if (ledger.deleted.has(`${receiver.name} ${peer} ${row.guid} false`))
      throw new ModelError(`${receiver.name} deleted ${name}, and it is there again`)
    if (!receiver.handled.has(`${peer} ${row.guid}`)) throw new ModelError(`${receiver.name}: no handler saw ${name}`)
    let isKnown = false
    for (const sender of world.devicesOf(peer)) {
      const sent = await sender.store.message(receiver.publicKey, row.guid, true)
      isKnown ||= sent !== undefined
      isKnown ||= ledger.deleting.has(`${sender.name} ${receiver.publicKey} ${row.guid} true`)
      if (sent && mustBeInOrder(ledger, sender, receiver, sent)) {
        if (sent.seq < (lastSeq.get(sender) ?? 0)) throw new ModelError(`${receiver.name}: ${name} came too late`)
        lastSeq.set(sender, sent.seq)
      }
    }
    if (!isKnown) throw new ModelError(`${receiver.name}: ${name} was never sent`)
  }
}

/**
 * Answers are sent when their handler has finished, not when they were written; what was edited may come a second time
 * after the block that swallowed it; what waits for acceptance lets others pass.
 */
function mustBeInOrder(ledger: Ledger, sender: Device, receiver: Device, row: StoredMessage): boolean {
  if (row.messageType === 0 && serialOf(Buffer.from(row.payload).toString()) === undefined) return false
  if (ledger.edited.has(`${sender.name} ${receiver.publicKey} ${row.guid}`)) return false
  return !sender.waited.has(`${receiver.publicKey} ${row.guid}`)
}

/** What was sent arrived, at one device at least, and says what it says here. @returns whether it arrived */
async function checkSent(
  world: World,
  ledger: Ledger,
  sender: Device,
  peer: string,
  row: StoredMessage,
): Promise<boolean> {
  const name = `${markOf(row)} of ${sender.name}`
  if (row.state !== 'delivered') throw new ModelError(`${name} is ${row.state}`)
  if (ledger.excused.has(`${sender.publicKey} ${peer} ${row.guid}`)) return false
  const text = Buffer.from(row.payload).toString()
  const texts: string[] = []
  for (const receiver of world.devicesOf(peer)) {
    if (ledger.deleting.has(`${receiver.name} ${sender.publicKey} ${row.guid} false`)) return true
    const received = await receiver.store.message(sender.publicKey, row.guid, false)
    if (received) texts.push(Buffer.from(received.payload).toString())
  }
  if (texts.length === 0) throw new ModelError(`${name} is lost`)
  if (!texts.includes(text))
    throw new ModelError(`${name}: '${text.slice(0, 20)}' arrived as '${texts.join().slice(0, 40)}'`)
  return true
}
