// What the commands, answers and pushes say, whatever the dialect. A field that a dialect does not have is not written, and
// reads as `undefined`. Byte fields of decoded values are views into the payload. Chat, message and invite ids and guids are
// signed 64-bit integers, times are seconds since 1970.

/** Commands that name a chat and nothing else. */
export interface ChatRequest {
  readonly chatId: bigint
}

export interface UserRequest {
  readonly chatId: bigint
  /** 32 bytes. */
  readonly userPublicKey: Uint8Array
}

/** Nothing at all. */
export type NoFields = Readonly<Record<never, never>>

/** By command; checks and texts of errors: mediator protocol §8. */
export interface MediatorRequests {
  getNonce: { readonly publicKey: Uint8Array }
  /** `signature` is over the 32 bytes of the nonce alone. */
  auth: { readonly publicKey: Uint8Array; readonly nonce: Uint8Array; readonly signature: Uint8Array }
  ping: NoFields
  /** `signature` is over `nonce | counter u32`, and begins with two zero bytes. */
  createChat: {
    readonly ownerPublicKey: Uint8Array
    readonly nonce: Uint8Array
    /** u32. */
    readonly counter: number
    readonly signature: Uint8Array
    readonly name: string
    readonly description: string
    /** An empty one reads as none. */
    readonly avatar?: Uint8Array | undefined
  }
  deleteChat: ChatRequest
  /** What is absent stays as it is; an empty avatar removes it. Not in `binary`. */
  updateChatInfo: {
    readonly chatId: bigint
    readonly name?: string | undefined
    readonly description?: string | undefined
    readonly avatar?: Uint8Array | undefined
  }
  addUser: UserRequest
  /** A ban. */
  deleteUser: UserRequest
  leaveChat: ChatRequest
  getUserChats: NoFields
  sendMessage: {
    readonly chatId: bigint
    readonly guid: bigint
    /** As the sender wrote it: some write milliseconds. Not in `binary`. */
    readonly timestampSeconds?: bigint | undefined
    readonly blob: Uint8Array
  }
  /** By message id in `binary`, by either in the others; with both a server takes what it understands. */
  deleteMessage: {
    readonly chatId: bigint
    readonly messageId?: bigint | undefined
    readonly guid?: bigint | undefined
  }
  getLastMessageId: ChatRequest
  subscribe: ChatRequest
  /** At most `limit` (u32; servers take 1 to 500) messages with an id above `sinceId`. */
  getMessagesSince: { readonly chatId: bigint; readonly sinceId: bigint; readonly limit: number }
  sendInvite: { readonly chatId: bigint; readonly toPublicKey: Uint8Array; readonly data: Uint8Array }
  /** `accepted` is the byte as it came: servers take 0 and 1. */
  inviteResponse: { readonly inviteId: bigint; readonly accepted: number }
  updateMemberInfo: { readonly chatId: bigint; readonly timestampSeconds: bigint; readonly info: Uint8Array }
  /** All members; the info only of those changed after `sinceSeconds`. */
  getMembersInfo: { readonly chatId: bigint; readonly sinceSeconds?: bigint | undefined }
  getMembers: ChatRequest
  /** `permissions`: see `Permission`. Not in `binary`. */
  changeMemberStatus: {
    readonly chatId: bigint
    readonly userPublicKey: Uint8Array
    readonly permissions: number
  }
}

export interface MediatorMessage {
  /** Absent in the pages of the TLV dialects. */
  readonly chatId?: bigint | undefined
  /** From 1 on; 0 for an event that is not kept. */
  readonly messageId: bigint
  readonly guid: bigint
  /** As the server has it: some hold milliseconds. Absent in `binary`; 0 when a TLV server does not say. */
  readonly timestampSeconds?: bigint | undefined
  /** 32 bytes; the mediator's own key for system messages. */
  readonly author: Uint8Array
  /** Encrypted, or the body of a system message. */
  readonly blob: Uint8Array
}

export interface MemberInfoRecord {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Encrypted; empty for none. */
  readonly info: Uint8Array
  readonly timestampSeconds: bigint
}

export interface MemberRecord {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** See `Permission`. */
  readonly permissions: number
  readonly online: boolean
  /** 0 for never, and always in `binary`. */
  readonly lastSeenSeconds: bigint
}

export interface MessageIdResponse {
  /** The highest id there is, 0 when there is none. */
  readonly messageId: bigint
}

/** By command. Answers without fields may carry any bytes. */
export interface MediatorResponses {
  getNonce: { readonly nonce: Uint8Array }
  auth: NoFields
  ping: NoFields
  createChat: { readonly chatId: bigint }
  deleteChat: NoFields
  updateChatInfo: NoFields
  addUser: NoFields
  deleteUser: NoFields
  leaveChat: NoFields
  getUserChats: { readonly chatIds: readonly bigint[] }
  /** `guid` may differ from the one that was sent; it is absent in `binary` and with early `tlv` servers. */
  sendMessage: { readonly messageId: bigint; readonly guid?: bigint | undefined }
  deleteMessage: NoFields
  getLastMessageId: MessageIdResponse
  subscribe: MessageIdResponse
  getMessagesSince: { readonly messages: readonly MediatorMessage[] }
  sendInvite: NoFields
  inviteResponse: NoFields
  updateMemberInfo: NoFields
  getMembersInfo: { readonly members: readonly MemberInfoRecord[] }
  getMembers: { readonly members: readonly MemberRecord[] }
  changeMemberStatus: NoFields
}

/** By push. Source: mediator protocol §9. */
export interface MediatorPushes {
  gotMessage: MediatorMessage & { readonly chatId: bigint }
  gotInvite: {
    readonly inviteId: bigint
    readonly chatId: bigint
    /** Key of who invites, as the mediator says: 32 bytes. */
    readonly from: Uint8Array
    readonly timestampSeconds: bigint
    readonly name: string
    readonly description: string
    /** An empty one reads as none. */
    readonly avatar?: Uint8Array | undefined
    /** The wrapped key of the group. */
    readonly data: Uint8Array
  }
  requestMemberInfo: { readonly chatId: bigint; readonly lastUpdateSeconds: bigint }
  /** One record on the wire; `chatId` is absent in `binary`. */
  gotMemberInfo: { readonly chatId?: bigint | undefined; readonly members: readonly MemberInfoRecord[] }
}
