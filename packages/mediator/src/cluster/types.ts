import type { Account } from '../accounts.js'
import type { PushedMessage } from '../commands/command.js'
import type { Connection } from '../connection.js'
import type { InviteRow } from '../operations.js'
import type { Room, RoomsObserver } from '../rooms.js'

/** Info of a member, as it is pushed. */
export interface MemberInfo {
  readonly publicKey: Uint8Array
  readonly info: Uint8Array
  readonly timestampSeconds: bigint
}

/**
 * What a mediator that shares its store does beside: what happens here is pushed here and told to the others, what they tell
 * is pushed here.
 */
export interface Cluster extends RoomsObserver {
  /** A message was stored, or (id 0) an event happened: push it, in the order of the ids. */
  message(chatId: bigint, message: PushedMessage, isSystem: boolean, except: Connection | undefined): void
  memberInfo(chatId: bigint, member: MemberInfo): void
  /** All subscriptions of a key end, everywhere, behind the message that says so; 0: at once. */
  dropped(chatId: bigint, publicKey: Uint8Array, messageId: bigint): void
  chatDeleted(chatId: bigint): void
  /** `inviteId` is for `to`: others may have its connections. */
  invited(invite: InviteRow): void
  /** A connection of a member is being subscribed that knows of everything up to `lastId`. */
  subscribed(room: Room, account: Account, lastId: bigint): void
  /** The first subscribed connection of a key came here. */
  arrived(chatId: bigint, publicKey: Uint8Array): void
  /** An event for the others alone. */
  announce(chatId: bigint, message: PushedMessage): void
  /** Whether a key has a subscribed connection in another process. */
  isOnline(chatId: bigint, publicKey: Uint8Array): boolean
  start(): void
  stop(): void
}
