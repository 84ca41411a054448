import { MAX_GROUP_INVITES } from '../../store-groups.js'
import { checkInt64, checkInvite } from '../check.js'
import type { InvitesStore } from '../parts.js'
import { owned, type Tables } from './tables.js'

export function invitesStore({ invites }: Tables): InvitesStore {
  return {
    async putInvite(invite) {
      checkInvite(invite)
      invites.set(`${invite.mediator} ${invite.inviteId}`, owned(invite))
      for (const oldest of [...invites.keys()].slice(0, -MAX_GROUP_INVITES)) invites.delete(oldest)
    },

    async invites() {
      return [...invites.values()].map((invite) => ({ ...invite }))
    },

    async deleteInvite(mediator, inviteId) {
      checkInt64('inviteId', inviteId)
      invites.delete(`${mediator} ${inviteId}`)
    },
  }
}
