import { encodePushFrame } from '@mimirjs/wire/mediator'
import type { Connection } from './connection.js'
import type { Core } from './core.js'
import { type OpenInvite, takeInvite } from './login.js'

/** With more than this waiting to leave, an invite waits, too: two hundred of the largest may be open. */
const NEARLY_EMPTY_BYTES = 65_536

type Local = Omit<Core, 'cluster'>

/** GOT_INVITE to every connection of the recipient here (mediator protocol §9.2). @returns whether one gets it at once */
export function pushInvite(core: Local, open: OpenInvite): boolean {
  const { inviteId, to } = open.invite
  let isPushed = false
  for (const connection of core.accounts.find(to)?.connections ?? [])
    if (connection.invites === undefined && mayPush(connection)) {
      send(core, connection, open)
      isPushed = true
    } else queueInvites(core, connection, [inviteId])
  return isPushed
}

/** Have these invites pushed, as they are in the store when their turn comes. */
export function queueInvites(core: Local, connection: Connection, inviteIds: readonly bigint[]): void {
  if (inviteIds.length > 0) connection.invites ??= new Set()
  for (const inviteId of inviteIds) connection.invites?.add(inviteId)
  pushQueued(core, connection)
}

/**
 * The next invite that waits, once what was queued before has left. One at a time: strangers may send anybody invites, and
 * must neither fill somebody's queue nor our memory with them.
 */
export function pushQueued(core: Local, connection: Connection): void {
  const { invites } = connection
  if (invites === undefined || connection.isInviting || !mayPush(connection)) return
  const [inviteId] = invites
  if (inviteId === undefined) {
    connection.invites = undefined
    return
  }
  invites.delete(inviteId)
  connection.isInviting = true
  void core
    .background(() => takeInvite(inviteId))
    .then((open) => {
      connection.isInviting = false
      if (open !== undefined) send(core, connection, open)
      pushQueued(core, connection)
    })
    .catch(core.broken)
}

function mayPush({ session, outbox, isStopped, isClosed }: Connection): boolean {
  return session.isLoggedIn && !isStopped && !isClosed && !outbox.isBlocked && outbox.bytes <= NEARLY_EMPTY_BYTES
}

function send(core: Local, connection: Connection, { invite, settings }: OpenInvite): void {
  const { inviteId, chatId, from, timestampSeconds, data } = invite
  const { name, description, avatar } = settings
  const value = { inviteId, chatId, from, timestampSeconds, name, description, avatar, data }
  core.counters.pushes++
  connection.send(encodePushFrame(connection.dialect, 'gotInvite', value))
}
