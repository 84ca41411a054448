import type { HistoryEntry } from './message.js'
import type { StoredMessage } from './store.js'
import { viewContent } from './view.js'

/** What the list of conversations has of a message is cut short: too short for a file. */
export function withoutFile({ file: _, ...entry }: HistoryEntry): Omit<HistoryEntry, 'file'> {
  return entry
}

/** @param self - our public key, 64 lower-case hex digits */
export function toEntry(row: StoredMessage, self: string): HistoryEntry {
  return {
    ...viewContent(row),
    id: String(row.guid),
    peer: row.peer,
    author: row.outgoing ? self : (row.group?.author ?? row.peer),
    outgoing: row.outgoing,
    state: row.outgoing && row.state === 'stored' && row.refusedMs > 0 ? 'waiting' : row.state,
    sentAt: new Date(row.sendTimeMs),
    editedAt: row.editTimeMs === 0 ? undefined : new Date(row.editTimeMs),
  }
}
