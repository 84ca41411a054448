import { MessageType } from '@mimirjs/wire/peer'
import { type Conversation, MAX_PREVIEW_BYTES, type Store, type StoredMessage } from '../../store.js'
import { SYSTEM_MESSAGE_TYPE } from '../../store-groups.js'
import { checkNumber } from '../check.js'
import { fold, isSearchable, searchableText } from '../searchable.js'
import { isShown, type Row, view } from './row.js'
import { guidKey, type Tables } from './tables.js'

export type HistoryStore = Pick<
  Store,
  'history' | 'message' | 'placeOf' | 'remove' | 'counts' | 'conversations' | 'markRead' | 'search'
>

export function historyStore(tables: Tables): HistoryStore {
  return {
    async history(peer, { limit, beforeSeq }) {
      return take(
        isGroup(tables, peer) ? shownInGroup(tables, peer, beforeSeq) : shownOf(tables, peer, beforeSeq),
        limit,
      )
    },

    async message(peer, guid, outgoing) {
      const row = tables.find(peer, outgoing, guid)
      return row && view(row)
    },

    async placeOf(peer, guid, outgoing) {
      return tables.rowsByGuid.get(guidKey(peer, outgoing, guid))?.seq
    },

    async remove(peer, guid, outgoing) {
      const row = tables.find(peer, outgoing, guid)
      if (row) removeRow(tables, row)
      return row !== undefined
    },

    async counts() {
      const shown = [...tables.rows.values()].filter(isShown)
      return { undelivered: tables.outbox.size, unhandled: tables.inbox.size, messages: shown.length }
    },

    async conversations() {
      const all = [...tables.contacts.keys()].map((peer) => conversation(tables, peer))
      return all
        .filter(({ contact, last }) => {
          const { peer, kind } = contact
          return kind === 'group' ? tables.groups.has(peer) : last !== undefined || kind === 'contact'
        })
        .sort((a, b) => (b.last?.seq ?? 0) - (a.last?.seq ?? 0))
    },

    async markRead(peer, seq) {
      if (seq !== undefined) checkNumber('seq', seq)
      const newest = first(shownOf(tables, peer))?.seq ?? 0
      tables.readSeqs.set(peer, Math.max(readSeq(tables, peer), Math.min(seq ?? newest, newest)))
    },

    async search(text, { peer, limit, beforeSeq = Number.POSITIVE_INFINITY }) {
      const wanted = fold(text)
      if (wanted === '') return []
      const rows = peer === undefined ? [...tables.rows.values()] : (tables.rowsByPeer.get(peer) ?? [])
      const matches = function* (): Generator<Row> {
        for (const row of shownBefore(rows, beforeSeq)) {
          const { messageType, payload } = row
          if (isSearchable(messageType) && searchableText(messageType, payload).includes(wanted)) yield row
        }
      }
      return take(matches(), limit)
    },
  }
}

/** Newest first. @param rows - oldest first */
function* shownBefore(rows: readonly Row[], beforeSeq: number): Generator<Row> {
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index]
    if (row !== undefined && row.seq < beforeSeq && isShown(row)) yield row
  }
}

function take(rows: Iterable<Row>, limit: number): StoredMessage[] {
  const taken: StoredMessage[] = []
  if (limit <= 0) return taken
  for (const row of rows) {
    taken.push(view(row))
    if (taken.length >= limit) break
  }
  return taken
}

/** By arrival. */
function shownOf({ rowsByPeer }: Tables, peer: string, beforeSeq = Number.POSITIVE_INFINITY): Generator<Row> {
  return shownBefore(rowsByPeer.get(peer) ?? [], beforeSeq)
}

/** By the order of the group. */
function* shownInGroup({ rows, order }: Tables, group: string, beforeSeq?: number): Generator<Row> {
  const before = beforeSeq === undefined ? undefined : rows.get(beforeSeq)
  if (beforeSeq !== undefined && before?.peer !== group) return
  for (const row of order.newestFirst(group, before)) if (isShown(row)) yield row
}

function isGroup({ contacts }: Tables, peer: string): boolean {
  return contacts.get(peer)?.kind === 'group'
}

function first(rows: Iterable<Row>): Row | undefined {
  for (const row of rows) return row
  return undefined
}

function readSeq(tables: Tables, peer: string): number {
  return tables.readSeqs.get(peer) ?? 0
}

function conversation(tables: Tables, peer: string): Conversation {
  const contact = tables.contact(peer)
  const newest = first(isGroup(tables, peer) ? shownInGroup(tables, peer) : shownOf(tables, peer))
  const last = newest && { ...view(newest), payload: newest.payload.slice(0, MAX_PREVIEW_BYTES) }
  let unread = 0
  for (const row of shownOf(tables, peer)) {
    if (row.seq <= readSeq(tables, peer)) break
    const isWord = contact.kind === 'group' && row.messageType === SYSTEM_MESSAGE_TYPE
    if (!row.outgoing && row.messageType !== MessageType.reaction && !isWord) unread += 1
  }
  return { contact, unread, last }
}

export function removeRow(tables: Tables, row: Row): void {
  if (row.state === 'unhandled') row.state = 'handled'
  else if (row.outgoing && row.state !== 'delivered') row.state = 'failed'
  Object.assign(row, { removed: true, payload: new Uint8Array(0), refusedMs: 0 })
  tables.unhold(row)
  tables.dropSealed(row)
  tables.outbox.delete(row)
  tables.inbox.delete(row)
  // It counts as handled, so nothing waits for its handler any more.
  tables.release(row.seq)
  tables.files.delete(guidKey(row.peer, row.outgoing, row.guid))
}
