import { equalBytes } from '@mimirjs/wire'
import { call, type StoredMessageRow } from '../operations.js'
import { isPresent, mayCall } from '../permissions.js'
import { type Command, chatOf, done, refused } from './command.js'
import { present, storeSystemMessage } from './system-message.js'
import { messageTime, secondsOf } from './time.js'

/** Guids that are tried, the first and those above it (mediator protocol §16). */
const GUID_ATTEMPTS = 10
const MAX_PAGE = 500
/** No page passes this (mediator protocol §11.5), but for one message that is longer by itself. */
const MAX_PAGE_BYTES = 50_331_648

/** Mediator protocol §8.11 and §11.3. */
export const sendMessage: Command<'sendMessage'> = {
  name: 'sendMessage',
  pipelined: true,
  chatId: chatOf,
  check({ blob }, { limits }) {
    return blob.length > limits.blobBytes ? 'size' : undefined
  },
  *program({ chatId, guid: wanted, timestampSeconds: claimed, blob }, { caller: author, dialect, nowSeconds, limits }) {
    const row = yield* call('user', chatId, author)
    if (!isPresent(row)) return refused('member')
    if (!mayCall('sendMessage', row.permissions)) return refused('readOnly')
    const timestampSeconds = messageTime(claimed, nowSeconds)
    for (let attempt = 0; attempt < GUID_ATTEMPTS; attempt++) {
      const guid = BigInt.asIntN(64, wanted + BigInt(attempt))
      const message = { guid, timestampSeconds, clientTimestampSeconds: claimed, author, blob }
      const messageId = yield* call('insertMessage', chatId, message, limits.chatBytes)
      if (messageId !== undefined) {
        const pushed = { messageId, guid, timestampSeconds, author, blob }
        return done({ messageId, guid }, [
          { effect: 'message', chatId, message: pushed, toCaller: false, isSystem: false },
        ])
      }
      const stored = yield* call('messageByGuid', chatId, guid)
      // The guid is free: the chat is full. The originals say the same when their disk is.
      if (stored === undefined) return refused('storage')
      if (equalBytes(stored.author, author) && (dialect === 'binary' || isSame(stored, claimed)))
        return done({ messageId: stored.messageId, guid }, [{ effect: 'duplicate' }])
      // A client of this dialect is not told the guid, and could not find its message again under another.
      if (dialect === 'binary') return refused('collision')
    }
    return refused('collision')
  },
}

/**
 * Whether a request is the stored message once more: it has the time that the stored one came with. A row without that,
 * which another server may have written, is compared by the time that it has.
 */
function isSame(stored: StoredMessageRow, claimed: bigint | undefined): boolean {
  const { clientTimestampSeconds: before, timestampSeconds } = stored
  if (before !== undefined || claimed === undefined) return before === claimed
  return secondsOf(claimed) === secondsOf(timestampSeconds)
}

/**
 * Mediator protocol §8.12: by id in `binary`, by guid in the others, which may name the id alone. What is deleted in one
 * dialect is deleted for all, so everybody who understands it is told.
 */
export const deleteMessage: Command<'deleteMessage'> = {
  name: 'deleteMessage',
  chatId: chatOf,
  *program({ chatId, messageId, guid }, context) {
    const { caller, dialect } = context
    const isBinary = dialect === 'binary'
    const row = yield* call('user', chatId, caller)
    const stored =
      guid !== undefined && !isBinary
        ? yield* call('messageByGuid', chatId, guid)
        : yield* call('messageById', chatId, messageId ?? 0n)
    if (stored === undefined && !isBinary) return refused('exists')
    const isOwn = !isBinary && stored !== undefined && equalBytes(stored.author, caller)
    if (!isOwn && !(isPresent(row) && mayCall('deleteMessage', row.permissions))) return refused('role')
    if (stored === undefined) return done({})
    yield* call('deleteMessage', chatId, stored.messageId)
    const content = { event: 'messageDeleted', guid: stored.guid, deleter: caller } as const
    return done({}, present(yield* storeSystemMessage(context, chatId, content, true)))
  },
}

/** Mediator protocol §8.13. */
export const getLastMessageId: Command<'getLastMessageId'> = {
  name: 'getLastMessageId',
  pipelined: true,
  chatId: chatOf,
  *program({ chatId }, { caller }) {
    if (!isPresent(yield* call('user', chatId, caller))) return refused('member')
    return done({ messageId: yield* call('lastMessageId', chatId) })
  },
}

/** Mediator protocol §8.14. */
export const subscribe: Command<'subscribe'> = {
  name: 'subscribe',
  chatId: chatOf,
  *program({ chatId }, { caller }) {
    const row = yield* call('user', chatId, caller)
    if (!isPresent(row)) return refused('member')
    if (!mayCall('subscribe', row.permissions)) return refused('readOnly')
    const messageId = yield* call('lastMessageId', chatId)
    return done({ messageId }, [{ effect: 'requestMemberInfo', chatId, lastUpdateSeconds: row.changedAtSeconds }])
  },
}

/** Mediator protocol §8.15. */
export const getMessagesSince: Command<'getMessagesSince'> = {
  name: 'getMessagesSince',
  pipelined: true,
  chatId: chatOf,
  check({ limit }) {
    return limit >= 1 && limit <= MAX_PAGE ? undefined : 'range'
  },
  *program({ chatId, sinceId, limit }, { caller, dialect }) {
    if (!isPresent(yield* call('user', chatId, caller))) return refused('member')
    const layout = dialect === 'binary' ? 'binary' : 'tlv'
    const { count, bytes } = yield* call('page', chatId, sinceId, limit, layout, MAX_PAGE_BYTES)
    return done({ count, records: bytes })
  },
}
