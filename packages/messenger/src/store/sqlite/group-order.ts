import type { StoredMessage } from '../../store.js'
import { MAX_ORDERED_ID } from '../order-key.js'
import { SELECT_IN_GROUP, SHOWN } from './rows.js'
import type { Tables } from './tables.js'

const highest = (table: string, condition: string): string =>
  `coalesce((SELECT max(messageId) FROM ${table} WHERE chat = groupChat.peer AND ${condition}), 0)`

/** As `orderKeyBehind`, of all numbers that are known in the row of `groupChat`. */
export const KEY_BEHIND_ALL: string = `2 * min(
  max(${highest('groupMessage', 'messageId > 0')}, ${highest('groupCopy', 'messageId > 0')}), ${MAX_ORDERED_ID}) + 1`

/** Whether a row of `groupMessage` is shown, without a look at the message, which may be long. */
const IS_SHOWN = `EXISTS (SELECT 1 FROM message INDEXED BY message_shown
  WHERE message.peer = groupMessage.chat AND seq = groupMessage.message AND ${SHOWN})`

/** `seq` of what is shown as the newest in the group that is the row of `peer`. */
export const NEWEST_IN_GROUP: string = `(SELECT message FROM groupMessage WHERE chat = peer.id AND ${IS_SHOWN}
  ORDER BY orderKey DESC, message DESC LIMIT 1)`

const select = (condition: string): string => `${SELECT_IN_GROUP}
  WHERE chat = ? AND ${condition} AND ${IS_SHOWN} ORDER BY orderKey DESC, groupMessage.message DESC LIMIT ?`

/** Parameters: row id of the group, key to begin before, number of rows. */
export const HISTORY_IN_GROUP: string = select('orderKey < ?')
/** What shares its key with a row. Parameters: row id of the group, the key, `seq` to begin before, number of rows. */
export const SAME_KEY: string = select('orderKey = ? AND groupMessage.message < ?')

const KEY_OF = 'SELECT orderKey FROM groupMessage WHERE message = ? AND chat = ?'

const END = 2n ** 63n - 1n

/** @param chat - row id of the group. @param beforeSeq - of a row of the group; a removed one has its place still */
export function historyInGroup(tables: Tables, chat: number, limit: number, beforeSeq?: number): StoredMessage[] {
  if (limit <= 0) return []
  if (beforeSeq === undefined) return tables.messages(HISTORY_IN_GROUP, chat, END, limit)
  const key = tables.get(KEY_OF, beforeSeq, chat)?.['orderKey']
  if (key === undefined) return []
  const messages = tables.messages(SAME_KEY, chat, key, beforeSeq, limit)
  const left = limit - messages.length
  return left > 0 ? [...messages, ...tables.messages(HISTORY_IN_GROUP, chat, key, left)] : messages
}

/** @param chat - row id of the group, which is there */
export function keyBehindAll(tables: Tables, chat: number): bigint {
  return tables.get(`SELECT ${KEY_BEHIND_ALL} AS orderKey FROM groupChat WHERE peer = ?`, chat)!['orderKey'] as bigint
}
