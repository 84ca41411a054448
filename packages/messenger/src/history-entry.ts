import type { HistoryEntry } from './message.js'
import type { StoredMessage } from './store.js'
import { viewContent } from './view.js'

/** What the list of conversations has of a message is cut short: too short for a file. */
export function withoutFile({ file: _, ...entry }: HistoryEntry): Omit<HistoryEntry, 'file'> {
  return entry
}

export function toEntry(row: StoredMessage): HistoryEntry {
  return {
    ...viewContent(row),
    id: String(row.guid),
    peer: row.peer,
    outgoing: row.outgoing,
    state: row.outgoing && row.state === 'stored' && row.refusedMs > 0 ? 'waiting' : row.state,
    sentAt: new Date(row.sendTimeMs),
    editedAt: row.editTimeMs === 0 ? undefined : new Date(row.editTimeMs),
  }
}
