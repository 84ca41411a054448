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
  sealedTwice,
} from '../check.js'
import { becomeReadable, takeIn } from '../intake.js'
import type { GroupMessagesStore } from '../parts.js'
import { MemoryGroupRows } from './group-rows.js'
import { changeGroup } from './groups.js'
import { removeRow } from './history.js'
import { type Row, view, viewSealed } from './row.js'
import { putSealed } from './sealed.js'
import { guidKey, type Tables } from './tables.js'

export function groupMessagesStore(tables: Tables): GroupMessagesStore {
  const inOrder = new InOrder()
  const groupRows = new MemoryGroupRows(tables)

  function receive(group: string, batch: GroupBatch): Received[] {
    checkBatch(batch)
    tables.requireGroup(group)
    changeGroup(tables, group, { ...batch.change, syncedTo: batch.syncedTo })
    const rows = groupRows.of(group)
    const received: Received[] = []
    for (const message of batch.messages) {
      const taken = takeIn(rows, message)
      if (taken) received.push(taken)
    }
    const deleted = new Set<number>()
    for (const outerGuid of batch.deleted ?? []) {
      const removed = removeByOuterGuid(tables, group, outerGuid)
      if (removed) deleted.add(removed.seq)
    }
    return received.filter(({ message }) => !deleted.has(message.seq))
  }

  return {
    async sealed(group, guid, sealed, editTimeMs) {
      checkInt64('guid', guid)
      checkNumber('editTimeMs', editTimeMs)
      checkSealed(sealed)
      const row = tables.find(group, true, guid)
      if (!row?.beside || row.editTimeMs !== editTimeMs || !isToBeSent(row)) return
      if (row.beside.blob) throw sealedTwice(guid)
      putSealed(tables, row, sealed)
    },

    async markSent(group, guid, atMs, result, editTimeMs) {
      checkInt64('guid', guid)
      checkNumber('atMs', atMs)
      checkNumber('editTimeMs', editTimeMs)
      checkCopy(result)
      const rows = groupRows.of(group)
      const row = rows.find(true, guid)
      if (!row) return false
      if (!rows.isKnown(result)) rows.note(row.seq, result)
      if (row.removed || row.state !== 'stored' || row.editTimeMs !== editTimeMs) return false
      rows.deliver(row.seq, atMs)
      if (rows.isDeleted(result.outerGuid)) removeByOuterGuid(tables, group, result.outerGuid)
      return true
    },

    receiveGroup: (group, batch) =>
      inOrder.add(
        group,
        async (work) => work(),
        () => receive(group, batch),
      ),

    async removeByOuterGuid(group, outerGuid) {
      checkInt64('outerGuid', outerGuid)
      tables.requireGroup(group)
      return removeByOuterGuid(tables, group, outerGuid)
    },

    async retract(group, guid, isWanted) {
      checkInt64('guid', guid)
      const row = tables.rowsByGuid.get(guidKey(group, true, guid))
      if (row?.beside) row.beside.retracted = isWanted
    },

    async retracted(group) {
      const rows = tables.rowsByPeer.get(group) ?? []
      return rows.filter(({ beside }) => beside?.retracted).map(({ guid }) => guid)
    },

    async groupCopies(group, guid, outgoing) {
      checkInt64('guid', guid)
      const rows = groupRows.of(group)
      const row = rows.find(outgoing, guid)
      return row ? rows.copies(row.seq) : []
    },

    async unreadable(group, limit, afterSeq = 0) {
      const rows = tables.rowsByPeer.get(group) ?? []
      return rows
        .filter(({ seq, beside }) => beside?.unreadable && seq > afterSeq)
        .slice(0, limit)
        .map(viewSealed)
    },

    async decrypted(group, guid, message) {
      checkInt64('guid', guid)
      checkGroupMessage(message)
      tables.requireGroup(group)
      const rows = groupRows.of(group)
      const row = rows.find(message.outgoing, guid)
      return row?.unreadable && !message.sealed ? becomeReadable(rows, row, message) : undefined
    },
  }
}

function isToBeSent({ state }: Row): boolean {
  return state === 'held' || state === 'stored'
}

function removeByOuterGuid(tables: Tables, group: string, outerGuid: bigint): StoredMessage | undefined {
  const ever = tables.copies.byOuterGuid(group, outerGuid)
  const found = ever.filter(({ removed }) => !removed)
  const [first] = found.map(view)
  for (const row of found) removeRow(tables, row)
  if (ever.length === 0) rememberDeletion(tables, group, outerGuid)
  return first
}

function rememberDeletion({ deletions }: Tables, group: string, outerGuid: bigint): void {
  const early = deletions.get(group) ?? new Set()
  deletions.set(group, early.add(outerGuid))
  for (const oldest of early) {
    if (early.size <= MAX_EARLY_DELETIONS) return
    early.delete(oldest)
  }
}
