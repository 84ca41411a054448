// The verdict comes from the databases on disk, opened after everybody has stopped.
import { join } from 'node:path'
import { openSqliteStore, type StoredMessage } from '@mimirjs/messenger'

export interface Verdict {
  /** Messages a sender was told are accepted, or that stand in its database. */
  accepted: number
  /** Of these, how many stand in the receiver's database. */
  delivered: number
  lost: number
  /** Entries beyond the first with the same id or the same text, per receiver. */
  duplicated: number
  /** Entries that stand before one that was accepted earlier. */
  reordered: number
}

export interface Side {
  readonly folder: string
  readonly publicKey: string
  /** Ids whose `send` resolved, as the main program saw it. */
  readonly accepted: readonly string[]
}

export async function audit(left: Side, right: Side): Promise<Verdict> {
  const [leftRows, rightRows] = [await read(left, right.publicKey), await read(right, left.publicKey)]
  const verdicts = [compare(left, leftRows, rightRows), compare(right, rightRows, leftRows)]
  const total: Verdict = { accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0 }
  for (const verdict of verdicts) for (const key of Object.keys(total) as (keyof Verdict)[]) total[key] += verdict[key]
  return total
}

/** The whole conversation of one side, oldest first. */
async function read(side: Side, other: string): Promise<StoredMessage[]> {
  const store = openSqliteStore(join(side.folder, 'messenger.sqlite'))
  try {
    return (await store.history(other, { limit: 1_000_000 })).reverse()
  } finally {
    await store.close()
  }
}

function compare(sender: Side, sent: readonly StoredMessage[], received: readonly StoredMessage[]): Verdict {
  const outgoing = sent.filter((row) => row.outgoing).map((row) => String(row.guid))
  const accepted = new Set([...sender.accepted, ...outgoing])
  const incoming = received.filter((row) => !row.outgoing)
  const ids = incoming.map((row) => String(row.guid))
  const contents = incoming.map((row) => Buffer.from(row.payload).toString('base64'))
  const delivered = [...accepted].filter((id) => ids.includes(id)).length
  const order = ids.map((id) => outgoing.indexOf(id))
  return {
    accepted: accepted.size,
    delivered,
    lost: accepted.size - delivered,
    duplicated: Math.max(ids.length - new Set(ids).size, contents.length - new Set(contents).size),
    reordered: order.filter((position, index) => index > 0 && position < order[index - 1]!).length,
  }
}
