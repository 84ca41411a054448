import { fromHex } from '@mimirjs/wire'
import { MessengerError } from '../../error.js'
import type { NewOutgoing, OutgoingState } from '../../store.js'
import { checkFile, checkInt64, checkMessage, checkNumber, checkSealed, noSuchGroup } from '../check.js'
import { contentOf } from '../content-of.js'
import { outgoingInGroup } from '../in-group.js'
import type { OutboxStore } from '../parts.js'
import { changeFile, putFile } from './files.js'
import { KEY_BEHIND_ALL } from './group-order.js'
import { TO_BE_SENT } from './notes.js'
import { PEER_ID, SELECT_BY_GUID, SELECT_SEALED } from './rows.js'
import { dropSealed, putSealed } from './sealed.js'
import type { PeerRow, Tables } from './tables.js'

const INSERT = `INSERT INTO message
    (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, heldBy)
  VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (peer, outgoing, guid) DO NOTHING`

const PREPARED = `UPDATE message SET payload = ?, state = CASE WHEN heldBy IS NULL THEN 'stored' ELSE 'held' END
  WHERE peer = ? AND outgoing = 1 AND guid = ? AND state = 'preparing'`

const EDIT = `UPDATE message SET payload = ?, editTimeMs = ?, settledMs = 0, refusedMs = 0,
    state = CASE state WHEN 'held' THEN 'held' ELSE 'stored' END
  WHERE peer = ${PEER_ID} AND outgoing = 1 AND guid = ? AND editTimeMs < ? AND removed = 0
    AND state IN ('held', 'stored', 'delivered')`

export const DELIVERED: string = `UPDATE message SET state = 'delivered', settledMs = ?, refusedMs = 0
  WHERE peer = ${PEER_ID} AND outgoing = 1 AND guid = ? AND editTimeMs = ? AND state = 'stored'`

const FAILED = `UPDATE message SET state = 'failed', heldBy = NULL
  WHERE seq = ? AND outgoing = 1 AND state IN ('preparing', 'held', 'stored')`

const REFUSED = `UPDATE message SET refusedMs = ?
  WHERE peer = ${PEER_ID} AND outgoing = 1 AND guid = ? AND state = 'stored'`

export const ACCEPTED: string = `UPDATE message SET refusedMs = 0 WHERE peer = ${PEER_ID} AND refusedMs > 0 AND state = 'stored'`

/**
 * The fresh ones come out of the index in order; of the refused ones only their places are sorted, however many they are.
 */
const OPEN = `SELECT seq FROM (SELECT seq FROM message
      WHERE peer = ${PEER_ID} AND refusedMs = 0 AND state = 'stored' ORDER BY seq LIMIT ?)
    UNION ALL
    SELECT seq FROM (SELECT seq FROM message
      WHERE peer = ${PEER_ID} AND refusedMs BETWEEN 1 AND ? AND state = 'stored' ORDER BY seq LIMIT ?)`

export const PENDING: string = `${SELECT_SEALED} WHERE seq IN (${OPEN}) ORDER BY seq LIMIT ?`

/** Of what would be too much no more than the length is looked at. */
export const PENDING_WITHIN: string = `${SELECT_SEALED} WHERE seq IN (
    SELECT place FROM (SELECT place, bytes, sum(bytes) OVER (ORDER BY place) AS total FROM (
      SELECT seq AS place, length(payload) + coalesce(length(blob), 0) AS bytes
      FROM message LEFT JOIN groupMessage ON groupMessage.message = seq
      WHERE seq IN (${OPEN}) AND guid NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?))
    WHERE total <= ? OR total = bytes
  ) ORDER BY seq`

export const PENDING_MESSAGE_PEERS = `SELECT DISTINCT peer FROM message WHERE state = 'stored'`

export const PENDING_PEERS: string = `${PENDING_MESSAGE_PEERS}
  UNION SELECT peer FROM contactNote WHERE ${TO_BE_SENT}
  UNION SELECT peer FROM file WHERE state = 'wanted' AND server = ''`

const IN_GROUP = `INSERT INTO groupMessage (message, chat, outerGuid, timestampSeconds, blob, orderKey)
  SELECT ?, peer, ?, ?, ?, ${KEY_BEHIND_ALL} FROM groupChat WHERE peer = ?`

const SELECT_BY_SEQ = `${SELECT_SEALED} WHERE seq = ?`

export function outboxStore(tables: Tables): OutboxStore {
  return {
    async enqueue(message, file) {
      checkMessage(message)
      if (file) checkFile(file)
      if (message.sealed) checkSealed(message.sealed)
      const known = tables.rememberedPeer(message.peer)
      const { seq, peer, state } = await tables.write(() => {
        const peer = known ?? tables.peer(message.peer)
        const inserted = insert(tables, peer.id, message)
        if (peer.isGroup || message.sealed) insertInGroup(tables, peer, inserted.seq, message)
        if (file) putFile(tables, peer.id, { ...file, outgoing: true, guid: message.guid })
        return { ...inserted, peer }
      })
      if (known === undefined) tables.rememberPeer(message.peer, peer)
      const stored = {
        ...contentOf(message),
        seq,
        peer: message.peer,
        outgoing: true,
        state,
        settledMs: 0,
        refusedMs: 0,
      }
      return peer.isGroup ? { ...stored, group: outgoingInGroup(message) } : stored
    },

    async prepared(peer, guid, payload, change) {
      checkInt64('guid', guid)
      checkFile(change)
      await tables.write(() => {
        const id = tables.knownPeerId(peer)
        if (id === undefined || tables.run(PREPARED, payload, id, guid) === 0) return
        changeFile(tables, id, true, guid, change)
      })
    },

    async edit(peer, guid, payload, editTimeMs, sealed) {
      checkInt64('guid', guid)
      checkNumber('editTimeMs', editTimeMs)
      if (sealed) checkSealed(sealed)
      const key = fromHex(peer)
      return tables.write(() => {
        if (tables.run(EDIT, payload, editTimeMs, key, guid, editTimeMs) === 0) return undefined
        const [edited] = tables.messages(SELECT_BY_GUID, key, 1, guid)
        if (!edited?.group) return edited
        dropSealed(tables, edited.seq)
        if (sealed) putSealed(tables, edited.seq, guid, sealed)
        return tables.messages(SELECT_BY_SEQ, edited.seq)[0]
      })
    },

    async pending(peer, limit, { refusedBeforeMs = Number.MAX_SAFE_INTEGER, except = [], maxBytes } = {}) {
      const key = fromHex(peer)
      if (except.length > 0 || maxBytes !== undefined) {
        const most = limit + except.length
        const open = [key, most, key, refusedBeforeMs, most]
        const range = [`[${except.join()}]`, limit, maxBytes ?? Number.MAX_SAFE_INTEGER]
        return tables.messages(PENDING_WITHIN, ...open, ...range)
      }
      return tables.messages(PENDING, key, limit, key, refusedBeforeMs, limit, limit)
    },

    async pendingPeers() {
      return tables.peers(PENDING_PEERS, `kind <> 'group'`)
    },

    async markDelivered(peer, guid, atMs, editTimeMs) {
      checkNumber('atMs', atMs)
      return (await tables.change(DELIVERED, atMs, fromHex(peer), guid, editTimeMs)) > 0
    },

    async markFailed(seq) {
      await tables.write(() => {
        if (tables.run(FAILED, seq) > 0) dropSealed(tables, seq)
      })
    },

    async markRefused(peer, guid, atMs) {
      checkNumber('atMs', atMs)
      // 0 would say that it was not refused.
      await tables.change(REFUSED, Math.max(1, atMs), fromHex(peer), guid)
    },

    async acceptedBy(peer) {
      await tables.change(ACCEPTED, fromHex(peer))
    },
  }
}

function insert(tables: Tables, peer: number, message: NewOutgoing): { seq: number; state: OutgoingState } {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
  const heldBy = isUnhandled(tables, message.heldBy) ? message.heldBy : undefined
  const state = message.state ?? (heldBy === undefined ? 'stored' : 'held')
  const { changes, lastInsertRowid } = tables
    .statement(INSERT)
    .run(peer, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, heldBy ?? null)
  if (changes === 0) throw new MessengerError('store', `message id ${guid} to ${message.peer} is already taken`)
  return { seq: Number(lastInsertRowid), state }
}

function insertInGroup(tables: Tables, { id, isGroup }: PeerRow, seq: number, message: NewOutgoing): void {
  const { outerGuid, timestampSeconds, blob = null } = outgoingInGroup(message)
  if (!isGroup || tables.run(IN_GROUP, seq, outerGuid, timestampSeconds, blob, id) === 0)
    throw noSuchGroup(message.peer)
}

function isUnhandled(tables: Tables, seq: number | undefined): boolean {
  return seq !== undefined && tables.get('SELECT state FROM message WHERE seq = ?', seq)?.['state'] === 'unhandled'
}
