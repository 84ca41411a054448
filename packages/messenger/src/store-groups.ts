import type { GroupCipher } from '@mimirjs/crypto'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import type { MessageContent, Received, StoredMessage } from './store.js'

/**
 * What a messenger keeps of groups. A group is a conversation like one with a person: it is named by 64 hex digits, which
 * are no key, and all methods for messages take it where they take a person. Every method here is one step, too.
 */
export interface GroupStore {
  /** Add the group, or replace all that is known of it but its history and members. `syncedTo` never becomes less. */
  putGroup(group: StoredGroup): Promise<void>
  /** @returns false when there is no such group. `syncedTo` never becomes less. */
  changeGroup(id: string, change: GroupRowChange): Promise<boolean>
  group(id: string): Promise<StoredGroup | undefined>
  /** In the order in which they first came. */
  groups(): Promise<StoredGroup[]>
  /**
   * Take the group out, with its messages, members and files; what handlers of its messages held back is released. What is
   * on disk beside the store is not touched. @returns false when there is no such group
   */
  deleteGroup(id: string): Promise<boolean>
  /** Groups in which a message is to be sent: one of {@link Store.pending}. */
  pendingGroups(): Promise<string[]>

  /** The whole list, as the mediator has it now: all others are `gone`. A last-seen time of 0 changes none. */
  putMembers(group: string, members: readonly MemberEntry[]): Promise<void>
  /** Create the member, `gone` until told otherwise, or change the given fields. */
  putMember(group: string, peer: string, change: MemberChange): Promise<void>
  /** What a member says of themselves. @returns false when something newer is known, and nothing changed */
  putMemberInfo(group: string, peer: string, info: MemberProfile): Promise<boolean>
  member(group: string, peer: string): Promise<StoredMember | undefined>
  /** In the order in which they first came, with those that are gone. */
  members(group: string): Promise<StoredMember[]>

  /**
   * Give an outgoing message of a group the bytes for its mediator. They are made once: a resend has to be the same bytes.
   * Source: current protocol §19.5.
   * @param editTimeMs - of what was sealed; when it was edited since, nothing happens
   * @throws {MessengerError} `store` when this version has been sealed
   */
  sealed(group: string, guid: bigint, sealed: Sealed, editTimeMs: number): Promise<void>
  /**
   * The mediator has stored what we sent; the sealed bytes are dropped. If it has deleted it by now, it is removed.
   * @param editTimeMs - of what was sent: what was edited since is still to be sent, and nothing but the ids is noted
   * @returns false when there is no such undelivered message
   */
  markSent(group: string, guid: bigint, atMs: number, result: SentToGroup, editTimeMs: number): Promise<boolean>
  /**
   * Take in one page or push. When it rejects, what the same group was to take in after it is not taken in either, and
   * rejects too: else `syncedTo` would pass what is missing.
   *
   * Nothing comes in twice: neither under the same `messageId`, nor from the same author under the same guid, unless as an
   * edit. The same guid from another author is a message of its own, under another guid here. Source: current protocol §19.6.
   * @returns what is new, in order
   * @throws {MessengerError} `store`, also when there is no such group
   */
  receiveGroup(group: string, batch: GroupBatch): Promise<Received[]>
  /**
   * The mediator has deleted a message; see {@link Store.remove}. Of one that has not come yet it is remembered for a while.
   * @returns the message as it was, or undefined when it is not here
   */
  removeByOuterGuid(group: string, outerGuid: bigint): Promise<StoredMessage | undefined>
  /**
   * The mediator is to delete what it has, or may still get, of a message of ours; or, without `isWanted`, that is done. It
   * stays so when the message is removed here.
   */
  retract(group: string, guid: bigint, isWanted: boolean): Promise<void>
  /** Guids of the messages that are to be {@link retract}ed, in order of acceptance. */
  retracted(group: string): Promise<bigint[]>
  /** What the mediator has of one message: more than one after edits. Empty for what it has not, as far as we know. */
  groupCopies(group: string, guid: bigint, outgoing: boolean): Promise<GroupCopy[]>
  /** Oldest messages that were {@link NewGroupMessage.sealed}, with their bytes. @param afterSeq - where an earlier page ended */
  unreadable(group: string, limit: number, afterSeq?: number): Promise<StoredMessage[]>
  /**
   * A message of {@link unreadable} can be read: it takes its place, and handlers get it. When another copy of it is here, that
   * one stays, edited if this one is later.
   * @param guid - of the unreadable message
   * @returns undefined when nothing is new: no such message, or a repetition
   */
  decrypted(group: string, guid: bigint, message: NewGroupMessage): Promise<Received | undefined>

  /** Replaces the invite of the same mediator and number, in its place. Of more than 1 000 the oldest go. */
  putInvite(invite: StoredInvite): Promise<void>
  /** In the order in which they first came. */
  invites(): Promise<StoredInvite[]>
  deleteInvite(mediator: string, inviteId: bigint): Promise<void>
}

export interface StoredGroup {
  /** 64 lower-case hex digits, derived from mediator and chat. */
  readonly id: string
  /** Key of the mediator, 64 lower-case hex digits. */
  readonly mediator: string
  readonly mediatorAddress: string
  readonly dialect: MediatorDialect
  readonly chatId: bigint
  readonly name: string
  readonly description: string
  readonly avatar: Uint8Array | undefined
  /** 32 bytes, as each of the former ones. */
  readonly key: Uint8Array
  /** Newest first: they open what was sealed before a change of keys. */
  readonly formerKeys: readonly Uint8Array[]
  readonly cipher: GroupCipher
  /** Ours: bits of mediator protocol §7.1. */
  readonly permissions: number
  readonly state: GroupMembership
  /** Everything up to this message id is here. */
  readonly syncedTo: bigint
  /** What to ask for infos of members since; 0n for all. */
  readonly infoSinceSeconds: bigint
}

/** Whether we are in it. */
export type GroupMembership = 'joined' | 'left' | 'banned' | 'deleted'

/** Its mediator and chat are what a group is: they do not change, but the way there may. */
export type GroupRowChange = Partial<Omit<StoredGroup, 'id' | 'mediator' | 'chatId'>>

export interface StoredMember {
  readonly group: string
  /** 64 lower-case hex digits. */
  readonly peer: string
  readonly permissions: number
  /** Empty for none, as the info. */
  readonly nickname: string
  readonly info: string
  readonly avatar: Uint8Array | undefined
  /** Seconds since 1970 of the profile that we know. */
  readonly infoTimeSeconds: bigint
  /** 0n for unknown. */
  readonly lastSeenSeconds: bigint
  /** Not in the group now; kept for the messages. */
  readonly gone: boolean
}

export type MemberEntry = Pick<StoredMember, 'peer' | 'permissions' | 'lastSeenSeconds'>
export type MemberProfile = Pick<StoredMember, 'nickname' | 'info' | 'avatar' | 'infoTimeSeconds'>
export type MemberChange = Partial<Omit<StoredMember, 'group' | 'peer'>>

/** One version of an outgoing message, as it goes to the mediator. */
export interface Sealed {
  readonly blob: Uint8Array
  /** Of the request. */
  readonly timestampSeconds: bigint
  /** Guid of the request; default: that of the message. An edit needs another one, or the mediator takes it for a repetition. */
  readonly outerGuid?: bigint
}

/** What the mediator answered. */
export interface SentToGroup {
  readonly messageId: bigint
  /** The guid that it took: a few more than the one asked for, when that was taken. */
  readonly outerGuid: bigint
}

/** What a message of a group has beside all others. */
export interface InGroup {
  /** 64 lower-case hex digits; empty for our own. */
  readonly author: string
  /** Made by the mediator. */
  readonly system: boolean
  /** It came {@link NewGroupMessage.sealed} and could not be read yet. */
  readonly unreadable: boolean
  /** The number of its first version, which tells its place in the group; 0n for unknown. */
  readonly messageId: bigint
  /** What the mediator knows it by: the version that is to be sent, else the first one. */
  readonly outerGuid: bigint
  /** What the author calls it, for replies; other than the guid only where two authors took the same one. */
  readonly innerGuid: bigint
  readonly timestampSeconds: bigint
  /**
   * What is to be sent, or could not be read. Only in results of {@link Store.enqueue}, {@link Store.edit}, {@link Store.pending}
   * and {@link GroupStore.unreadable}: a history is read without.
   */
  readonly blob: Uint8Array | undefined
}

/** A message as the mediator has it. */
export type GroupCopy = SentToGroup

export interface NewGroupMessage extends MessageContent {
  readonly receivedMs: number
  /** 64 lower-case hex digits. */
  readonly author: string
  /** It is our own: its acknowledgement was lost, or it is from another device. */
  readonly outgoing: boolean
  /** 0n for what the mediator has not stored. */
  readonly messageId: bigint
  /** Stands for the guid where that is 0n; an unreadable or system message has no other. */
  readonly outerGuid: bigint
  readonly timestampSeconds: bigint
  /** Its bytes, when they could not be read. No handler sees it until {@link GroupStore.decrypted}. */
  readonly sealed?: Uint8Array
  /** Made by the mediator: `messageType` is `SYSTEM_MESSAGE_TYPE`, and no handler sees it. */
  readonly system?: boolean
  /** No handler is to see it. */
  readonly handled?: boolean
}

export interface GroupBatch {
  readonly messages: readonly NewGroupMessage[]
  /** Outer guids of what was deleted, among `messages` or before: see {@link GroupStore.removeByOuterGuid}. */
  readonly deleted?: readonly bigint[]
  /** What the batch says of the group itself. */
  readonly change?: GroupRowChange
  readonly syncedTo: bigint
}

/** Somebody wants us in a group. */
export interface StoredInvite {
  /** 64 lower-case hex digits. */
  readonly mediator: string
  readonly mediatorAddress: string
  readonly dialect: MediatorDialect
  readonly inviteId: bigint
  readonly chatId: bigint
  /** 64 lower-case hex digits. */
  readonly from: string
  readonly timestampSeconds: bigint
  readonly name: string
  readonly description: string
  readonly avatar?: Uint8Array
  /** The wrapped key. */
  readonly data: Uint8Array
  readonly receivedMs: number
}

/** `messageType` of what the mediator says; no such message counts as unread. Source: mediator protocol §19.1. */
export const SYSTEM_MESSAGE_TYPE = 1_000
/** Anybody can invite. */
export const MAX_GROUP_INVITES = 1_000
/** Deletions per group of messages that have not come: a page may overtake what it deletes, by no more than a few. */
export const MAX_EARLY_DELETIONS = 1_000
/** Those that are gone, per group, are kept for the names in its history. */
export const MAX_GONE_MEMBERS = 10_000
