import type { FileChange, StoredFile } from '../../store.js'
import { checkFile, checkInt64 } from '../check.js'
import type { FilesStore } from '../parts.js'
import { guidKey, owned, storable, type Tables } from './tables.js'

export function filesStore(tables: Tables): FilesStore {
  const { files } = tables
  return {
    async putFile(file) {
      checkInt64('guid', file.guid)
      checkFile(file)
      tables.contact(file.peer)
      putFile(tables, file)
    },

    async changeFile(peer, outgoing, guid, change) {
      checkInt64('guid', guid)
      checkFile(change)
      return changeFile(tables, peer, outgoing, guid, change)
    },

    async file(peer, outgoing, guid) {
      const file = files.get(guidKey(peer, outgoing, guid))
      return file && { ...file }
    },

    async files(state) {
      return [...files.values()].filter((file) => file.state === state).map((file) => ({ ...file }))
    },

    async announcedFile(peer, name) {
      const wanted = storable(name)
      const announced = [...files.values()].filter(
        (file) => file.outgoing && file.peer === peer && file.name === wanted,
      )
      const newest = announced.at(-1)
      return newest && { ...newest }
    },
  }
}

export function putFile(tables: Tables, file: StoredFile): void {
  tables.files.set(guidKey(file.peer, file.outgoing, file.guid), owned(file))
}

/** @returns false when there is no such file */
export function changeFile(tables: Tables, peer: string, outgoing: boolean, guid: bigint, change: FileChange): boolean {
  const known = tables.files.get(guidKey(peer, outgoing, guid))
  if (!known) return false
  putFile(tables, { ...known, ...change, peer, outgoing, guid })
  return true
}
