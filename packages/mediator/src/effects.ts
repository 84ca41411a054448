import { encodePushFrame } from '@mimirjs/wire/mediator'
import type { Effect } from './commands/command.js'
import type { Connection } from './connection.js'
import type { Core } from './core.js'
import { pushMemberInfo, pushMessage } from './fan-out.js'
import type { OpenInvite } from './login.js'
import { call } from './operations.js'

/** What a command did in the database is durable: let it show. */
export function applyEffects(core: Core, connection: Connection, effects: readonly Effect[]): void {
  for (const effect of effects) applyEffect(core, connection, effect)
}

function applyEffect(core: Core, connection: Connection, effect: Effect): void {
  const { counters, rooms, cluster, emitter } = core
  switch (effect.effect) {
    case 'message': {
      const { chatId, message, isSystem, toCaller } = effect
      if (message.messageId > 0n) {
        if (isSystem) counters.systemMessages++
        else {
          counters.messages++
          emitter.emit('message', { chatId, messageId: message.messageId, author: message.author })
        }
      }
      const except = toCaller ? undefined : connection
      if (cluster !== undefined) {
        cluster.message(chatId, message, isSystem, except)
        return
      }
      const room = rooms.get(chatId)
      if (room !== undefined) counters.pushes += pushMessage(room, message, isSystem, except)
      return
    }
    case 'memberInfo': {
      const { chatId, publicKey, info, timestampSeconds, toCaller } = effect
      const room = rooms.get(chatId)
      const member = { publicKey, info, timestampSeconds }
      if (room !== undefined) counters.pushes += pushMemberInfo(room, member, toCaller ? undefined : connection)
      cluster?.memberInfo(chatId, member)
      return
    }
    case 'drop': {
      const account = core.accounts.find(effect.publicKey)
      if (account !== undefined) rooms.drop(effect.chatId, account)
      cluster?.dropped(effect.chatId, effect.publicKey)
      return
    }
    case 'invite': {
      const { invite, settings } = effect
      const isHere = pushInvite(core, { invite, settings })
      if (isHere) void core.background(() => call('markInviteSent', invite.inviteId))
      cluster?.invited(invite)
      return
    }
    case 'chatCreated':
      emitter.emit('chatCreated', { chatId: effect.chatId, owner: effect.owner })
      return
    case 'chatDeleted':
      rooms.dropAll(effect.chatId)
      emitter.emit('chatDeleted', { chatId: effect.chatId })
      cluster?.chatDeleted(effect.chatId)
      return
    case 'duplicate':
      counters.duplicates++
      return
    case 'requestMemberInfo':
      // It follows the answer: see StoredCommands.
      return
  }
}

/** REQUEST_MEMBER_INFO to whoever asked (mediator protocol §9.3). */
export function requestMemberInfo(core: Core, connection: Connection, chatId: bigint, lastUpdateSeconds: bigint): void {
  core.counters.pushes++
  connection.send(encodePushFrame(connection.dialect, 'requestMemberInfo', { chatId, lastUpdateSeconds }))
}

/** GOT_INVITE to every connection of the recipient here (§9.2). @returns whether there is one */
export function pushInvite(core: Omit<Core, 'cluster'>, open: OpenInvite): boolean {
  const account = core.accounts.find(open.invite.to)
  if (account === undefined) return false
  for (const connection of account.connections)
    if (connection.session.isLoggedIn) pushInviteTo(core, connection, open)
    else (connection.earlyInvites ??= []).push(open)
  return account.connections.size > 0
}

export function pushInviteTo(
  core: Omit<Core, 'cluster'>,
  connection: Connection,
  { invite, settings }: OpenInvite,
): void {
  const { inviteId, chatId, from, timestampSeconds, data } = invite
  const { name, description, avatar } = settings
  const value = { inviteId, chatId, from, timestampSeconds, name, description, avatar, data }
  core.counters.pushes++
  connection.send(encodePushFrame(connection.dialect, 'gotInvite', value))
}
