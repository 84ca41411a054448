// The verdict comes from the two databases, opened after everybody has stopped.
import { join } from 'node:path'
import { openSqliteStore, type StoredMessage } from '@mimirjs/messenger'

export interface Verdict {
  /** Messages in the senders' databases. */
  accepted: number
  /** Of these, how many stand in the receiver's database. */
  delivered: number
  lost: number
  /** Entries beyond the first with the same id. */
  duplicated: number
  /** Entries that stand before one that was accepted earlier. */
  reordered: number
}

export interface Side {
  readonly folder: string
  readonly publicKey: string
}

export async function audit(left: Side, right: Side): Promise<Verdict> {
  const [leftRows, rightRows] = [await read(left, right.publicKey), await read(right, left.publicKey)]
  const [there, back] = [compare(leftRows, rightRows), compare(rightRows, leftRows)]
  const total: Verdict = { accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0 }
  for (const key of Object.keys(total) as (keyof Verdict)[]) total[key] = there[key] + back[key]
  return total
}

/** The whole conversation of one side, oldest first. */
async function read({ folder }: Side, other: string): Promise<StoredMessage[]> {
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  try {
    return (await store.history(other, { limit: 1_000_000 })).reverse()
  } finally {
    await store.close()
  }
}

function compare(sent: readonly StoredMessage[], received: readonly StoredMessage[]): Verdict {
  const outgoing = sent.filter((row) => row.outgoing).map((row) => String(row.guid))
  const ids = received.filter((row) => !row.outgoing).map((row) => String(row.guid))
  const delivered = outgoing.filter((id) => ids.includes(id)).length
  const order = ids.map((id) => outgoing.indexOf(id))
  return {
    accepted: outgoing.length,
    delivered,
    lost: outgoing.length - delivered,
    duplicated: ids.length - new Set(ids).size,
    reordered: order.filter((place, at) => at > 0 && place < (order[at - 1] ?? 0)).length,
  }
}
