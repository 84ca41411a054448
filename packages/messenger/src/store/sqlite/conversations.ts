import { fromHex } from '@mimirjs/wire'
import { type Conversation, MAX_PREVIEW_BYTES, type Store } from '../../store.js'
import { SYSTEM_MESSAGE_TYPE } from '../../store-groups.js'
import { checkNumber } from '../check.js'
import { NEWEST_IN_GROUP } from './group-order.js'
import { SELECT_PREVIEW, SHOWN, toContact } from './rows.js'
import type { Tables } from './tables.js'

/** By arrival. */
const NEWEST = `(SELECT seq FROM message WHERE message.peer = peer.id AND ${SHOWN} ORDER BY seq DESC LIMIT 1)`

/** Without the messages themselves: per peer one look into the index, and the unread ones counted in it. */
export const CONVERSATIONS: string = `SELECT peer.*,
    CASE kind WHEN 'group' THEN ${NEWEST_IN_GROUP} ELSE ${NEWEST} END AS lastSeq,
    (SELECT count(*) FROM message WHERE message.peer = peer.id AND seq > readSeq AND ${SHOWN}
      AND outgoing = 0 AND messageType <> 10 AND (messageType <> ${SYSTEM_MESSAGE_TYPE} OR kind <> 'group')) AS unread,
    EXISTS (SELECT 1 FROM groupChat WHERE groupChat.peer = peer.id) AS isGroup
  FROM peer ORDER BY id`

const LAST = `${SELECT_PREVIEW} WHERE seq = ?`

/** No further than the newest message: those to come are unread. */
export const MARK_READ: string = `UPDATE peer SET readSeq = max(readSeq, min(?, coalesce(${NEWEST}, 0))) WHERE key = ?`

export const NEWEST_ARRIVAL: string = `SELECT ${NEWEST} AS seq FROM peer WHERE key = ?`

export type ConversationsStore = Pick<Store, 'conversations' | 'markRead'>

export function conversationsStore(tables: Tables): ConversationsStore {
  return {
    async conversations() {
      const conversations: Conversation[] = []
      for (const row of tables.all(CONVERSATIONS)) {
        const contact = toContact(row)
        const lastSeq = row['lastSeq']!
        if (contact.kind === 'group' ? row['isGroup'] === 0n : lastSeq === null && contact.kind !== 'contact') continue
        const [last] = lastSeq === null ? [] : tables.messages(LAST, MAX_PREVIEW_BYTES, lastSeq)
        conversations.push({ contact, unread: Number(row['unread']), last })
      }
      return conversations.sort((a, b) => (b.last?.seq ?? 0) - (a.last?.seq ?? 0))
    },

    async markRead(peer, seq) {
      if (seq !== undefined) checkNumber('seq', seq)
      const key = fromHex(peer)
      // Looked up at once: what comes until the write runs has not been seen.
      const upTo = seq ?? tables.get(NEWEST_ARRIVAL, key)?.['seq'] ?? undefined
      if (upTo !== undefined) await tables.change(MARK_READ, upTo, key)
    },
  }
}
