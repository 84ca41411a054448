import type { GroupInvite, Messenger } from '@mimirjs/messenger'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { inviteLine } from './group/joining.js'
import { inviteJson } from './group/json.js'
import { reportMediators, type Tell } from './listen-mediators.js'
import { reportNearby } from './listen-nearby.js'
import { reportRendezvous } from './listen-rendezvous.js'

/**
 * Say what happens besides messages, to whoever listens.
 * @returns a function that tells of the invites that wait already
 */
export function reportEvents(context: Context, messenger: Messenger): () => Promise<void> {
  const { output } = context
  const tell: Tell = (event, text) => {
    if (output.json) output.result(event, '').catch(() => {})
    if (text !== '') output.status(text)
  }
  const told = new Set<string>()
  const tellInvite = (invite: GroupInvite): void => {
    if (told.has(invite.id)) return
    told.add(invite.id)
    tell(inviteJson(invite), `${inviteLine(invite)}: mimir group join ${invite.group.slice(0, 16)}`)
  }
  messenger.on('announced', ({ address, ttlSeconds }) =>
    tell({ event: 'announced', address, ttlSeconds }, `announced ${address} for ${formatDuration(ttlSeconds * 1000)}`),
  )
  messenger.on('delivered', ({ id, to }) =>
    tell({ event: 'delivered', id, to }, `delivered ${id} to ${to.slice(0, 8)}`),
  )
  messenger.on('groupInvite', tellInvite)
  messenger.on('group', (event) => {
    const { group, change } = event
    if (change === 'online' || change === 'history') return
    const role = change === 'role' ? { role: event.role } : {}
    tell({ event: 'group-changed', group, change, ...role }, `group ${group.slice(0, 8)}: ${CHANGES[change]}`)
  })
  messenger.on('mediator', ({ publicKey, address, state }) =>
    context.logger.debug({ publicKey, address, state }, 'mediator'),
  )
  reportMediators(context, messenger, tell)
  reportNearby(messenger, tell)
  reportRendezvous(messenger, tell)
  messenger.on('state', (state) => context.logger.debug(state, 'link'))
  return async () => {
    for (const invite of await messenger.groupInvites()) tellInvite(invite)
  }
}

const CHANGES = {
  joined: 'we are in it',
  info: 'its name, description or picture is new',
  members: 'its members have changed',
  role: 'our role has changed',
  key: 'it has a new key',
  left: 'we left it',
  banned: 'we are not in it any more',
  deleted: 'it was deleted',
} as const
