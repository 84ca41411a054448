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

/** Groups, without what is said in them. */
export type GroupsStore = Pick<Store, 'putGroup' | 'changeGroup' | 'group' | 'groups' | 'deleteGroup' | 'pendingGroups'>

/** Who is in a group. */
export type MembersStore = Pick<Store, 'putMembers' | 'putMember' | 'putMemberInfo' | 'member' | 'members'>

/** What is said in a group, as far as it is other than between two. */
export type GroupMessagesStore = Pick<
  Store,
  | 'sealed'
  | 'markSent'
  | 'receiveGroup'
  | 'removeByOuterGuid'
  | 'retract'
  | 'retracted'
  | 'groupCopies'
  | 'unreadable'
  | 'decrypted'
>

/** Invites into groups. */
export type InvitesStore = Pick<Store, 'putInvite' | 'invites' | 'deleteInvite'>
