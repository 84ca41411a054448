/** A row of a chat's `users` table (mediator protocol §17). */
export interface UserRow {
  /** Bit mask, §7.1. */
  readonly permissions: number
  /** The column; what decides, whatever bit 0x01 says. */
  readonly banned: boolean
  readonly acceptedAtSeconds: bigint
  readonly changedAtSeconds: bigint
  readonly lastSeenSeconds: bigint
  readonly hasInfo: boolean
}

/** A row of `invites`; one per (to, chat). */
export interface InviteRow {
  readonly inviteId: bigint
  readonly timestampSeconds: bigint
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly chatId: bigint
  readonly data: Uint8Array
  /** Pushed to some connection of the recipient. */
  readonly sent: boolean
}

/** A row of a chat's `messages` table, without its blob. */
export interface StoredMessageRow {
  readonly messageId: bigint
  readonly guid: bigint
  readonly timestampSeconds: bigint
  /** Tag 32 of the request as received (§11.3); absent: it had none. */
  readonly clientTimestampSeconds: bigint | undefined
  readonly author: Uint8Array
}

/** What a chat shows of itself. */
export interface ChatSettings {
  readonly name: string
  readonly description: string
  readonly avatar: Uint8Array | undefined
}

/** Records of a page, encoded one behind the other, without the count in front. */
export interface MessagePage {
  readonly count: number
  readonly bytes: Uint8Array
  /** Id of the last record; `sinceId` when there is none. */
  readonly lastId: bigint
}

/**
 * Everything the commands ask of a database: a program calls these through {@link call}, and a {@link MediatorStore}
 * answers inside one transaction. Chat, message and invite ids, guids and times are `bigint`; keys are 32 bytes.
 */
export interface Operations {
  chatOwner(chatId: bigint): Uint8Array | undefined
  countChatsOwnedBy(publicKey: Uint8Array): number
  /** Tables, settings row, the owner's row (changed_at 0) and membership. `false`: the id is taken. */
  createChat(
    chat: {
      readonly chatId: bigint
      readonly owner: Uint8Array
      readonly createdAtSeconds: bigint
      readonly permissions: number
    } & ChatSettings,
  ): boolean
  /** Tables, chats row, invites and membership. */
  deleteChat(chatId: bigint): void
  settings(chatId: bigint): ChatSettings | undefined
  /** What is absent stays; `null` takes the avatar away. */
  changeSettings(
    chatId: bigint,
    change: {
      readonly name?: string | undefined
      readonly description?: string | undefined
      readonly avatar?: Uint8Array | null | undefined
    },
  ): void
  /** `undefined` also for an unknown chat. */
  user(chatId: bigint, publicKey: Uint8Array): UserRow | undefined
  /** Insert; no info, last seen 0. */
  putUser(
    chatId: bigint,
    publicKey: Uint8Array,
    row: {
      readonly permissions: number
      readonly banned: boolean
      readonly acceptedAtSeconds: bigint
      readonly changedAtSeconds: bigint
    },
  ): void
  /** What is absent stays. */
  changeUser(
    chatId: bigint,
    publicKey: Uint8Array,
    change: {
      readonly permissions?: number | undefined
      readonly banned?: boolean | undefined
      readonly changedAtSeconds?: bigint | undefined
      readonly lastSeenSeconds?: bigint | undefined
      readonly info?: Uint8Array | undefined
    },
  ): void
  deleteUser(chatId: bigint, publicKey: Uint8Array): void
  /** Chats with an unbanned row, ascending. */
  chatsOf(publicKey: Uint8Array): bigint[]
  /** Unbanned. */
  members(chatId: bigint): { publicKey: Uint8Array; permissions: number; lastSeenSeconds: bigint }[]
  /**
   * Every unbanned member; `info` only where there is one and `sinceSeconds` is 0 or below changed_at (§8.19). Of more than
   * `maxBytes` the largest are left out, then those with the highest keys: whoever puts in much hides nobody else.
   */
  memberInfos(
    chatId: bigint,
    sinceSeconds: bigint,
    maxBytes: number,
  ): { publicKey: Uint8Array; info: Uint8Array | undefined; timestampSeconds: bigint }[]
  /**
   * The new id, higher than any ever given out in this chat; `undefined`: nothing was stored, because the guid is taken, or
   * because with this message the chat would hold more than `maxBytes` (default: no limit). What a chat holds are the
   * blobs of its messages and 200 bytes for each row.
   */
  insertMessage(
    chatId: bigint,
    message: {
      readonly guid: bigint
      readonly timestampSeconds: bigint
      readonly clientTimestampSeconds: bigint | undefined
      readonly author: Uint8Array
      readonly blob: Uint8Array
    },
    maxBytes?: number,
  ): bigint | undefined
  messageByGuid(chatId: bigint, guid: bigint): StoredMessageRow | undefined
  messageById(chatId: bigint, messageId: bigint): StoredMessageRow | undefined
  deleteMessage(chatId: bigint, messageId: bigint): void
  /** The highest id present; 0 without messages. */
  lastMessageId(chatId: bigint): bigint
  /**
   * Up to `limit` rows above `sinceId`, ascending, encoded one behind the other as a page of this layout has them (without
   * COUNT): at most `maxBytes`, but at least one.
   */
  page(chatId: bigint, sinceId: bigint, limit: number, layout: 'binary' | 'tlv', maxBytes: number): MessagePage
  invite(inviteId: bigint): InviteRow | undefined
  inviteFor(to: Uint8Array, chatId: bigint): InviteRow | undefined
  /** Insert, or replace in place with `sent` 0. @returns the invite's id */
  putInvite(invite: {
    readonly from: Uint8Array
    readonly to: Uint8Array
    readonly chatId: bigint
    readonly data: Uint8Array
    readonly timestampSeconds: bigint
  }): bigint
  markInviteSent(inviteId: bigint): void
  deleteInvite(inviteId: bigint): void
  invitesFor(to: Uint8Array): InviteRow[]
  /** @returns how many were deleted */
  expireInvites(beforeSeconds: bigint): number
  /** The mirror table `nonces`: one row per key, replaced. Never read for authentication (§6). */
  putNonce(publicKey: Uint8Array, nonce: Uint8Array, timestampSeconds: bigint): void
  deleteNonce(publicKey: Uint8Array): void
  expireNonces(beforeSeconds: bigint): void
  /** The highest id present in each of these chats; 0 where there is none. */
  lastMessageIds(chatIds: readonly bigint[]): Map<bigint, bigint>
  /**
   * Drop the blobs of older messages, in the order of their ids; the rows stay. Some thousand at a time: to be called
   * again while there are some. @returns how many
   */
  expireBlobs(beforeSeconds: bigint): number
}

/** One operation with its arguments: what a program yields. */
export type StoreCall = {
  [K in keyof Operations]: { readonly op: K; readonly args: Parameters<Operations[K]> }
}[keyof Operations]

/** A command's work on the database: yields calls, is handed their results, returns what came of it. */
export type Program<T> = Generator<StoreCall, T, unknown>

/** One operation inside a {@link Program}: `const row = yield* call('user', chatId, key)`. */
export function* call<K extends keyof Operations>(
  op: K,
  ...args: Parameters<Operations[K]>
): Program<ReturnType<Operations[K]>> {
  // The pairing of `op` and `args` is in the signature; the union of calls cannot express it for an open K.
  return (yield { op, args } as unknown as StoreCall) as ReturnType<Operations[K]>
}

/** Where everything is kept. */
export interface MediatorStore {
  /**
   * Run a program in one transaction; programs that name the same chat run one after the other. Durable when the promise
   * resolves; results come in the order of the calls for SQLite. A program may run twice, rolled back in between: it
   * computes nothing but its result.
   */
  run<T>(program: () => Program<T>, options?: { readonly chatId?: bigint | undefined }): Promise<T>
  /** Whether other processes may change the same rows. */
  readonly shared: boolean
  /**
   * Write a consistent copy to a new file. A store that is opened on it gives out no id that the original may have given
   * out since. Rejects `unsupported` where the database has its own tools.
   */
  backup(path: string): Promise<void>
  close(): Promise<void>
}
