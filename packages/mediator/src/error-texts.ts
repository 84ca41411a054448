import type { MediatorCommandName, MediatorDialect } from '@mimirjs/wire/mediator'

/** What one check says: the same everywhere, or in `binary`, `tlv` and `tlv-push`. */
export type Texts = string | readonly [binary: string, tlv: string, tlvPush: string]

/** A check that failed, as the tables of mediator protocol §8 list them; fields at fault go by their name on the wire. */
export type Check = string

const AUTH_REQUIRED = 'auth required'
const PARSE = 'bad tlv payload'
const MEMBER = 'not a member or banned'
const FORBIDDEN = 'insufficient perms'
const STORAGE = 'db error'

const chatId = field('bad chat id', 'missing or invalid chat id')

function field(binary: string, tlv: string): Texts {
  return [binary, tlv, tlv]
}

const ofChat = { authenticated: AUTH_REQUIRED, parse: PARSE, chatId, storage: STORAGE } as const
const ofMember = { ...ofChat, member: MEMBER } as const
/** A caller without the role hears in `tlv-push` what a stranger hears (§8.7, §8.8, §8.16). */
const ofModerator = { ...ofMember, role: [FORBIDDEN, FORBIDDEN, MEMBER], strict: FORBIDDEN } as const

/**
 * Every error text: command, check, dialect. The keys of a command that are no fields of it are the checks of its program.
 * `strict` is the refusal that only `moderation: 'strict'` knows. Source: mediator protocol §8.
 */
export const ERROR_TEXTS: Readonly<Record<MediatorCommandName, Readonly<Record<Check, Texts>>>> = {
  getNonce: {
    parse: PARSE,
    publicKey: field('bad pubkey', 'missing or invalid pubkey'),
    storage: [STORAGE, STORAGE, 'db error inserting nonce'],
  },
  auth: {
    parse: PARSE,
    publicKey: field('bad pubkey', 'missing or invalid pubkey'),
    nonce: field('bad nonce', 'missing or invalid nonce'),
    signature: field('bad signature', 'missing or invalid signature'),
    nonceUnknown: 'unknown nonce',
    nonceDifferent: ['unknown nonce', 'unknown nonce', 'nonce mismatch'],
    key: ['invalid signature', 'invalid signature', 'invalid pubkey'],
    verify: 'invalid signature',
    other: 'already authenticated',
    storage: ['unknown nonce', 'unknown nonce', STORAGE],
  },
  ping: {},
  createChat: {
    authenticated: 'not authenticated',
    parse: PARSE,
    ownerPublicKey: field('bad owner pubkey', 'missing or invalid owner pubkey'),
    owner: 'keys mismatch',
    nonce: field('bad nonce', 'missing or invalid nonce'),
    counter: field('bad counter', 'missing or invalid counter'),
    signature: field('bad signature', 'missing or invalid signature'),
    name: field('bad name', 'missing chat name'),
    description: field('bad description', 'missing chat description'),
    avatar: field('bad avatar', PARSE),
    size: 'field too large',
    nonceUnknown: 'unknown nonce',
    nonceDifferent: 'unknown nonce',
    filter: 'signature filter failed',
    key: ['invalid signature', 'invalid signature', 'invalid pubkey'],
    verify: 'invalid signature',
    storage: 'db chat meta',
  },
  deleteChat: {
    parse: PARSE,
    chatId,
    exists: 'no such chat',
    owner: 'not an owner',
    storage: ['db drop', 'db drop', STORAGE],
  },
  updateChatInfo: {
    ...ofChat,
    empty: 'no fields to update',
    nameSize: 'name too long',
    descriptionSize: 'description too long',
    avatarSize: 'avatar too large',
    member: 'not a member',
    banned: 'banned',
    role: FORBIDDEN,
    systemMessage: 'broadcast error',
  },
  addUser: { ...ofModerator, userPublicKey: field('bad new user pubkey', 'missing or invalid user pubkey') },
  deleteUser: {
    ...ofModerator,
    userPublicKey: field('bad user pubkey', 'missing or invalid user pubkey'),
    target: MEMBER,
    storage: [STORAGE, STORAGE, 'db error deleting user'],
  },
  leaveChat: { ...ofChat, member: 'not a member', owner: "owner can't leave", banned: 'banned user' },
  getUserChats: { authenticated: AUTH_REQUIRED, parse: PARSE, storage: STORAGE },
  sendMessage: {
    ...ofMember,
    guid: field('bad guid', 'missing or invalid guid'),
    blob: field('bad blob', PARSE),
    size: 'payload too large',
    readOnly: 'read-only user',
    storage: ['db error - failed to insert message', 'db error - failed to insert message: the store failed', STORAGE],
    collision: [
      'db error - failed to insert message',
      'db error - guid collision limit exceeded',
      'db error - guid collision limit exceeded',
    ],
  },
  deleteMessage: {
    ...ofChat,
    messageId: field('bad message id', 'missing or invalid message guid'),
    guid: 'missing or invalid message guid',
    exists: 'message not found',
    role: FORBIDDEN,
    storage: [STORAGE, 'db error: the store failed', STORAGE],
    systemMessage: 'broadcast error',
  },
  getLastMessageId: ofMember,
  subscribe: { ...ofMember, readOnly: 'read-only user' },
  getMessagesSince: {
    ...ofMember,
    sinceId: field('bad message id', 'missing or invalid since message id'),
    limit: field('bad limit', 'missing or invalid limit'),
    range: 'limit must be between 1 and 500',
  },
  sendInvite: {
    ...ofModerator,
    toPublicKey: field('bad to_pubkey', 'missing or invalid to_pubkey'),
    data: field('bad encrypted data', PARSE),
    size: 'field too large',
    present: 'user already in chat',
    exists: 'invite already exists',
    storage: 'db insert error',
  },
  inviteResponse: {
    authenticated: AUTH_REQUIRED,
    parse: PARSE,
    inviteId: field('bad invite id', 'missing or invalid invite id'),
    accepted: field('bad accepted flag', 'missing or invalid accepted flag'),
    range: 'invalid accepted value',
    exists: 'invite not found',
    recipient: 'not recipient of this invite',
    storage: STORAGE,
  },
  updateMemberInfo: {
    ...ofMember,
    timestampSeconds: field('bad timestamp', 'missing or invalid timestamp'),
    info: field('bad encrypted blob', PARSE),
    size: 'field too large',
  },
  getMembersInfo: { ...ofMember, sinceSeconds: field('bad timestamp', PARSE) },
  getMembers: ofMember,
  changeMemberStatus: {
    ...ofMember,
    userPublicKey: field('bad user pubkey', 'missing or invalid user pubkey'),
    permissions: field('bad perms', 'missing or invalid perms'),
    self: 'cannot modify own permissions',
    target: 'target user not a member',
    role: FORBIDDEN,
    owner: 'cannot modify owner permissions',
    flags: 'invalid permission flags',
    strict: FORBIDDEN,
    systemMessage: 'broadcast error',
  },
}

/** Texts that belong to no command (mediator protocol §1, §22.7). */
export const UNKNOWN_COMMAND = 'unknown cmd'
export const PAYLOAD_TOO_LARGE = 'payload too large'
export const BAD_VERSION = 'bad version'
export const RATE_LIMIT = 'rate limit'

const COLUMN: Record<MediatorDialect, 0 | 1 | 2> = { binary: 0, tlv: 1, 'tlv-push': 2 }

/** The text of a check that failed; a check without one is a failure of ours and reads as the command's `storage`. */
export function errorText(command: MediatorCommandName, check: Check, dialect: MediatorDialect): string {
  if (check === 'limited') return RATE_LIMIT
  const texts = ERROR_TEXTS[command]
  const text = texts[check] ?? texts['storage'] ?? STORAGE
  return typeof text === 'string' ? text : text[COLUMN[dialect]]
}

/** In `binary` these answer with request id 0 (mediator protocol §8.9, §8.10). */
const WITHOUT_ID: Partial<Record<MediatorCommandName, readonly Check[]>> = {
  leaveChat: ['authenticated', 'chatId'],
  getUserChats: ['authenticated', 'storage'],
}

/** The request id that an error goes out with. */
export function errorRequestId(
  command: MediatorCommandName,
  check: Check,
  dialect: MediatorDialect,
  requestId: number,
): number {
  return dialect === 'binary' && WITHOUT_ID[command]?.includes(check) === true ? 0 : requestId
}
