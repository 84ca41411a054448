// The verdict of a chaos run with a group, counted in the databases and logs that the members left behind. What is
// counted are pairs: a message for four other members counts four times.
import { join } from 'node:path'
import { openSqliteStore, type StoredMessage } from '@mimirjs/messenger'
import type { Complaint } from '../audit.js'
import { markOf, serialOf } from '../content.js'
import { LOGS, readLog } from '../logs.js'

export interface GroupVerdict {
  /** Ids in the authors' databases, plus those whose `send` resolved; times the others. */
  accepted: number
  /** Of these, in the database of that member with the newest text. */
  delivered: number
  lost: number
  /** Per database: entries beyond the first with the same author and text, or the same message of the mediator. */
  duplicated: number
  /** Messages sent directly that stand behind one that their author wrote later. */
  reordered: number
  /** Handlers that ran again although their process had not died in between. */
  handledTwice: number
}

export interface Suspect {
  readonly name: string
  readonly folder: string
  readonly publicKey: string
}

/** What one member left behind. */
interface Estate {
  readonly suspect: Suspect
  readonly outgoing: ReadonlyMap<string, StoredMessage>
  /** By author and id. */
  readonly incoming: ReadonlyMap<string, ReadonlyMap<string, StoredMessage>>
}

export async function auditGroup(
  suspects: readonly Suspect[],
  group: string,
  complain: Complaint,
): Promise<GroupVerdict> {
  const verdict: GroupVerdict = { accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0, handledTwice: 0 }
  const estates: Estate[] = []
  for (const suspect of suspects) {
    const rows = await readGroup(suspect, group)
    verdict.duplicated += countDuplicates(suspect, rows, complain)
    verdict.handledTwice += countHandledTwice(suspect.folder)
    estates.push(estateOf(suspect, rows))
  }
  for (const author of estates)
    for (const reader of estates)
      if (reader !== author) {
        judge(author, reader, verdict, complain)
        verdict.reordered += countReordered(author, reader, complain)
      }
  return verdict
}

/** Oldest first. */
async function readGroup({ folder }: Suspect, group: string): Promise<StoredMessage[]> {
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  try {
    return (await store.history(group, { limit: 10_000_000 })).reverse()
  } finally {
    await store.close()
  }
}

function estateOf(suspect: Suspect, rows: readonly StoredMessage[]): Estate {
  const outgoing = new Map<string, StoredMessage>()
  const incoming = new Map<string, Map<string, StoredMessage>>()
  for (const row of rows) {
    if (row.outgoing) {
      outgoing.set(String(row.guid), row)
      continue
    }
    const author = row.group?.author ?? ''
    const byId = incoming.get(author) ?? new Map<string, StoredMessage>()
    incoming.set(author, byId.set(String(row.guid), row))
  }
  return { suspect, outgoing, incoming }
}

/** Everything that one member wrote, at one other. */
function judge(author: Estate, reader: Estate, verdict: GroupVerdict, complain: Complaint): void {
  const promised = readLog(author.suspect.folder, LOGS.accepted).map(([id]) => id!)
  const edits = new Map(readLog(author.suspect.folder, LOGS.edited).map(([id, version]) => [id!, Number(version)]))
  const copies = reader.incoming.get(author.suspect.publicKey)
  for (const id of new Set([...author.outgoing.keys(), ...promised])) {
    verdict.accepted += 1
    const row = author.outgoing.get(id)
    const copy = copies?.get(id)
    const version = edits.get(id)
    const name = `${author.suspect.name}'s ${row ? markOf(textOf(row)).slice(-60) : id} at ${reader.suspect.name}`
    if (row === undefined) complain(`${name} was accepted and is not in the database of its author`)
    else if (version !== undefined && versionOf(row) < version) complain(`${name} lost its version ${version}`)
    else if (copy === undefined) complain(`${name} (${row.state}) did not arrive`)
    else if (textOf(copy) !== textOf(row)) complain(`${name} arrived with another text`)
    else {
      verdict.delivered += 1
      continue
    }
    verdict.lost += 1
  }
}

function countDuplicates(suspect: Suspect, rows: readonly StoredMessage[], complain: Complaint): number {
  const seen = new Set<string>()
  let duplicated = 0
  for (const row of rows) {
    const author = row.outgoing ? suspect.publicKey : (row.group?.author ?? '')
    const messageId = row.group?.messageId ?? 0n
    // Two changes of the mediator's own may read alike; no two messages of a member do.
    const keys = row.outgoing || serialOf(textOf(row)) !== undefined || textOf(row).startsWith('re:')
    const names = [...(keys ? [`${author} ${markOf(textOf(row))}`] : []), ...(messageId > 0n ? [`#${messageId}`] : [])]
    const twice = names.filter((name) => seen.has(name))
    for (const name of names) seen.add(name)
    if (twice.length === 0) continue
    duplicated += 1
    complain(`${suspect.name} has ${twice[0]!.slice(-60)} twice`)
  }
  return duplicated
}

/** Answers of handlers are sent when their handler has finished: only what was sent directly has a place in the order. */
function countReordered(author: Estate, reader: Estate, complain: Complaint): number {
  const sent = [...author.outgoing.values()].filter((row) => serialOf(textOf(row)) !== undefined)
  // The history has the order of the mediator; this is the order in which they were accepted.
  sent.sort((one, other) => one.seq - other.seq)
  const places = new Map(sent.map((row, place) => [String(row.guid), place]))
  let highest = -1
  let reordered = 0
  for (const [id, row] of reader.incoming.get(author.suspect.publicKey) ?? []) {
    const place = places.get(id)
    if (place === undefined) continue
    if (place > highest) highest = place
    else {
      reordered += 1
      complain(`${reader.suspect.name}: ${markOf(textOf(row)).slice(-60)} came behind what was sent later`)
    }
  }
  return reordered
}

const textOf = ({ payload }: StoredMessage): string => Buffer.from(payload).toString()
const versionOf = (row: StoredMessage): number => Number(/ v(\d+)$/.exec(textOf(row))?.[1] ?? 0)

function countHandledTwice(folder: string): number {
  const runs = readLog(folder, LOGS.handled).map(([pid, from, id]) => `${pid} ${from} ${id}`)
  return runs.length - new Set(runs).size
}
