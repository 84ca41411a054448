import { equalBytes } from '@mimirjs/wire'
import { call } from '../operations.js'
import { isPresent, mayCall } from '../permissions.js'
import { type Command, chatOf, done, refused } from './command.js'
import { AVATAR_BYTES, codePoints, DESCRIPTION_CODE_POINTS, NAME_CODE_POINTS } from './create-chat.js'
import { present, storeSystemMessage, unstored } from './system-message.js'

/** Mediator protocol §8.5: whether the chat exists is said to everybody, who owns it only to its owner. */
export const deleteChat: Command<'deleteChat'> = {
  name: 'deleteChat',
  anonymous: true,
  chatId: chatOf,
  *program({ chatId }, context) {
    const owner = yield* call('chatOwner', chatId)
    if (owner === undefined) return refused('exists')
    if (!equalBytes(owner, context.caller)) return refused('owner')
    yield* call('deleteChat', chatId)
    const { caller: actor, random } = context
    const farewell = unstored(context, chatId, { event: 'chatDeleted', actor, random }, false)
    return done({}, [farewell, { effect: 'chatDeleted', chatId }])
  },
}

/** Mediator protocol §8.6. */
export const updateChatInfo: Command<'updateChatInfo'> = {
  name: 'updateChatInfo',
  chatId: chatOf,
  check({ name, description, avatar }) {
    if (name === undefined && description === undefined && avatar === undefined) return 'empty'
    if (name !== undefined && codePoints(name) > NAME_CODE_POINTS) return 'nameSize'
    if (description !== undefined && codePoints(description) > DESCRIPTION_CODE_POINTS) return 'descriptionSize'
    if (avatar !== undefined && avatar.length > AVATAR_BYTES) return 'avatarSize'
    return undefined
  },
  *program({ chatId, name, description, avatar }, context) {
    const caller = yield* call('user', chatId, context.caller)
    if (caller === undefined) return refused('member')
    if (!isPresent(caller)) return refused('banned')
    if (!mayCall('updateChatInfo', caller.permissions)) return refused('role')
    yield* call('changeSettings', chatId, { name, description, avatar: avatar?.length === 0 ? null : avatar })
    const content = { event: 'chatInfoChanged', actor: context.caller, name, description, avatar } as const
    return done({}, present(yield* storeSystemMessage(context, chatId, content, true)))
  },
}

/** Mediator protocol §8.10. */
export const getUserChats: Command<'getUserChats'> = {
  name: 'getUserChats',
  pipelined: true,
  *program(_request, { caller }) {
    return done({ chatIds: yield* call('chatsOf', caller) })
  },
}
