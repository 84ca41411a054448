import { fromHex } from '@mimirjs/wire'
import type { FileChange, StoredFile } from '../../store.js'
import { checkFile, checkInt64 } from '../check.js'
import type { FilesStore } from '../parts.js'
import { PEER_ID, toFile } from './rows.js'
import type { Tables } from './tables.js'

/** In the order of the parameters of `PUT`, behind peer, outgoing and guid. */
const COLUMNS = ['name', 'hash', 'sizeBytes', 'key', 'server', 'path', 'state', 'doneBytes', 'partPath'] as const

const PUT = `INSERT INTO file (peer, outgoing, guid, ${COLUMNS.join(', ')}) VALUES (?, ?, ?${', ?'.repeat(COLUMNS.length)})
  ON CONFLICT (peer, outgoing, guid) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`

const SELECT = `SELECT file.*, peer.key AS peerKey FROM file JOIN peer ON peer.id = file.peer`

export const FILES_IN_STATE: string = `${SELECT} WHERE file.state = ? ORDER BY file.id`

export const ANNOUNCED: string = `${SELECT}
  WHERE file.peer = ${PEER_ID} AND file.name = ? AND file.outgoing = 1 ORDER BY file.id DESC LIMIT 1`

export function filesStore(tables: Tables): FilesStore {
  return {
    async putFile(file) {
      checkInt64('guid', file.guid)
      checkFile(file)
      await tables.write(() => putFile(tables, tables.peerId(file.peer), file))
    },

    async changeFile(peer, outgoing, guid, change) {
      checkInt64('guid', guid)
      checkFile(change)
      return tables.write(() => {
        const id = tables.knownPeerId(peer)
        return id !== undefined && changeFile(tables, id, outgoing, guid, change)
      })
    },

    async file(peer, outgoing, guid) {
      const where = `WHERE file.peer = ${PEER_ID} AND file.outgoing = ? AND file.guid = ?`
      const row = tables.get(`${SELECT} ${where}`, fromHex(peer), outgoing ? 1 : 0, guid)
      return row && toFile(row)
    },

    async files(state) {
      return tables.all(FILES_IN_STATE, state).map(toFile)
    },

    async announcedFile(peer, name) {
      const row = tables.get(ANNOUNCED, fromHex(peer), name)
      return row && toFile(row)
    },
  }
}

/** Only inside a write. @param peer - row id */
export function putFile(tables: Tables, peer: number, file: Omit<StoredFile, 'peer'>): void {
  tables.run(PUT, peer, file.outgoing ? 1 : 0, file.guid, ...COLUMNS.map((name) => file[name] ?? null))
}

/** Only inside a write. @param peer - row id. @returns false when there is no such file */
export function changeFile(tables: Tables, peer: number, outgoing: boolean, guid: bigint, change: FileChange): boolean {
  const names = COLUMNS.filter((name) => name in change)
  const assignments = ['id = id', ...names.map((name) => `${name} = ?`)].join(', ')
  const sql = `UPDATE file SET ${assignments} WHERE peer = ? AND outgoing = ? AND guid = ?`
  return tables.run(sql, ...names.map((name) => change[name] ?? null), peer, outgoing ? 1 : 0, guid) > 0
}

/** Only inside a write. @param peer - row id */
export function deleteFile(tables: Tables, peer: number, outgoing: boolean, guid: bigint): void {
  tables.run('DELETE FROM file WHERE peer = ? AND outgoing = ? AND guid = ?', peer, outgoing ? 1 : 0, guid)
}
