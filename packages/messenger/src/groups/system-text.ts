import { toHex } from '@mimirjs/wire'
import { decodeSystemMessage, type SystemMessage } from '@mimirjs/wire/mediator'
import { toRole } from './permissions.js'
import { cutName } from './profile.js'

/** What a system message says; `undefined` for one of an unknown kind, or damaged. */
export function readSystemMessage(body: Uint8Array): SystemMessage | undefined {
  try {
    return decodeSystemMessage(body)
  } catch {
    return undefined
  }
}

/** A line to read; people by the beginning of their key, for who they are is another matter. */
export function systemText(message: SystemMessage | undefined): string {
  switch (message?.event) {
    case undefined:
      return 'something happened that this version does not know'
    case 'userAdded':
      return `${short(message.target)} joined, invited by ${short(message.actor)}`
    case 'userEntered':
      return `${short(message.user)} came`
    case 'userLeft':
      return `${short(message.user)} left`
    case 'userBanned':
      return `${short(message.target)} was banned by ${short(message.actor)}`
    case 'chatDeleted':
      return `the group was deleted by ${short(message.actor)}`
    case 'chatInfoChanged':
      return infoText(message)
    case 'permsChanged':
      return `${short(message.target)} is now ${toRole(message.permissions)}, by ${short(message.actor)}`
    case 'messageDeleted':
      return `a message was deleted by ${short(message.deleter)}`
    case 'memberOnline':
      return `${short(message.publicKey)} is ${message.online ? 'online' : 'offline'}`
  }
}

function infoText(change: Extract<SystemMessage, { event: 'chatInfoChanged' }>): string {
  const parts = [
    ...(change.name === undefined ? [] : [`the name to '${cutName(change.name)}'`]),
    ...(change.description === undefined ? [] : ['the description']),
    ...(change.avatar === undefined ? [] : ['the picture']),
  ]
  return `${short(change.actor)} changed ${parts.length === 0 ? 'nothing' : parts.join(', ')}`
}

function short(publicKey: Uint8Array): string {
  return toHex(publicKey).slice(0, 8)
}
