import { MAX_CONTACT_REQUESTS } from '../../store.js'
import { checkNumber } from '../check.js'
import type { NotesStore } from '../parts.js'
import { owned, type Tables } from './tables.js'

export function notesStore(tables: Tables): NotesStore {
  const { notes } = tables
  return {
    async putContactNote(note) {
      checkNumber('atMs', note.atMs)
      checkNumber('attempts', note.attempts)
      tables.contact(note.peer)
      notes.set(`${note.peer} ${note.kind}`, owned(note))
      // Our own questions are as many as we ask; what others cause is bounded.
      if (note.kind === 'request-out') return
      const ofKind = [...notes].filter(([, { kind }]) => kind === note.kind).map(([key]) => key)
      for (const key of ofKind.slice(0, -MAX_CONTACT_REQUESTS)) notes.delete(key)
    },

    async contactNotes({ peer, kind } = {}) {
      const chosen = [...notes.values()].filter(
        (note) => (peer === undefined || note.peer === peer) && (kind === undefined || note.kind === kind),
      )
      return chosen.map((note) => ({ ...note }))
    },

    async deleteContactNote(peer, kind) {
      notes.delete(`${peer} ${kind}`)
    },
  }
}
