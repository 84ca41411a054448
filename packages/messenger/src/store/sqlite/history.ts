import { fromHex } from '@mimirjs/wire'
import type { Store } from '../../store.js'
import { deleteFile } from './files.js'
import { historyInGroup } from './group-order.js'
import { release } from './inbox.js'
import { PEER_ID, SELECT_BY_GUID, SELECT_MESSAGE, SHOWN } from './rows.js'
import { dropSealed } from './sealed.js'
import type { Tables } from './tables.js'

export const HISTORY: string = `${SELECT_MESSAGE}
  WHERE message.peer = ? AND seq < ? AND ${SHOWN} ORDER BY seq DESC LIMIT ?`

export const PLACE: string = `SELECT seq FROM message WHERE peer = ${PEER_ID} AND outgoing = ? AND guid = ?`

const REMOVE = `UPDATE message SET removed = 1, payload = x'', heldBy = NULL, refusedMs = 0,
    state = CASE state WHEN 'delivered' THEN state WHEN 'unhandled' THEN 'handled' WHEN 'handled' THEN state ELSE 'failed' END
  WHERE peer = ? AND outgoing = ? AND guid = ? AND removed = 0 RETURNING seq`

/** The conditions of {@link Store.counts}. */
export const COUNTS: Readonly<Record<'stored' | 'waiting' | 'unhandled' | 'messages', string>> = {
  stored: `state = 'stored'`,
  waiting: `state IN ('held', 'preparing')`,
  unhandled: `state = 'unhandled'`,
  messages: SHOWN,
}

export type HistoryStore = Pick<Store, 'history' | 'message' | 'placeOf' | 'remove' | 'counts'>

export function historyStore(tables: Tables): HistoryStore {
  const count = (what: keyof typeof COUNTS): number =>
    Number(tables.get(`SELECT count(*) AS n FROM message WHERE ${COUNTS[what]}`)!['n'])
  return {
    async history(peer, { limit, beforeSeq }) {
      const known = tables.knownPeer(peer)
      if (!known) return []
      if (known.isGroup) return historyInGroup(tables, known.id, limit, beforeSeq)
      return tables.messages(HISTORY, known.id, beforeSeq ?? Number.MAX_SAFE_INTEGER, limit)
    },

    async message(peer, guid, outgoing) {
      return tables.messages(SELECT_BY_GUID, fromHex(peer), outgoing ? 1 : 0, guid)[0]
    },

    async placeOf(peer, guid, outgoing) {
      const row = tables.get(PLACE, fromHex(peer), outgoing ? 1 : 0, guid)
      return row && Number(row['seq'])
    },

    remove: (peer, guid, outgoing) =>
      tables.write(() => {
        const id = tables.knownPeerId(peer)
        return id !== undefined && removeMessage(tables, id, outgoing, guid)
      }),

    async counts() {
      return {
        undelivered: count('stored') + count('waiting'),
        unhandled: count('unhandled'),
        messages: count('messages'),
      }
    },
  }
}

/** Only inside a write. @param peer - row id. @returns false when there is no such message */
export function removeMessage(tables: Tables, peer: number, outgoing: boolean, guid: bigint): boolean {
  const row = tables.get(REMOVE, peer, outgoing ? 1 : 0, guid)
  if (!row) return false
  const seq = Number(row['seq'])
  // It counts as handled, so nothing waits for its handler any more.
  if (!outgoing) release(tables, seq)
  dropSealed(tables, seq)
  deleteFile(tables, peer, outgoing, guid)
  return true
}
