// The verdict of a chaos run, counted in the databases and logs that the processes left behind.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore, type StoredMessage } from '@mimirjs/messenger'

export interface Verdict {
  /** Ids in the senders' databases, plus those whose `send` resolved. */
  accepted: number
  delivered: number
  lost: number
  /** Per receiving database: entries beyond the first with the same id or the same text. */
  duplicated: number
  /** Messages sent directly that stand behind one that the sender wrote later. */
  reordered: number
  /** Handlers that ran again although their process had not died in between. */
  handledTwice: number
}

export interface Suspect {
  readonly name: string
  readonly folder: string
  readonly publicKey: string
}

export async function audit(people: readonly Suspect[]): Promise<Verdict> {
  const verdict: Verdict = { accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0, handledTwice: 0 }
  const histories = new Map<string, StoredMessage[]>()
  for (const person of people) {
    const store = openSqliteStore(join(person.folder, 'messenger.sqlite'))
    for (const other of people) {
      const rows = await store.history(other.publicKey, { limit: 10_000_000 })
      histories.set(`${person.name}/${other.name}`, rows.reverse())
    }
    await store.close()
    verdict.handledTwice += countHandledTwice(join(person.folder, 'handled.log'))
  }
  for (const sender of people)
    for (const receiver of people) {
      if (sender === receiver) continue
      const outgoing = histories.get(`${sender.name}/${receiver.name}`)!.filter((row) => row.outgoing)
      const incoming = histories.get(`${receiver.name}/${sender.name}`)!.filter((row) => !row.outgoing)
      const accepted = new Set(outgoing.map((row) => String(row.guid)))
      for (const [to, id] of readLog(join(sender.folder, 'accepted.log')))
        if (to === receiver.publicKey) accepted.add(id!)
      const ids = new Set(incoming.map((row) => String(row.guid)))
      const texts = incoming.map((row) => Buffer.from(row.payload).toString())
      const delivered = [...accepted].filter((id) => ids.has(id)).length
      verdict.accepted += accepted.size
      verdict.delivered += delivered
      verdict.lost += accepted.size - delivered
      verdict.duplicated += incoming.length - Math.min(ids.size, new Set(texts).size)
      verdict.reordered += countReordered(texts)
    }
  return verdict
}

/** Texts sent directly end in `#serial`, counted up by their sender. */
function countReordered(texts: readonly string[]): number {
  let highest = 0
  let reordered = 0
  for (const text of texts) {
    const serial = text.startsWith('re:') ? undefined : /#(\d+)$/.exec(text)?.[1]
    if (serial === undefined) continue
    if (Number(serial) < highest) reordered += 1
    else highest = Number(serial)
  }
  return reordered
}

function countHandledTwice(file: string): number {
  const runs = readLog(file).map(([pid, from, id]) => `${pid} ${from} ${id}`)
  return runs.length - new Set(runs).size
}

/** Lines of words. A line cut off by a kill has no line end and was never reported. */
function readLog(file: string): string[][] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
}
