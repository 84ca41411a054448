// One table of everything that crosses the connection. A row says what a field is in every dialect; tlv-layout.ts and
// binary-layout.ts make their codecs of the same rows. The order of the rows is the order on the wire, and the order in which
// a server checks them: the field that an error names is the first at fault. Source: mediator protocol §4.2, §5, §8 and §9.
import type { MediatorCommandName, MediatorDialect, MediatorPushName } from './codes.js'
import type {
  MediatorMessage,
  MediatorPushes,
  MediatorRequests,
  MediatorResponses,
  MemberInfoRecord,
  MemberRecord,
} from './types.js'

/**
 * What a layout makes of a field: it must be there; it may be missing; missing, it reads as zero or nothing; it is not on the
 * wire; it is not on the wire and reads as zero; a record without it is passed over.
 */
export type Presence = 'required' | 'optional' | 'default' | 'absent' | 'zero' | 'drop'

export interface FieldRow<N extends string = string> {
  readonly name: N
  readonly tag: number
  /** `utf8` is refused when it is none, in `text` bad bytes are replaced; `bytes` are of any length unless it is fixed. */
  readonly type: 'u8' | 'u32' | 'i64' | 'u64' | 'flag' | 'bytes' | 'utf8' | 'text'
  readonly sizeBytes?: number
  /** Default: `required`. */
  readonly tlv?: Presence
  /** Default: `required`. */
  readonly binary?: Presence
  /** Nothing in it means that it is not there. */
  readonly emptyIsAbsent?: true
  /** Missing it is only when this one, which stands before it, is missing too. */
  readonly unless?: N
}

/** Records behind a count; in TLV a record begins at the tag of its first row. */
export interface GroupRow<N extends string = string> {
  readonly name: N
  readonly rows: readonly FieldRow[]
  /** The values are those of the only row, not objects. */
  readonly bare?: true
  /** There is at least one. */
  readonly some?: true
}

export interface MessageRow<N extends string = string> {
  readonly fields: readonly FieldRow<N>[]
  readonly group?: GroupRow<N>
  /** Dialects in which a reader does not look at the payload. Default: none. */
  readonly unread?: readonly MediatorDialect[]
  /** Written as these bytes, and read as nothing. */
  readonly raw?: readonly number[]
  /** Dialects that do not have it. */
  readonly lacking?: readonly MediatorDialect[]
  /** Some servers of a TLV dialect send the fixed layout in one case: of this length, and with such a value. */
  readonly fixedForm?: {
    readonly dialect: MediatorDialect
    readonly sizeBytes: number
    readonly accepts: (value: Readonly<Record<string, unknown>>) => boolean
  }
}

type Rows<Values> = { readonly [K in keyof Values]: MessageRow<Extract<keyof Values[K], string>> }

const ALL: readonly MediatorDialect[] = ['binary', 'tlv', 'tlv-push']
const NOT_BINARY = ['binary'] as const satisfies readonly MediatorDialect[]

const chatId = { name: 'chatId', tag: 0x10, type: 'i64' } as const
const publicKey = { name: 'publicKey', tag: 0x01, type: 'bytes', sizeBytes: 32 } as const
const nonce = { name: 'nonce', tag: 0x03, type: 'bytes', sizeBytes: 32 } as const
const signature = { name: 'signature', tag: 0x02, type: 'bytes', sizeBytes: 64 } as const
const messageId = { name: 'messageId', tag: 0x11, type: 'i64' } as const
const guid = { name: 'guid', tag: 0x12, type: 'i64' } as const
const userPublicKey = { name: 'userPublicKey', tag: 0x15, type: 'bytes', sizeBytes: 32 } as const
const blob = { name: 'blob', tag: 0x23, type: 'bytes', tlv: 'default' } as const
const author = { name: 'author', tag: 0x01, type: 'bytes', sizeBytes: 32 } as const
const messageTime = { name: 'timestampSeconds', tag: 0x32, type: 'i64', tlv: 'default', binary: 'absent' } as const
const permissions = { name: 'permissions', tag: 0x33, type: 'u8' } as const

const messageRecord: readonly FieldRow<keyof MediatorMessage>[] = [
  { ...chatId, tlv: 'absent' },
  messageId,
  { ...guid, tlv: 'drop' },
  messageTime,
  { ...author, tlv: 'drop' },
  blob,
]

const memberInfoRecord: readonly FieldRow<keyof MemberInfoRecord>[] = [
  { name: 'publicKey', tag: 0x15, type: 'bytes', sizeBytes: 32 },
  { name: 'info', tag: 0x24, type: 'bytes', tlv: 'default' },
  { name: 'timestampSeconds', tag: 0x32, type: 'i64', tlv: 'default' },
]

const memberRecord: readonly FieldRow<keyof MemberRecord>[] = [
  { name: 'publicKey', tag: 0x15, type: 'bytes', sizeBytes: 32 },
  { ...permissions, tlv: 'default' },
  { name: 'online', tag: 0x34, type: 'flag', tlv: 'default' },
  { name: 'lastSeenSeconds', tag: 0x37, type: 'u64', tlv: 'default', binary: 'zero' },
]

const ofChat = { fields: [chatId] } as const
const ofUser = { fields: [chatId, userPublicKey] } as const
const nothing = { fields: [], unread: ALL } as const
const lastMessageId = { fields: [messageId] } as const

export const REQUESTS: Rows<MediatorRequests> & { readonly [K in MediatorCommandName]: MessageRow } = {
  getNonce: { fields: [publicKey] },
  auth: { fields: [publicKey, nonce, signature] },
  ping: nothing,
  createChat: {
    fields: [
      { name: 'ownerPublicKey', tag: 0x01, type: 'bytes', sizeBytes: 32 },
      nonce,
      { name: 'counter', tag: 0x04, type: 'u32' },
      signature,
      { name: 'name', tag: 0x20, type: 'utf8' },
      { name: 'description', tag: 0x21, type: 'utf8' },
      { name: 'avatar', tag: 0x22, type: 'bytes', tlv: 'optional', emptyIsAbsent: true },
    ],
  },
  deleteChat: ofChat,
  updateChatInfo: {
    lacking: NOT_BINARY,
    fields: [
      chatId,
      { name: 'name', tag: 0x20, type: 'utf8', tlv: 'optional' },
      { name: 'description', tag: 0x21, type: 'utf8', tlv: 'optional' },
      { name: 'avatar', tag: 0x22, type: 'bytes', tlv: 'optional' },
    ],
  },
  addUser: ofUser,
  deleteUser: ofUser,
  leaveChat: ofChat,
  getUserChats: { fields: [], unread: ['binary', 'tlv-push'] },
  sendMessage: { fields: [chatId, guid, { ...messageTime, tlv: 'optional' }, blob] },
  deleteMessage: {
    fields: [
      chatId,
      { ...messageId, tlv: 'optional' },
      { ...guid, tlv: 'optional', binary: 'absent', unless: 'messageId' },
    ],
  },
  getLastMessageId: ofChat,
  subscribe: ofChat,
  getMessagesSince: {
    fields: [chatId, { name: 'sinceId', tag: 0x14, type: 'i64' }, { name: 'limit', tag: 0x30, type: 'u32' }],
  },
  sendInvite: {
    fields: [
      chatId,
      { name: 'toPublicKey', tag: 0x15, type: 'bytes', sizeBytes: 32 },
      { name: 'data', tag: 0x25, type: 'bytes', tlv: 'default' },
    ],
  },
  inviteResponse: {
    fields: [
      { name: 'inviteId', tag: 0x13, type: 'i64' },
      { name: 'accepted', tag: 0x35, type: 'u8' },
    ],
  },
  updateMemberInfo: {
    fields: [
      chatId,
      { name: 'timestampSeconds', tag: 0x32, type: 'u64' },
      { name: 'info', tag: 0x24, type: 'bytes', tlv: 'default' },
    ],
  },
  getMembersInfo: {
    fields: [chatId, { name: 'sinceSeconds', tag: 0x36, type: 'u64', tlv: 'optional', binary: 'default' }],
  },
  getMembers: ofChat,
  changeMemberStatus: { lacking: NOT_BINARY, fields: [chatId, userPublicKey, permissions] },
}

export const RESPONSES: Rows<MediatorResponses> & { readonly [K in MediatorCommandName]: MessageRow } = {
  getNonce: { fields: [nonce] },
  auth: nothing,
  ping: nothing,
  createChat: ofChat,
  deleteChat: { fields: [], unread: ALL, raw: [0x01] },
  updateChatInfo: { ...nothing, lacking: NOT_BINARY },
  addUser: nothing,
  deleteUser: nothing,
  leaveChat: nothing,
  getUserChats: { fields: [], group: { name: 'chatIds', rows: [chatId], bare: true } },
  sendMessage: { fields: [{ ...guid, tlv: 'optional', binary: 'absent' }, messageId] },
  deleteMessage: nothing,
  getLastMessageId: lastMessageId,
  subscribe: lastMessageId,
  getMessagesSince: { fields: [], group: { name: 'messages', rows: messageRecord } },
  sendInvite: nothing,
  inviteResponse: nothing,
  updateMemberInfo: nothing,
  getMembersInfo: { fields: [], group: { name: 'members', rows: memberInfoRecord } },
  getMembers: { fields: [], group: { name: 'members', rows: memberRecord } },
  changeMemberStatus: { ...nothing, lacking: NOT_BINARY },
}

export const PUSHES: Rows<MediatorPushes> & { readonly [K in MediatorPushName]: MessageRow } = {
  gotMessage: {
    fields: [chatId, messageId, guid, messageTime, author, blob],
    // CHAT_DELETED of the Go servers: not stored, and with a body of 65 bytes (§8.5). Whether the author is the mediator is
    // for the client to say, as with every system message.
    fixedForm: { dialect: 'tlv', sizeBytes: 125, accepts: isChatDeleted },
  },
  gotInvite: {
    fields: [
      { name: 'inviteId', tag: 0x13, type: 'i64' },
      chatId,
      { name: 'from', tag: 0x01, type: 'bytes', sizeBytes: 32 },
      { name: 'timestampSeconds', tag: 0x32, type: 'i64' },
      { name: 'name', tag: 0x20, type: 'text' },
      { name: 'description', tag: 0x21, type: 'text' },
      { name: 'avatar', tag: 0x22, type: 'bytes', tlv: 'optional', emptyIsAbsent: true },
      { name: 'data', tag: 0x25, type: 'bytes' },
    ],
  },
  requestMemberInfo: { fields: [chatId, { name: 'lastUpdateSeconds', tag: 0x36, type: 'u64' }] },
  gotMemberInfo: {
    fields: [{ ...chatId, binary: 'absent' }],
    group: { name: 'members', rows: memberInfoRecord, some: true },
  },
}

function isChatDeleted({ messageId: id, blob: body }: Readonly<Record<string, unknown>>): boolean {
  return id === 0n && body instanceof Uint8Array && body.length === 65 && body[0] === 0x05
}
