import type { Contact, ContactNote, StoredFile } from '../../store.js'
import type { StoredGroup, StoredInvite, StoredMember } from '../../store-groups.js'
import { isComparedReaction } from '../reaction-double.js'
import type { Row } from './row.js'
import { Tables } from './tables.js'

/** Everything in {@link Tables} but the messages, as values that can be cloned: their indexes follow from it. */
export interface Snapshot {
  readonly lastSeq: number
  readonly settings: ReadonlyMap<string, string>
  /** In the order in which they were first heard of. */
  readonly contacts: readonly Contact[]
  readonly readSeqs: ReadonlyMap<string, number>
  readonly notes: ReadonlyMap<string, ContactNote>
  readonly files: ReadonlyMap<string, StoredFile>
  readonly groups: ReadonlyMap<string, StoredGroup>
  readonly members: ReadonlyMap<string, Map<string, StoredMember>>
  readonly deletions: ReadonlyMap<string, Set<bigint>>
  readonly highestIds: ReadonlyMap<string, bigint>
  readonly invites: ReadonlyMap<string, StoredInvite>
}

export function takeSnapshot(tables: Tables): Snapshot {
  const { lastSeq, settings, readSeqs, notes, files, groups, members, deletions, invites } = tables
  const contacts = [...tables.contacts.values()]
  const { highestIds } = tables.order
  return { lastSeq, settings, contacts, readSeqs, notes, files, groups, members, deletions, highestIds, invites }
}

/** Tables that answer as those did that the snapshot and these rows, ascending by `seq`, were taken of. */
export function restoreTables(snapshot: Snapshot, rows: Iterable<Row>): Tables {
  const tables = new Tables()
  fill(tables.settings, snapshot.settings)
  for (const contact of snapshot.contacts) tables.contacts.set(contact.peer, contact)
  fill(tables.readSeqs, snapshot.readSeqs)
  fill(tables.notes, snapshot.notes)
  fill(tables.files, snapshot.files)
  fill(tables.groups, snapshot.groups)
  fill(tables.members, snapshot.members)
  fill(tables.deletions, snapshot.deletions)
  fill(tables.invites, snapshot.invites)
  for (const row of rows) restoreRow(tables, row)
  // Also of messages that are gone.
  fill(tables.order.highestIds, snapshot.highestIds)
  tables.lastSeq = snapshot.lastSeq
  return tables
}

function restoreRow(tables: Tables, row: Row): void {
  tables.add(row)
  const { state, outgoing, peer, beside } = row
  if (outgoing && (state === 'preparing' || state === 'held' || state === 'stored')) tables.outbox.add(row)
  if (state === 'unhandled') tables.inbox.add(row)
  if (!outgoing && isComparedReaction(row)) tables.reactions.add(beside ? `${peer} ${beside.author}` : peer, row)
}

function fill<Key, Value>(target: Map<Key, Value>, source: ReadonlyMap<Key, Value>): void {
  for (const [key, value] of source) target.set(key, value)
}
