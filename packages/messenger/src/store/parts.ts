import type { Store } from '../store.js'

// The parts of a store that both kinds make in a file of its own.

/** Settings and people. */
export type PeopleStore = Pick<Store, 'setting' | 'setSetting' | 'contacts' | 'contactKinds' | 'contact' | 'putContact'>

/** Words about being contacts. */
export type NotesStore = Pick<Store, 'putContactNote' | 'contactNotes' | 'deleteContactNote'>

/** What is to be delivered. */
export type OutboxStore = Pick<
  Store,
  | 'enqueue'
  | 'prepared'
  | 'edit'
  | 'pending'
  | 'pendingPeers'
  | 'markDelivered'
  | 'markFailed'
  | 'markRefused'
  | 'acceptedBy'
>

/** What came in and no handler has finished. */
export type InboxStore = Pick<Store, 'receive' | 'nextUnhandled' | 'unhandledPeers' | 'discardHeld' | 'handled'>

/** Files of messages. */
export type FilesStore = Pick<Store, 'putFile' | 'changeFile' | 'file' | 'files' | 'announcedFile'>
