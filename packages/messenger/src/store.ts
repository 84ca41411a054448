import { MAX_ATTACHMENT_METADATA_BYTES } from '@mimirjs/wire/peer'
import type { GroupStore, InGroup, Sealed } from './store-groups.js'

/**
 * What a messenger keeps. Every method is one step: when its promise resolves, the step is as durable as the store
 * can make it, and a crash leaves either all of the step or nothing of it. So does a step that rejects.
 *
 * Peers are named by the lower-case hex of their 32-byte public key, groups as {@link GroupStore} says; where a method says
 * peer it takes either. In texts, NUL and halves of surrogate pairs become U+FFFD. Bytes given are read before the promise
 * resolves; change none until then.
 */
export interface Store extends GroupStore {
  /** Values of the installation itself, such as its client id. */
  setting(name: string): Promise<string | undefined>
  setSetting(name: string, value: string): Promise<void>

  /** People, without groups. */
  contacts(): Promise<Contact[]>
  /** People that are contacts or blocked, without the rest of what is known of them. */
  contactKinds(): Promise<ReadonlyMap<string, ContactKind>>
  contact(peer: string): Promise<Contact | undefined>
  /** Create the contact or change the given fields. @throws {MessengerError} `store` when it is a group, or is to become one */
  putContact(peer: string, change: ContactChange): Promise<Contact>

  /**
   * Add to the history and the outbox, with the file that belongs to it. With `heldBy`, the row waits until
   * {@link handled} of that message; if that has been, it waits for nothing.
   */
  enqueue(message: NewOutgoing, file?: NewFile): Promise<StoredMessage>
  /**
   * The file of a `preparing` message is ready: it can be sent, unless a handler holds it back, with this payload.
   * Nothing happens when there is no such message any more.
   */
  prepared(peer: string, guid: bigint, payload: Uint8Array, change: FileChange): Promise<void>
  /**
   * Give a message that we sent another payload, and send it again. A `held` one stays held.
   * @param editTimeMs - later than the last one, or nothing happens
   * @param sealed - of a group; without it, {@link GroupStore.sealed} is to follow
   * @returns undefined when there is no such message, or it is `failed`, `preparing` or edited later than that
   */
  edit(
    peer: string,
    guid: bigint,
    payload: Uint8Array,
    editTimeMs: number,
    sealed?: Sealed,
  ): Promise<StoredMessage | undefined>
  /** Oldest messages to `peer` that can be sent and are undelivered, in order of acceptance. */
  pending(peer: string, limit: number, options?: PendingOptions): Promise<StoredMessage[]>
  /**
   * People that something is to be sent to or fetched from: a message of {@link pending}, a {@link ContactNote} of ours
   * that has not been heard and is no refusal, or a `wanted` file that only the peer has.
   */
  pendingPeers(): Promise<string[]>
  /**
   * @param editTimeMs - of what was written and acknowledged: what was edited since is still to be sent
   * @returns false when there is no such undelivered message.
   */
  markDelivered(peer: string, guid: bigint, atMs: number, editTimeMs: number): Promise<boolean>
  markFailed(seq: number): Promise<void>
  /** The peer is there and stays silent about this message, which waits for acceptance. */
  markRefused(peer: string, guid: bigint, atMs: number): Promise<void>
  /** The peer takes our messages from now on: forget {@link markRefused}. */
  acceptedBy(peer: string): Promise<void>

  /**
   * Add to the inbox. When it rejects, what the same peer was to add after it is not added either, and rejects too:
   * else a message would overtake the one before it.
   *
   * A known guid with a later `editTimeMs` and the same type gives that message its payload. Of a reaction that was sent
   * twice within 2 000 ms, with no other to that message in between, the second is dropped. Source: current protocol
   * §5.2, §19.4.
   * @returns undefined when nothing changed: a repetition
   */
  receive(message: NewIncoming): Promise<Received | undefined>
  /** Oldest incoming message of `peer` that no handler has finished. */
  nextUnhandled(peer: string): Promise<StoredMessage | undefined>
  unhandledPeers(): Promise<string[]>
  /**
   * Forget what handlers held back that the end of their process has cut off. To be called before any handler runs: they
   * will run again, and say what they have to say.
   */
  discardHeld(): Promise<void>
  /** The handler finished: move the cursor over this message and release what it sent, in one step. */
  handled(seq: number): Promise<void>

  /**
   * Newest first, without what handlers hold back. In a group that is by the number of the mediator; what has none yet stands
   * behind all that was known when it was accepted, and moves when it gets one. Source: current protocol §19.6.
   * @param options.beforeSeq - where an earlier page ended; in a group it names that message, and one that is not there, not
   *   even as a removed one, has nothing before it
   */
  history(peer: string, options: { limit: number; beforeSeq?: number }): Promise<StoredMessage[]>
  message(peer: string, guid: bigint, outgoing: boolean): Promise<StoredMessage | undefined>
  /** {@link StoredMessage.seq} of a message, also of one that was removed. */
  placeOf(peer: string, guid: bigint, outgoing: boolean): Promise<number | undefined>
  /**
   * Take a message and its {@link StoredFile} out of everything here: it is not shown, not sent if it was undelivered,
   * and counts as handled. Its guid stays taken, so that a repetition is still one. What is on disk is not touched.
   * @returns false when there is no such message
   */
  remove(peer: string, guid: bigint, outgoing: boolean): Promise<boolean>
  counts(): Promise<StoreCounts>

  /** Newest first, then contacts and groups without a message. A group's name and description are its nickname and info. */
  conversations(): Promise<Conversation[]>
  /** Messages of this peer that came up to `seq`, or up to now, have been seen. It never becomes less. */
  markRead(peer: string, seq?: number): Promise<void>
  /**
   * Texts, and captions of files, that contain `text`, whatever the case, newest first; nothing for an empty text.
   *
   * Every message of the range is read and compared, in pages between which other work runs: the time grows with the
   * history until `limit` is reached.
   */
  search(text: string, options: SearchOptions): Promise<StoredMessage[]>

  /** Replaces a note of the same peer and kind, in its place. Of more than 1 000 `request-in` or `response-out` the oldest go. */
  putContactNote(note: ContactNote): Promise<void>
  /** In the order in which they first came. */
  contactNotes(filter?: { readonly peer?: string; readonly kind?: ContactNoteKind }): Promise<ContactNote[]>
  deleteContactNote(peer: string, kind: ContactNoteKind): Promise<void>

  /** Replaces the file of the same message. */
  putFile(file: StoredFile): Promise<void>
  /** @returns false when there is no such file */
  changeFile(peer: string, outgoing: boolean, guid: bigint, change: FileChange): Promise<boolean>
  file(peer: string, outgoing: boolean, guid: bigint): Promise<StoredFile | undefined>
  /** In the order in which they first came. */
  files(state: FileState): Promise<StoredFile[]>
  /** The newest file that a message to `peer` announced under this name. */
  announcedFile(peer: string, name: string): Promise<StoredFile | undefined>

  close(): Promise<void>
}

export type ContactKind = 'stranger' | 'contact' | 'blocked' | 'group'

export interface Contact {
  /** 64 lower-case hex digits. */
  readonly peer: string
  /** The name we gave; empty for none. */
  readonly name: string
  /** The name they gave themselves; empty for none. */
  readonly nickname: string
  readonly info: string
  readonly avatar: Uint8Array | undefined
  /** Seconds since 1970 of their last profile change that we know. */
  readonly infoTimeSeconds: bigint
  readonly kind: ContactKind
}

export type ContactChange = Partial<Omit<Contact, 'peer'>>

/**
 * `preparing`: its file is being made ready. `held`: sent by a handler that has not finished. `failed`: given up for a
 * reason that repetition cannot mend.
 */
export type OutgoingState = 'preparing' | 'held' | 'stored' | 'delivered' | 'failed'
export type IncomingState = 'unhandled' | 'handled'

export interface MessageContent {
  /** Signed 64-bit id, unique per peer and direction. */
  readonly guid: bigint
  /** 0n for none. */
  readonly replyTo: bigint
  readonly sendTimeMs: number
  /** 0 for none. */
  readonly editTimeMs: number
  /** `MessageType` of the peer protocol. */
  readonly messageType: number
  readonly payload: Uint8Array
}

export interface NewOutgoing extends MessageContent {
  readonly peer: string
  /** `seq` of the incoming message whose handler sends this. */
  readonly heldBy?: number
  /** {@link Store.prepared} tells when it can be sent. */
  readonly state?: 'preparing'
  /** Of a message to a group; without it, {@link GroupStore.sealed} is to follow. */
  readonly sealed?: Sealed
}

export interface PendingOptions {
  /**
   * Leave out what the peer stayed silent about after this time; default: leave nothing out. What was never refused is
   * always there.
   */
  readonly refusedBeforeMs?: number
  /** Guids to leave out. */
  readonly except?: readonly bigint[]
  /** Payloads and sealed bytes together; one message may be larger. */
  readonly maxBytes?: number
}

export interface NewIncoming extends MessageContent {
  readonly peer: string
  readonly receivedMs: number
}

export interface StoredMessage extends MessageContent {
  /** Position in this store's history, ascending in order of acceptance. */
  readonly seq: number
  readonly peer: string
  readonly outgoing: boolean
  readonly state: OutgoingState | IncomingState
  /** When it came in, or was delivered; 0 while undelivered. */
  readonly settledMs: number
  /** When the peer, though there, last stayed silent about it: it waits for acceptance. 0 for an accepted one. */
  readonly refusedMs: number
  /** Of a message in a group. */
  readonly group?: InGroup
}

export interface Received {
  readonly message: StoredMessage
  /** It was there before, with another payload; its state is what it was. */
  readonly edited: boolean
  /** It is ours and waited for the mediator's word, which has come this way. */
  readonly delivered?: true
}

export interface Conversation {
  readonly contact: Contact
  /** Messages of theirs after {@link Store.markRead}, without reactions and, in a group, without what the mediator says. */
  readonly unread: number
  /** What {@link Store.history} begins with, of whose payload only the first 65 540 bytes: a list of whole files could fill the memory. */
  readonly last: StoredMessage | undefined
}

export interface SearchOptions {
  readonly peer?: string
  readonly limit: number
  /** Go on after this message of an earlier result. */
  readonly beforeSeq?: number
}

/** `request-in`: to be answered by us. The others are to be sent on every connection until they have served. */
export type ContactNoteKind = 'request-out' | 'request-in' | 'response-out'

/** A word about being contacts, which the protocol neither acknowledges nor repeats. Source: current protocol §4. */
export interface ContactNote {
  readonly peer: string
  readonly kind: ContactNoteKind
  /** Of requests, as the three that follow. */
  readonly message: string
  readonly nickname: string
  readonly info: string
  readonly avatar?: Uint8Array
  /** Of a response. */
  readonly accepted: boolean
  readonly atMs: number
  /** How often the other side has read a response; of a request of ours, 0 until it has shown that it heard it. */
  readonly attempts: number
}

/**
 * Outgoing: `preparing` until the receiver can have it, then `offered`. Incoming: `known` from its message, `wanted` by
 * the user, `complete` on disk, or `failed`.
 */
export type FileState = 'preparing' | 'offered' | 'known' | 'wanted' | 'complete' | 'failed'

/** The file of a message that does not carry it inside. Source: current protocol §5.3. */
export interface StoredFile {
  readonly peer: string
  readonly outgoing: boolean
  /** Of the message. */
  readonly guid: bigint
  /** On the wire; of incoming ones hostile: never a path. */
  readonly name: string
  /** SHA-256 as 64 lower-case hex digits; empty for unknown. */
  readonly hash: string
  readonly sizeBytes: number
  /** Of the encryption on a file server. */
  readonly key: Uint8Array | undefined
  /** Node key of the file server, 64 lower-case hex digits; empty when the sender is to be asked. */
  readonly server: string
  /** Where it is on disk; empty for nowhere. */
  readonly path: string
  readonly state: FileState
  readonly doneBytes: number
  /** Where what has come of it is; empty for nowhere. */
  readonly partPath: string
}

/** The file of a message that is added with it. */
export type NewFile = Omit<StoredFile, 'peer' | 'outgoing' | 'guid'>
export type FileChange = Partial<NewFile>

export interface StoreCounts {
  readonly undelivered: number
  readonly unhandled: number
  readonly messages: number
}

/** Two equal reactions sent within this time are one, which some clients send twice. Source: current protocol §19.4. */
export const REACTION_DOUBLE_MS = 2_000
/** Requests of others that wait for our answer, and answers that wait for them: identities cost nothing. */
export const MAX_CONTACT_REQUESTS = 1_000
/** Enough to tell what a message is: its text, or all that is said of a file. */
export const MAX_PREVIEW_BYTES: number = 4 + MAX_ATTACHMENT_METADATA_BYTES
