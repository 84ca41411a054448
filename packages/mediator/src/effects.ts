import { encodePushFrame } from '@mimirjs/wire/mediator'
import type { Effect } from './commands/command.js'
import type { Connection } from './connection.js'
import type { Core } from './core.js'
import { pushMemberInfo, pushMessage } from './fan-out.js'
import { pushInvite } from './invite-pushes.js'
import { call } from './operations.js'

/** What a command did in the database is durable: let it show. */
export function applyEffects(core: Core, connection: Connection, effects: readonly Effect[]): void {
  let messageId = 0n
  for (const effect of effects) {
    if (effect.effect === 'message') messageId = effect.message.messageId
    applyEffect(core, connection, effect, messageId)
  }
}

/** @param messageId - of the message that tells of the effect; 0: there is none */
function applyEffect(core: Core, connection: Connection, effect: Effect, messageId: bigint): void {
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
      const { chatId, publicKey } = effect
      const account = core.accounts.find(publicKey)
      if (cluster !== undefined) cluster.dropped(chatId, publicKey, messageId)
      else if (account !== undefined) rooms.drop(chatId, account)
      return
    }
    case 'invite': {
      const { invite, settings } = effect
      const isPushed = pushInvite(core, { invite, settings })
      if (isPushed) void core.background(() => call('markInviteSent', invite.inviteId))
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
