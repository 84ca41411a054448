import { equalBytes, toHex } from '@mimirjs/wire'
import { call, type InviteRow, type Program } from '../operations.js'
import { ADMIN, isPresent, mayCall, mayTouch, OWNER, USER } from '../permissions.js'
import { type Command, type CommandContext, chatOf, done, refused } from './command.js'
import { present, storeSystemMessage } from './system-message.js'

/** How long an invite can be answered, and, in `tlv-push`, how long it stands in the way of the next (§13, §8.16). */
export const INVITE_LIFE_SECONDS = 259_200n
const REPLACE_AFTER_SECONDS = 3_600n
/** Roles that make somebody present in the eyes of `tlv-push` (§7.2). */
const ANY_ROLE = 0xf8

/**
 * Mediator protocol §8.16. In `strict` moderation owners and admins may invite present members too, in every dialect: that is
 * how a chat gets a new key, which old clients see as one more invite. Nobody else may: it would be a key of their own.
 */
export const sendInvite: Command<'sendInvite'> = {
  name: 'sendInvite',
  chatId: chatOf,
  check({ data }, { limits }) {
    return data.length > limits.inviteBytes ? 'size' : undefined
  },
  *program({ chatId, toPublicKey: to, data }, context) {
    const { caller: from, dialect, moderation, limits, nowSeconds: timestampSeconds } = context
    const caller = yield* call('user', chatId, from)
    if (!isPresent(caller)) return refused('member')
    if (!mayCall('sendInvite', caller.permissions)) return refused('role')
    const target = yield* call('user', chatId, to)
    if (!mayTouch('sendInvite', moderation, caller.permissions, target, equalBytes(to, from))) return refused('strict')
    const isRotation = moderation === 'strict' && isPresent(target) && (caller.permissions & (OWNER | ADMIN)) !== 0
    if (!isRotation && isPresent(target)) {
      const isThere = dialect === 'tlv-push' && (target.permissions & ANY_ROLE) !== 0
      if (isThere || moderation === 'strict') return refused('present')
    }
    const before = yield* call('inviteFor', to, chatId)
    if (before !== undefined && !isRotation && isInTheWay(before, context)) return refused('exists')
    if (before === undefined && !(yield* makeRoom(to, from, limits.invitesPerRecipient))) return refused('limited')
    const inviteId = yield* call('putInvite', { from, to, chatId, data, timestampSeconds })
    const settings = yield* call('settings', chatId)
    const invite = { inviteId, timestampSeconds, from, to, chatId, data, sent: false }
    return done({}, settings === undefined ? [] : [{ effect: 'invite', invite, settings }])
  },
}

/**
 * Whoever has sent most of somebody's open invites makes room for others, and cannot keep them away.
 * @returns whether there is room
 */
function* makeRoom(to: Uint8Array, from: Uint8Array, most: number): Program<boolean> {
  const open = yield* call('invitesFor', to)
  if (open.length < most) return true
  const bySender = new Map<string, InviteRow[]>()
  for (const invite of open) {
    const sender = toHex(invite.from)
    bySender.set(sender, [...(bySender.get(sender) ?? []), invite])
  }
  const own = bySender.get(toHex(from))?.length ?? 0
  const [oldest, ...others] = [...bySender.values()].reduce((one, other) => (other.length > one.length ? other : one))
  if (oldest === undefined || others.length <= own) return false
  yield* call('deleteInvite', oldest.inviteId)
  return true
}

function isInTheWay({ timestampSeconds }: InviteRow, { dialect, nowSeconds }: CommandContext): boolean {
  const life = dialect === 'tlv-push' ? REPLACE_AFTER_SECONDS : INVITE_LIFE_SECONDS
  return nowSeconds - timestampSeconds < life
}

/** Mediator protocol §8.17. */
export const inviteResponse: Command<'inviteResponse'> = {
  name: 'inviteResponse',
  check({ accepted }) {
    return accepted === 0 || accepted === 1 ? undefined : 'range'
  },
  *program({ inviteId, accepted }, context) {
    const { caller, dialect, moderation, nowSeconds, random } = context
    const invite = yield* call('invite', inviteId)
    if (invite === undefined || nowSeconds - invite.timestampSeconds >= INVITE_LIFE_SECONDS) return refused('exists')
    if (!equalBytes(invite.to, caller)) return refused('recipient')
    const { chatId, from: actor } = invite
    if (accepted === 1 && (yield* call('chatOwner', chatId)) === undefined) return refused('storage')
    yield* call('deleteInvite', inviteId)
    if (accepted === 0) return done({})
    const row = yield* call('user', chatId, caller)
    const lastUpdateSeconds = row?.changedAtSeconds ?? 0n
    const request = { effect: 'requestMemberInfo', chatId, lastUpdateSeconds } as const
    const asked = dialect === 'binary' ? request : undefined
    // An invite to somebody who is there carries a new key and changes nothing else.
    if (moderation === 'strict' && isPresent(row)) return done({}, present(asked))
    if (row === undefined)
      yield* call('putUser', chatId, caller, {
        permissions: USER,
        banned: false,
        acceptedAtSeconds: nowSeconds,
        changedAtSeconds: 0n,
      })
    else yield* call('changeUser', chatId, caller, { permissions: USER, banned: false })
    const content = { event: 'userAdded', target: caller, actor, random } as const
    return done({}, present(yield* storeSystemMessage(context, chatId, content, dialect !== 'binary'), asked))
  },
}
