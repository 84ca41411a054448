// The verdict of a chaos run, counted in the databases, logs and files that the processes left behind.
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { openSqliteStore, type Store, type StoredMessage } from '@mimirjs/messenger'
import { fileBytes, hashOf, markOf, serialOf } from './content.js'
import { LOGS, readLog } from './logs.js'

export interface Verdict {
  /** Ids in the senders' databases, plus those whose `send` resolved; without what somebody deleted. */
  accepted: number
  /** Of these, in the database of a device of the receiver with the newest text, and with its file on disk. */
  delivered: number
  lost: number
  /** Per receiving database: entries beyond the first with the same id or text, and deleted ones that came back. */
  duplicated: number
  /** Messages sent directly that stand behind one that the sender wrote later. */
  reordered: number
  /** Handlers that ran again although their process had not died in between. */
  handledTwice: number
  /** Of the delivered ones, those with a file, each compared byte by byte. */
  files: number
  /** Of the delivered ones, those whose text was changed. */
  edits: number
}

export interface Suspect {
  readonly name: string
  readonly folder: string
  readonly publicKey: string
}

/** What is wrong, for people to read. */
export type Complaint = (line: string) => void

const IMAGE = 1
const FILE = 3
const ALL = { limit: 10_000_000 }

/** What one device left behind, by the key of the other person. */
interface Estate {
  readonly suspect: Suspect
  readonly store: Store
  readonly outgoing: ReadonlyMap<string, readonly StoredMessage[]>
  readonly incoming: ReadonlyMap<string, ReadonlyMap<bigint, StoredMessage>>
  /** `peer id outgoing`. */
  readonly deleting: ReadonlySet<string>
}

export async function audit(suspects: readonly Suspect[], complain: Complaint): Promise<Verdict> {
  const verdict: Verdict = {
    ...{ accepted: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0, handledTwice: 0 },
    ...{ files: 0, edits: 0 },
  }
  const people = [...new Set(suspects.map(({ publicKey }) => publicKey))]
  const estates: Estate[] = []
  for (const suspect of suspects) estates.push(await openEstate(suspect, people))
  for (const estate of estates) {
    verdict.handledTwice += countHandledTwice(estate.suspect.folder)
    for (const peer of people) verdict.duplicated += countDuplicates(estate, peer, complain)
  }
  for (const sender of estates)
    for (const peer of people) {
      const receivers = estates.filter(({ suspect }) => suspect.publicKey === peer)
      await judge(sender, receivers, peer, verdict, complain)
      for (const receiver of receivers) verdict.reordered += countReordered(sender, receiver, complain)
    }
  for (const { store } of estates) await store.close()
  return verdict
}

async function openEstate(suspect: Suspect, people: readonly string[]): Promise<Estate> {
  const store = openSqliteStore(join(suspect.folder, 'messenger.sqlite'))
  const outgoing = new Map<string, StoredMessage[]>()
  const incoming = new Map<string, Map<bigint, StoredMessage>>()
  for (const peer of people) {
    const rows = (await store.history(peer, ALL)).reverse()
    outgoing.set(
      peer,
      rows.filter((row) => row.outgoing),
    )
    incoming.set(peer, new Map(rows.filter((row) => !row.outgoing).map((row) => [row.guid, row])))
  }
  const deleting = new Set(readLog(suspect.folder, LOGS.deleting).map((words) => words.join(' ')))
  return { suspect, store, outgoing, incoming, deleting }
}

/** Everything that one device sent to one person. */
async function judge(
  sender: Estate,
  receivers: readonly Estate[],
  peer: string,
  verdict: Verdict,
  complain: Complaint,
): Promise<void> {
  const rows = new Map((sender.outgoing.get(peer) ?? []).map((row) => [String(row.guid), row]))
  const promised = readLog(sender.suspect.folder, LOGS.accepted).filter(([to]) => to === peer)
  const serials = new Map(promised.map(([, id, serial]) => [id, Number(serial)]))
  const edits = new Map(
    readLog(sender.suspect.folder, LOGS.edited).map(([to, id, version]) => [`${to} ${id}`, Number(version)]),
  )
  const from = sender.suspect.publicKey
  for (const id of new Set([...rows.keys(), ...promised.map(([, id]) => id!)])) {
    const isDeleted =
      sender.deleting.has(`${peer} ${id} true`) || receivers.some(({ deleting }) => deleting.has(`${from} ${id} false`))
    if (isDeleted) continue
    verdict.accepted += 1
    const row = rows.get(id)
    const copies = receivers.flatMap((receiver) => {
      const copy = receiver.incoming.get(from)?.get(BigInt(id))
      return copy ? [{ receiver, copy }] : []
    })
    const name = `${sender.suspect.name}'s ${row ? markOfRow(row).slice(-60) : id}`
    const version = edits.get(`${peer} ${id}`)
    const newest = copies.filter(({ copy }) => row !== undefined && sameBytes(copy.payload, row.payload))
    if (row === undefined) complain(`${name} was accepted and is in no database of its sender`)
    else if (version !== undefined && versionOf(row) < version) complain(`${name} lost its version ${version}`)
    else if (copies.length === 0) complain(`${name} (${row.state}) did not arrive`)
    else if (newest.length === 0) complain(`${name} arrived with another text`)
    else if (!isFile(row) || (await hasFile(sender, row, newest, serials.get(id), complain, name))) {
      verdict.delivered += 1
      if (isFile(row)) verdict.files += 1
      if (row.editTimeMs > 0) verdict.edits += 1
      continue
    }
    verdict.lost += 1
  }
}

/** Whether the file of a message is on the disk of a device that has the message, as it was sent. */
async function hasFile(
  sender: Estate,
  row: StoredMessage,
  copies: readonly { readonly receiver: Estate; readonly copy: StoredMessage }[],
  serial: number | undefined,
  complain: Complaint,
  name: string,
): Promise<boolean> {
  const own = await sender.store.file(row.peer, true, row.guid)
  const sent = own && readFile(sender, own.path)
  const expected = serial === undefined ? sent && hashOf(sent) : hashOf(fileBytes(serial))
  if (sent && hashOf(sent) !== expected) complain(`${name}: the copy of its sender is damaged`)
  for (const { receiver, copy } of copies) {
    const file = await receiver.store.file(copy.peer, false, copy.guid)
    const bytes = file?.state === 'complete' ? readFile(receiver, file.path) : undefined
    if (bytes && hashOf(bytes) === expected) return true
    complain(
      `${name}: its file is ${file?.state ?? 'unknown'} at ${receiver.suspect.name}, ${bytes?.length ?? 'no'} bytes`,
    )
  }
  return false
}

function countDuplicates(estate: Estate, peer: string, complain: Complaint): number {
  const rows = [...(estate.incoming.get(peer)?.values() ?? [])]
  const marks = rows.map(markOfRow)
  const twice = marks.filter((mark, index) => marks.indexOf(mark) !== index)
  for (const mark of twice) complain(`${estate.suspect.name} has ${mark.slice(-60)} twice`)
  const deleted = new Set(readLog(estate.suspect.folder, LOGS.deleted).map((words) => words.join(' ')))
  const risen = rows.filter(({ guid }) => deleted.has(`${peer} ${guid} false`))
  for (const row of risen) complain(`${estate.suspect.name} deleted ${markOfRow(row).slice(-60)}, and has it`)
  return twice.length + risen.length
}

/**
 * Answers of handlers are sent when their handler has finished, files when they are uploaded: only what was sent directly
 * has a place in the order.
 */
function countReordered(sender: Estate, receiver: Estate, complain: Complaint): number {
  const sent = sender.outgoing.get(receiver.suspect.publicKey) ?? []
  const places = new Map(sent.filter(isDirect).map((row, place) => [row.guid, place]))
  let highest = -1
  let reordered = 0
  for (const row of receiver.incoming.get(sender.suspect.publicKey)?.values() ?? []) {
    const place = places.get(row.guid)
    if (place === undefined) continue
    if (place > highest) highest = place
    else {
      reordered += 1
      complain(`${receiver.suspect.name}: ${markOfRow(row).slice(-60)} came behind what was sent later`)
    }
  }
  return reordered
}

function isDirect(row: StoredMessage): boolean {
  return !isFile(row) && serialOf(textOfRow(row)) !== undefined
}

const isFile = ({ messageType }: StoredMessage): boolean => messageType === IMAGE || messageType === FILE
const textOfRow = ({ payload }: StoredMessage): string => Buffer.from(payload).toString()
const versionOf = (row: StoredMessage): number => Number(/ v(\d+)$/.exec(textOfRow(row))?.[1] ?? 0)
const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

function markOfRow(row: StoredMessage): string {
  const text = textOfRow(row)
  if (!isFile(row)) return markOf(text)
  const { text: caption, name } = JSON.parse(text) as { text?: string; name: string }
  return caption ?? name
}

function readFile({ suspect }: Estate, path: string): Uint8Array | undefined {
  const place = isAbsolute(path) ? path : join(suspect.folder, path)
  return path !== '' && existsSync(place) ? readFileSync(place) : undefined
}

function countHandledTwice(folder: string): number {
  const runs = readLog(folder, LOGS.handled).map(([pid, from, id]) => `${pid} ${from} ${id}`)
  return runs.length - new Set(runs).size
}
