// The verdict comes from the databases on disk, opened after everybody has stopped. What is counted are pairs: a message
// for three other members counts three times.
import { join } from 'node:path'
import { openSqliteStore, type StoredMessage } from '@mimirjs/messenger'

export interface Verdict {
  /** Pairs of a message that its author was told is accepted, or that stands in the author's database, and a member. */
  accepted: number
  /** Of these, how many stand in the database of that member. */
  delivered: number
  lost: number
  /** Entries beyond the first with the same author and id, or the same author and text, per database. */
  duplicated: number
  /** Entries that stand before one that their author wrote earlier, without answers. */
  reordered: number
  /** What somebody has that was written after the ban. */
  afterBan: number
}

export interface Side {
  readonly name: string
  readonly folder: string
  readonly publicKey: string
  /** Ids whose `send` resolved, as the main program saw it. */
  readonly accepted: readonly string[]
  /** When it was banned; nothing that was written later is meant for it. */
  readonly bannedAtMs?: number
}

export async function audit(sides: readonly Side[], group: string): Promise<Verdict> {
  const total: Verdict = { accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0, afterBan: 0 }
  const estates = []
  for (const side of sides) estates.push({ side, rows: await read(side, group) })
  for (const author of estates)
    for (const reader of estates)
      if (author !== reader) {
        const rows = reader.rows.filter((row) => !row.outgoing && row.group?.author === author.side.publicKey)
        compare(author.side, ownOf(author.rows), reader.side, rows, total)
      }
  return total
}

/** The whole conversation as one member has it, oldest first. */
async function read({ folder }: Side, group: string): Promise<StoredMessage[]> {
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  try {
    return (await store.history(group, { limit: 1_000_000 })).reverse()
  } finally {
    await store.close()
  }
}

function ownOf(rows: readonly StoredMessage[]): StoredMessage[] {
  return rows.filter((row) => row.outgoing)
}

function compare(
  author: Side,
  written: readonly StoredMessage[],
  reader: Side,
  read: readonly StoredMessage[],
  total: Verdict,
): void {
  const endMs = Math.min(author.bannedAtMs ?? Infinity, reader.bannedAtMs ?? Infinity)
  const late = new Set(written.filter((row) => row.sendTimeMs >= endMs).map((row) => String(row.guid)))
  const meant = [...new Set([...author.accepted, ...written.map((row) => String(row.guid))])].filter(
    (id) => !late.has(id),
  )
  const ids = read.map((row) => String(row.guid))
  const texts = read.map((row) => Buffer.from(row.payload).toString('base64'))
  const there = new Set(ids)
  const delivered = meant.filter((id) => there.has(id)).length
  // An answer leaves when its handler has finished: only what was written directly has a place in the order.
  const direct = written.filter((row) => row.replyTo === 0n).sort((one, other) => one.seq - other.seq)
  const places = new Map(direct.map((row, place) => [String(row.guid), place]))
  const order = ids.flatMap((id) => places.get(id) ?? [])
  total.accepted += meant.length
  total.delivered += delivered
  total.lost += meant.length - delivered
  total.duplicated += Math.max(ids.length - there.size, texts.length - new Set(texts).size)
  total.reordered += order.filter((place, index) => index > 0 && place < order[index - 1]!).length
  total.afterBan += ids.filter((id) => late.has(id)).length
}
