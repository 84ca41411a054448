import { fromHex } from '@mimirjs/wire'
import { type ContactNote, MAX_CONTACT_REQUESTS } from '../../store.js'
import { checkNumber } from '../check.js'
import type { NotesStore } from '../parts.js'
import { PEER_ID, toContactNote } from './rows.js'
import type { Tables } from './tables.js'

/** Those that a connection is wanted for: `attempts` tells that the other side has heard it. */
export const TO_BE_SENT = `attempts = 0 AND (kind = 'request-out' OR (kind = 'response-out' AND accepted = 1))`

const PUT = `INSERT INTO contactNote (peer, kind, message, nickname, info, avatar, accepted, atMs, attempts)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (peer, kind) DO UPDATE SET message = excluded.message, nickname = excluded.nickname,
    info = excluded.info, avatar = excluded.avatar, accepted = excluded.accepted, atMs = excluded.atMs,
    attempts = excluded.attempts`

const DROP_OLDEST = `DELETE FROM contactNote WHERE id IN (
  SELECT id FROM contactNote WHERE kind = ? ORDER BY id DESC LIMIT -1 OFFSET ${MAX_CONTACT_REQUESTS})`

const SELECT = `SELECT contactNote.*, peer.key AS peerKey FROM contactNote JOIN peer ON peer.id = contactNote.peer`

export function notesStore(tables: Tables): NotesStore {
  return {
    async putContactNote(note) {
      checkNumber('atMs', note.atMs)
      checkNumber('attempts', note.attempts)
      await tables.write(() => put(tables, note))
    },

    async contactNotes({ peer, kind } = {}) {
      const conditions = [
        ...(peer === undefined ? [] : [`contactNote.peer = ${PEER_ID}`]),
        ...(kind === undefined ? [] : ['contactNote.kind = ?']),
      ]
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
      const params = [...(peer === undefined ? [] : [fromHex(peer)]), ...(kind === undefined ? [] : [kind])]
      return tables.all(`${SELECT} ${where} ORDER BY contactNote.id`, ...params).map(toContactNote)
    },

    async deleteContactNote(peer, kind) {
      await tables.change(`DELETE FROM contactNote WHERE peer = ${PEER_ID} AND kind = ?`, fromHex(peer), kind)
    },
  }
}

function put(tables: Tables, note: ContactNote): void {
  const { kind, message, nickname, info, avatar = null, accepted, atMs, attempts } = note
  const peer = tables.peerId(note.peer)
  tables.run(PUT, peer, kind, message, nickname, info, avatar, accepted ? 1 : 0, atMs, attempts)
  // Our own questions are as many as we ask; what others cause is bounded.
  if (kind !== 'request-out') tables.run(DROP_OLDEST, kind)
}
