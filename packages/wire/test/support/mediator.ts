import fc from 'fast-check'
import type {
  MediatorCommandName,
  MediatorDialect,
  MediatorPushes,
  MediatorPushName,
  MediatorRequests,
  MediatorResponses,
} from '../../src/mediator/index.js'
import { bytesOf, i64 } from './frames.js'

const key = bytesOf(32)
const u8 = fc.nat(0xff)
const u32 = fc.nat(0xffff_ffff)
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 2n ** 64n - 1n))
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const blob = fc.uint8Array({ maxLength: 200 })
const some = fc.uint8Array({ minLength: 1, maxLength: 200 })
const nothing = fc.constant({})
const ofChat = fc.record({ chatId: i64 })
const ofUser = fc.record({ chatId: i64, userPublicKey: key })
const lastId = fc.record({ messageId: i64 })

/** An arbitrary whose values have the member only where `has`, and then may lack it. */
function optional<T>(has: boolean, values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return has ? fc.option(values, { nil: undefined }) : fc.constant(undefined)
}

export function requests(dialect: MediatorDialect): {
  readonly [K in MediatorCommandName]: fc.Arbitrary<MediatorRequests[K]>
} {
  const isTlv = dialect !== 'binary'
  return {
    getNonce: fc.record({ publicKey: key }),
    auth: fc.record({ publicKey: key, nonce: key, signature: bytesOf(64) }),
    ping: nothing,
    createChat: fc.record({
      ownerPublicKey: key,
      nonce: key,
      counter: u32,
      signature: bytesOf(64),
      name: text,
      description: text,
      avatar: fc.option(some, { nil: undefined }),
    }),
    deleteChat: ofChat,
    updateChatInfo: fc.record({
      chatId: i64,
      name: optional(true, text),
      description: optional(true, text),
      avatar: optional(true, blob),
    }),
    addUser: ofUser,
    deleteUser: ofUser,
    leaveChat: ofChat,
    getUserChats: nothing,
    sendMessage: fc.record({ chatId: i64, guid: i64, timestampSeconds: optional(isTlv, i64), blob }),
    deleteMessage: isTlv
      ? fc
          .record({ chatId: i64, messageId: optional(true, i64), guid: optional(true, i64) })
          .filter(({ messageId, guid }) => messageId !== undefined || guid !== undefined)
      : fc.record({ chatId: i64, messageId: i64 }),
    getLastMessageId: ofChat,
    subscribe: ofChat,
    getMessagesSince: fc.record({ chatId: i64, sinceId: i64, limit: u32 }),
    sendInvite: fc.record({ chatId: i64, toPublicKey: key, data: blob }),
    inviteResponse: fc.record({ inviteId: i64, accepted: u8 }),
    updateMemberInfo: fc.record({ chatId: i64, timestampSeconds: u64, info: blob }),
    getMembersInfo: fc.record({ chatId: i64, sinceSeconds: isTlv ? optional(true, u64) : u64 }),
    getMembers: ofChat,
    changeMemberStatus: fc.record({ chatId: i64, userPublicKey: key, permissions: u8 }),
  }
}

const memberInfo = fc.record({ publicKey: key, info: blob, timestampSeconds: i64 })

/** A message as this dialect has it, in a page or, with `isPush`, on its own. */
function message(dialect: MediatorDialect, isPush: boolean): fc.Arbitrary<MediatorPushes['gotMessage']> {
  const whole = fc.record({ chatId: i64, messageId: i64, guid: i64, timestampSeconds: i64, author: key, blob })
  return whole.map(({ chatId, timestampSeconds, ...rest }) => ({
    ...(isPush || dialect === 'binary' ? { chatId } : undefined),
    ...(dialect === 'binary' ? undefined : { timestampSeconds }),
    ...rest,
  })) as fc.Arbitrary<MediatorPushes['gotMessage']>
}

export function responses(dialect: MediatorDialect): {
  readonly [K in MediatorCommandName]: fc.Arbitrary<MediatorResponses[K]>
} {
  const isTlv = dialect !== 'binary'
  return {
    getNonce: fc.record({ nonce: key }),
    auth: nothing,
    ping: nothing,
    createChat: ofChat,
    deleteChat: nothing,
    updateChatInfo: nothing,
    addUser: nothing,
    deleteUser: nothing,
    leaveChat: nothing,
    getUserChats: fc.record({ chatIds: fc.array(i64, { maxLength: 5 }) }),
    sendMessage: fc.record({ messageId: i64, guid: optional(isTlv, i64) }),
    deleteMessage: nothing,
    getLastMessageId: lastId,
    subscribe: lastId,
    getMessagesSince: fc.record({ messages: fc.array(message(dialect, false), { maxLength: 5 }) }),
    sendInvite: nothing,
    inviteResponse: nothing,
    updateMemberInfo: nothing,
    getMembersInfo: fc.record({ members: fc.array(memberInfo, { maxLength: 5 }) }),
    getMembers: fc.record({
      members: fc.array(
        fc.record({
          publicKey: key,
          permissions: u8,
          online: fc.boolean(),
          lastSeenSeconds: isTlv ? u64 : fc.constant(0n),
        }),
        { maxLength: 5 },
      ),
    }),
    changeMemberStatus: nothing,
  }
}

export function pushes(dialect: MediatorDialect): {
  readonly [K in MediatorPushName]: fc.Arbitrary<MediatorPushes[K]>
} {
  return {
    gotMessage: message(dialect, true),
    gotInvite: fc.record({
      inviteId: i64,
      chatId: i64,
      from: key,
      timestampSeconds: i64,
      name: text,
      description: text,
      avatar: fc.option(some, { nil: undefined }),
      data: blob,
    }),
    requestMemberInfo: fc.record({ chatId: i64, lastUpdateSeconds: u64 }),
    gotMemberInfo: fc.record({
      chatId: dialect === 'binary' ? fc.constant(undefined) : i64,
      members: fc.array(memberInfo, { minLength: 1, maxLength: 2 }),
    }),
  }
}
