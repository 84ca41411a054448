import { MessengerError } from '../../error.js'
import type { ContactNote } from '../../store.js'
import { checkFile, checkInt64, checkMessage, checkNumber, checkSealed } from '../check.js'
import { contentOf } from '../content-of.js'
import type { OutboxStore } from '../parts.js'
import { changeFile, putFile } from './files.js'
import { type Row, viewSealed } from './row.js'
import { besideOf, putSealed } from './sealed.js'
import { guidKey, type Tables } from './tables.js'

export function outboxStore(tables: Tables): OutboxStore {
  const findStored = (peer: string, guid: bigint): Row | undefined => {
    const row = tables.find(peer, true, guid)
    return row?.state === 'stored' ? row : undefined
  }
  return {
    async enqueue(message, file) {
      const { peer, guid, heldBy, payload } = message
      checkMessage(message)
      if (file) checkFile(file)
      if (message.sealed) checkSealed(message.sealed)
      const isInGroup = message.sealed !== undefined || tables.contacts.get(peer)?.kind === 'group'
      if (isInGroup) tables.requireGroup(peer)
      if (tables.rowsByGuid.has(guidKey(peer, true, guid))) {
        throw new MessengerError('store', `message id ${guid} to ${peer} is already taken`)
      }
      tables.contact(peer)
      const isHeld = heldBy !== undefined && tables.rows.get(heldBy)?.state === 'unhandled'
      const row: Row = {
        ...contentOf(message),
        payload: new Uint8Array(payload),
        seq: tables.nextSeq(),
        peer,
        outgoing: true,
        state: message.state ?? (isHeld ? 'held' : 'stored'),
        settledMs: 0,
        refusedMs: 0,
        heldBy: isHeld ? heldBy : undefined,
        removed: false,
        ...(isInGroup && { beside: besideOf(tables, message) }),
      }
      tables.add(row)
      tables.outbox.add(row)
      if (file) putFile(tables, { ...file, peer, outgoing: true, guid })
      return viewSealed(row)
    },

    async prepared(peer, guid, payload, change) {
      checkInt64('guid', guid)
      checkFile(change)
      const row = tables.find(peer, true, guid)
      if (row?.state !== 'preparing') return
      row.payload = new Uint8Array(payload)
      row.state = row.heldBy === undefined ? 'stored' : 'held'
      changeFile(tables, peer, true, guid, change)
    },

    async edit(peer, guid, payload, editTimeMs, sealed) {
      checkInt64('guid', guid)
      checkNumber('editTimeMs', editTimeMs)
      if (sealed) checkSealed(sealed)
      const row = tables.find(peer, true, guid)
      if (!row || row.state === 'failed' || row.state === 'preparing' || editTimeMs <= row.editTimeMs) return undefined
      if (row.state === 'delivered') {
        row.state = 'stored'
        tables.outbox.addAgain(row)
      }
      Object.assign(row, { payload: new Uint8Array(payload), editTimeMs, settledMs: 0, refusedMs: 0 })
      tables.dropSealed(row)
      if (sealed) putSealed(tables, row, sealed)
      return viewSealed(row)
    },

    async pending(peer, limit, { refusedBeforeMs = Number.MAX_SAFE_INTEGER, except = [], maxBytes } = {}) {
      const found: Row[] = []
      let bytes = 0
      for (const row of tables.outbox.of(peer)) {
        if (found.length === limit) break
        const isRefused = row.refusedMs > 0 && row.refusedMs > refusedBeforeMs
        if (row.state !== 'stored' || isRefused || except.includes(row.guid)) continue
        bytes += row.payload.length + (row.beside?.blob?.length ?? 0)
        if (maxBytes !== undefined && bytes > maxBytes && found.length > 0) break
        found.push(row)
      }
      return found.map(viewSealed)
    },

    async pendingPeers() {
      const notes = [...tables.notes.values()].filter(isToBeSent)
      const files = [...tables.files.values()].filter(({ state, server }) => state === 'wanted' && server === '')
      const all = new Set([...tables.outbox.peers('stored'), ...[...notes, ...files].map(({ peer }) => peer)])
      return [...all].filter((peer) => tables.contact(peer).kind !== 'group')
    },

    async markDelivered(peer, guid, atMs, editTimeMs) {
      checkNumber('atMs', atMs)
      const row = findStored(peer, guid)
      if (row?.editTimeMs !== editTimeMs) return false
      Object.assign(row, { state: 'delivered', settledMs: atMs, refusedMs: 0 })
      tables.outbox.delete(row)
      return true
    },

    async markFailed(seq) {
      const row = tables.rows.get(seq)
      if (!row?.outgoing || row.state === 'delivered') return
      row.state = 'failed'
      tables.unhold(row)
      tables.dropSealed(row)
      tables.outbox.delete(row)
    },

    async markRefused(peer, guid, atMs) {
      checkNumber('atMs', atMs)
      const row = findStored(peer, guid)
      // 0 would say that it was not refused.
      if (row) row.refusedMs = Math.max(1, atMs)
    },

    async acceptedBy(peer) {
      for (const row of tables.outbox.of(peer)) row.refusedMs = 0
    },
  }
}

/** `attempts` tells that the other side has heard it. */
function isToBeSent({ kind, accepted, attempts }: ContactNote): boolean {
  return attempts === 0 && (kind === 'request-out' || (kind === 'response-out' && accepted))
}
