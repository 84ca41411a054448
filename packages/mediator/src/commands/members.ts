import { equalBytes } from '@mimirjs/wire'
import { call, type Program } from '../operations.js'
import { BANNED, isPresent, mayCall, mayGrant, mayTouch, OWNER, USER } from '../permissions.js'
import { type Command, chatOf, done, refused } from './command.js'
import { present, storeSystemMessage } from './system-message.js'

/** One of these has to be in a new mask: every bit that means something but READ_ONLY's neighbours (§8.21). */
const ANY_PERMISSION = 0xf9

/** Mediator protocol §8.7. */
export const addUser: Command<'addUser'> = {
  name: 'addUser',
  chatId: chatOf,
  *program({ chatId, userPublicKey }, context) {
    const { caller: actor, moderation, nowSeconds, random } = context
    const caller = yield* call('user', chatId, actor)
    if (!isPresent(caller)) return refused('member')
    if (!mayCall('addUser', caller.permissions)) return refused('role')
    const target = yield* call('user', chatId, userPublicKey)
    const isSelf = equalBytes(userPublicKey, actor)
    if (!mayTouch('addUser', moderation, caller.permissions, target, isSelf)) return refused('strict')
    if (moderation === 'strict' && isPresent(target)) return done({})
    if (target === undefined)
      yield* call('putUser', chatId, userPublicKey, {
        permissions: USER,
        banned: false,
        acceptedAtSeconds: nowSeconds,
        changedAtSeconds: nowSeconds,
      })
    else yield* call('changeUser', chatId, userPublicKey, { permissions: USER, banned: false })
    const content = { event: 'userAdded', target: userPublicKey, actor, random } as const
    return done({}, present(yield* storeSystemMessage(context, chatId, content, false)))
  },
}

/** Mediator protocol §8.8: a ban; the row stays. */
export const deleteUser: Command<'deleteUser'> = {
  name: 'deleteUser',
  chatId: chatOf,
  *program({ chatId, userPublicKey }, context) {
    const { caller: actor, moderation, nowSeconds, random } = context
    const caller = yield* call('user', chatId, actor)
    if (!isPresent(caller)) return refused('member')
    if (!mayCall('deleteUser', caller.permissions)) return refused('role')
    const target = yield* call('user', chatId, userPublicKey)
    const isSelf = equalBytes(userPublicKey, actor)
    if (!mayTouch('deleteUser', moderation, caller.permissions, target, isSelf)) return refused('strict')
    if (target === undefined && moderation === 'strict') return refused('target')
    if (target !== undefined)
      yield* call('changeUser', chatId, userPublicKey, {
        permissions: target.permissions | BANNED,
        banned: true,
        changedAtSeconds: nowSeconds,
      })
    if (moderation === 'strict') yield* withdrawInvite(chatId, userPublicKey)
    const content = { event: 'userBanned', target: userPublicKey, actor, random } as const
    const message = yield* storeSystemMessage(context, chatId, content, false)
    return done({}, present(message, { effect: 'drop', chatId, publicKey: userPublicKey } as const))
  },
}

/** An invite that is older than a ban would undo it, and one that is older than a leave would lift READ_ONLY. */
function* withdrawInvite(chatId: bigint, publicKey: Uint8Array): Program<void> {
  const invite = yield* call('inviteFor', publicKey, chatId)
  if (invite !== undefined) yield* call('deleteInvite', invite.inviteId)
}

/** Mediator protocol §8.9. */
export const leaveChat: Command<'leaveChat'> = {
  name: 'leaveChat',
  chatId: chatOf,
  *program({ chatId }, context) {
    const { caller: user, moderation, random } = context
    const row = yield* call('user', chatId, user)
    if (row === undefined) return refused('member')
    if ((row.permissions & OWNER) !== 0) return refused('owner')
    if (row.banned) return refused('banned')
    const message = yield* storeSystemMessage(context, chatId, { event: 'userLeft', user, random }, false)
    yield* call('deleteUser', chatId, user)
    if (moderation === 'strict') yield* withdrawInvite(chatId, user)
    return done({}, present(message, { effect: 'drop', chatId, publicKey: user } as const))
  },
}

/** Mediator protocol §8.20. */
export const getMembers: Command<'getMembers'> = {
  name: 'getMembers',
  pipelined: true,
  chatId: chatOf,
  *program({ chatId }, { caller }) {
    if (!isPresent(yield* call('user', chatId, caller))) return refused('member')
    return done({ chatId, members: yield* call('members', chatId) })
  },
}

/** Mediator protocol §8.21. */
export const changeMemberStatus: Command<'changeMemberStatus'> = {
  name: 'changeMemberStatus',
  chatId: chatOf,
  *program({ chatId, userPublicKey, permissions }, context) {
    const { caller: actor, moderation, nowSeconds, random } = context
    const caller = yield* call('user', chatId, actor)
    if (!isPresent(caller)) return refused('member')
    if (equalBytes(userPublicKey, actor)) return refused('self')
    const target = yield* call('user', chatId, userPublicKey)
    if (target === undefined) return refused('target')
    if (!mayCall('changeMemberStatus', caller.permissions)) return refused('role')
    if ((caller.permissions & OWNER) === 0 && (target.permissions & OWNER) !== 0) return refused('owner')
    if ((permissions & ANY_PERMISSION) === 0) return refused('flags')
    if (!mayTouch('changeMemberStatus', moderation, caller.permissions, target, false)) return refused('strict')
    if (!mayGrant(moderation, caller.permissions, permissions)) return refused('strict')
    const banned = (permissions & BANNED) !== 0
    yield* call('changeUser', chatId, userPublicKey, { permissions, banned, changedAtSeconds: nowSeconds })
    if (banned && moderation === 'strict') yield* withdrawInvite(chatId, userPublicKey)
    const content = { event: 'permsChanged', target: userPublicKey, permissions, actor, random } as const
    const message = yield* storeSystemMessage(context, chatId, content, false)
    const drop = { effect: 'drop', chatId, publicKey: userPublicKey } as const
    return done({}, present(message, banned ? drop : undefined))
  },
}
