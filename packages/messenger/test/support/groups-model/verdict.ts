import type { StoredMessage } from '../../../src/index.js'
import { ModelError } from '../model/world.js'
import type { Member } from './member.js'
import type { GroupWorld } from './world.js'

/** What was said to whom, and what became of it as far as somebody was told. */
export interface GroupLedger {
  /** By id: what `send` resolved for. */
  readonly accepted: Map<string, Member>
  /** What somebody began to delete, and what they were told is deleted. */
  readonly deleting: Set<string>
  readonly deleted: Set<string>
  readonly duplicated: Set<string>
  readonly edited: Set<string>
}

export interface GroupVerdict {
  /** Messages that are in the histories. */
  readonly messages: number
  readonly deleted: number
  readonly duplicated: number
  readonly edited: number
}

const ALL = { limit: 1_000_000 }

/** Compare what was accepted with what is in the stores of all members. @throws {ModelError} */
export async function judgeGroup(world: GroupWorld, ledger: GroupLedger): Promise<GroupVerdict> {
  const histories = new Map<Member, readonly StoredMessage[]>()
  for (const member of world.members) {
    const rows = (await member.store.history(world.group, ALL)).reverse().filter(({ group }) => !group?.system)
    histories.set(member, rows)
    checkOnce(member, rows)
  }
  let messages = 0
  for (const [author, own] of histories) {
    const said = own.filter(({ outgoing }) => outgoing)
    messages += said.length
    for (const row of said) checkSaid(world, ledger, histories, author, row)
  }
  for (const [id, author] of ledger.accepted) {
    const isThere = histories.get(author)?.some(({ outgoing, guid }) => outgoing && String(guid) === id)
    if (!isThere && !ledger.deleting.has(id)) throw new ModelError(`${author.name}: ${id} was accepted and is gone`)
  }
  for (const id of ledger.deleted) {
    for (const [member, rows] of histories) {
      if (rows.some(({ guid }) => String(guid) === id))
        throw new ModelError(`${member.name} has ${id}, which was deleted`)
    }
  }
  for (const [member, rows] of histories) {
    for (const row of rows) if (!row.outgoing) checkHeard(world, ledger, histories, member, row)
  }
  const { deleted, duplicated, edited } = ledger
  return { messages, deleted: deleted.size, duplicated: duplicated.size, edited: edited.size }
}

const textOf = ({ payload }: StoredMessage): string => Buffer.from(payload).toString()

function checkOnce(member: Member, rows: readonly StoredMessage[]): void {
  const marks = rows.map((row) => `${row.group?.author} ${textOf(row).split(' ')[0]}`)
  const twice = marks.find((mark, index) => marks.indexOf(mark) !== index)
  if (twice !== undefined) throw new ModelError(`${member.name} has ${twice} twice`)
}

/** It is at the mediator and says the same at everybody's, in whose order the mediator has it. */
function checkSaid(
  world: GroupWorld,
  ledger: GroupLedger,
  histories: ReadonlyMap<Member, readonly StoredMessage[]>,
  author: Member,
  row: StoredMessage,
): void {
  const name = `'${textOf(row)}' of ${author.name}`
  if (row.state !== 'delivered') throw new ModelError(`${name} is ${row.state}`)
  if (!row.group || row.group.messageId <= 0n) throw new ModelError(`${name} has no number`)
  if (row.group.blob) throw new ModelError(`${name} is kept sealed`)
  for (const other of world.members) {
    if (other === author) continue
    const found = histories
      .get(other)
      ?.find(({ guid, group }) => guid === row.guid && group?.author === author.publicKey)
    if (!found && ledger.deleting.has(String(row.guid))) continue
    if (!found) throw new ModelError(`${name} is lost on ${other.name}`)
    if (textOf(found) !== textOf(row)) throw new ModelError(`${name} arrived at ${other.name} as '${textOf(found)}'`)
    if (!ledger.duplicated.has(String(row.guid)) && !ledger.edited.has(String(row.guid))) {
      const [here, there] = [row.group.messageId, found.group?.messageId]
      if (here !== there) throw new ModelError(`${name} is ${here} here, and ${there} at ${other.name}`)
    }
  }
}

/** Somebody said it, and a handler saw it. */
function checkHeard(
  world: GroupWorld,
  ledger: GroupLedger,
  histories: ReadonlyMap<Member, readonly StoredMessage[]>,
  member: Member,
  row: StoredMessage,
): void {
  const name = `'${textOf(row)}' at ${member.name}`
  if (row.group?.unreadable) throw new ModelError(`${name} could not be read`)
  if (row.state !== 'handled') throw new ModelError(`${name} is ${row.state}`)
  if (!member.handled.has(String(row.guid))) throw new ModelError(`${name} was seen by no handler`)
  const author = world.members.find(({ publicKey }) => publicKey === row.group?.author)
  const own = author && histories.get(author)?.find(({ outgoing, guid }) => outgoing && guid === row.guid)
  if (!own && !ledger.deleting.has(String(row.guid))) throw new ModelError(`${name} was never said`)
}
