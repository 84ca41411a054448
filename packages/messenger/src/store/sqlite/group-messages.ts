import { fromHex } from '@mimirjs/wire'
import { InOrder } from '../../in-order.js'
import type { Received, StoredMessage } from '../../store.js'
import { type GroupBatch, MAX_EARLY_DELETIONS } from '../../store-groups.js'
import {
  checkBatch,
  checkCopy,
  checkGroupMessage,
  checkInt64,
  checkNumber,
  checkSealed,
  noSuchGroup,
  sealedTwice,
} from '../check.js'
import { becomeReadable, takeIn } from '../intake.js'
import type { GroupMessagesStore } from '../parts.js'
import { SqliteGroupRows } from './group-rows.js'
import { changeGroup } from './groups.js'
import { removeMessage } from './history.js'
import { DELIVERED } from './outbox.js'
import { PEER_ID, SELECT_MESSAGE, SELECT_SEALED } from './rows.js'
import { dropSealed, putSealed } from './sealed.js'
import type { Tables } from './tables.js'

const TO_BE_SEALED = `SELECT seq, blob IS NOT NULL AS isSealed FROM message JOIN groupMessage ON groupMessage.message = seq
  WHERE message.peer = ${PEER_ID} AND outgoing = 1 AND guid = ? AND editTimeMs = ? AND state IN ('held', 'stored')`

export const BY_OUTER_GUID: string = `${SELECT_MESSAGE} WHERE removed = 0 AND seq IN (
    SELECT message FROM groupMessage WHERE chat = ? AND outerGuid = ?
    UNION ALL SELECT message FROM groupMessage WHERE chat = ? AND sealedGuid = ?
    UNION ALL SELECT message FROM groupCopy WHERE chat = ? AND outerGuid = ?
  ) ORDER BY seq`

const EVER_BY_OUTER_GUID = `SELECT message FROM groupMessage WHERE chat = ? AND outerGuid = ?
  UNION ALL SELECT message FROM groupCopy WHERE chat = ? AND outerGuid = ? LIMIT 1`

const REMEMBER_DELETION = 'INSERT OR IGNORE INTO groupDeletion (chat, outerGuid) VALUES (?, ?)'
const DROP_OLDEST_DELETIONS = `DELETE FROM groupDeletion WHERE id IN (
  SELECT id FROM groupDeletion WHERE chat = ? ORDER BY id DESC LIMIT -1 OFFSET ${MAX_EARLY_DELETIONS})`

export const UNREADABLE: string = `${SELECT_SEALED} WHERE seq IN (
    SELECT message FROM groupMessage WHERE chat = ${PEER_ID} AND message > ? AND unreadable = 1 ORDER BY message LIMIT ?
  ) ORDER BY seq`

const RETRACT = `UPDATE groupMessage SET retracted = ?
  WHERE message = (SELECT seq FROM message WHERE peer = ${PEER_ID} AND outgoing = 1 AND guid = ?)`

export const RETRACTED: string = `SELECT guid FROM groupMessage CROSS JOIN message ON seq = groupMessage.message
  WHERE chat = ${PEER_ID} AND retracted = 1 ORDER BY groupMessage.message`

export function groupMessagesStore(tables: Tables): GroupMessagesStore {
  const inOrder = new InOrder()
  return {
    async sealed(group, guid, sealed, editTimeMs) {
      checkInt64('guid', guid)
      checkNumber('editTimeMs', editTimeMs)
      checkSealed(sealed)
      await tables.write(() => {
        const row = tables.get(TO_BE_SEALED, fromHex(group), guid, editTimeMs)
        if (row?.['isSealed'] === 1n) throw sealedTwice(guid)
        if (row) putSealed(tables, Number(row['seq']), guid, sealed)
      })
    },

    async markSent(group, guid, atMs, result, editTimeMs) {
      checkInt64('guid', guid)
      checkNumber('atMs', atMs)
      checkNumber('editTimeMs', editTimeMs)
      checkCopy(result)
      return tables.write(() => {
        const chat = tables.knownPeerId(group)
        if (chat === undefined) return false
        const rows = new SqliteGroupRows(tables, chat)
        const row = rows.find(true, guid)
        if (!row) return false
        if (!rows.isKnown(result)) rows.note(row.seq, result)
        if (tables.run(DELIVERED, atMs, fromHex(group), guid, editTimeMs) === 0) return false
        dropSealed(tables, row.seq)
        if (rows.isDeleted(result.outerGuid)) removeMessage(tables, chat, true, guid)
        return true
      })
    },

    receiveGroup: (group, batch) =>
      inOrder.add(
        group,
        (work) => tables.write(work),
        () => receive(tables, group, batch),
      ),

    async removeByOuterGuid(group, outerGuid) {
      checkInt64('outerGuid', outerGuid)
      return tables.write(() => removeByOuterGuid(tables, tables.groupId(group), outerGuid))
    },

    async retract(group, guid, isWanted) {
      checkInt64('guid', guid)
      await tables.change(RETRACT, isWanted ? 1 : 0, fromHex(group), guid)
    },

    async retracted(group) {
      return tables.all(RETRACTED, fromHex(group)).map((row) => row['guid'] as bigint)
    },

    async groupCopies(group, guid, outgoing) {
      checkInt64('guid', guid)
      const chat = tables.knownPeerId(group)
      if (chat === undefined) return []
      const rows = new SqliteGroupRows(tables, chat)
      const row = rows.find(outgoing, guid)
      return row ? rows.copies(row.seq) : []
    },

    async unreadable(group, limit, afterSeq = 0) {
      return tables.messages(UNREADABLE, fromHex(group), afterSeq, limit)
    },

    async decrypted(group, guid, message) {
      checkInt64('guid', guid)
      checkGroupMessage(message)
      return tables.write(() => {
        const rows = new SqliteGroupRows(tables, tables.groupId(group))
        const row = rows.find(message.outgoing, guid)
        return row?.unreadable && !message.sealed ? becomeReadable(rows, row, message) : undefined
      })
    },
  }
}

function receive(tables: Tables, group: string, batch: GroupBatch): Received[] {
  checkBatch(batch)
  const chat = tables.knownPeerId(group)
  if (chat === undefined || !changeGroup(tables, chat, { ...batch.change, syncedTo: batch.syncedTo }))
    throw noSuchGroup(group)
  const rows = new SqliteGroupRows(tables, chat)
  const received: Received[] = []
  for (const message of batch.messages) {
    const taken = takeIn(rows, message)
    if (taken) received.push(taken)
  }
  const deleted = new Set<number>()
  for (const outerGuid of batch.deleted ?? []) {
    const removed = removeByOuterGuid(tables, chat, outerGuid)
    if (removed) deleted.add(removed.seq)
  }
  return received.filter(({ message }) => !deleted.has(message.seq))
}

function removeByOuterGuid(tables: Tables, chat: number, outerGuid: bigint): StoredMessage | undefined {
  const found = tables.messages(BY_OUTER_GUID, chat, outerGuid, chat, outerGuid, chat, outerGuid)
  for (const { outgoing, guid } of found) removeMessage(tables, chat, outgoing, guid)
  if (found.length === 0 && !tables.get(EVER_BY_OUTER_GUID, chat, outerGuid, chat, outerGuid)) {
    if (tables.run(REMEMBER_DELETION, chat, outerGuid) > 0) tables.run(DROP_OLDEST_DELETIONS, chat)
  }
  return found[0]
}
