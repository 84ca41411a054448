import { MAX_GONE_MEMBERS, type MemberChange, type StoredMember } from '../../store-groups.js'
import { checkMember } from '../check.js'
import type { MembersStore } from '../parts.js'
import { owned, type Tables } from './tables.js'

export function membersStore(tables: Tables): MembersStore {
  const of = (group: string): Map<string, StoredMember> => {
    tables.requireGroup(group)
    const members = tables.members.get(group) ?? new Map<string, StoredMember>()
    tables.members.set(group, members)
    return members
  }
  const put = (group: string, peer: string, change: MemberChange): void => {
    const members = of(group)
    members.set(peer, { ...(members.get(peer) ?? stub(group, peer)), ...owned(change) })
  }
  return {
    async putMembers(group, members) {
      for (const member of members) checkMember(member)
      const known = of(group)
      const present = new Set(members.map(({ peer }) => peer))
      for (const { peer, permissions, lastSeenSeconds } of members) {
        put(group, peer, { permissions, gone: false, ...(lastSeenSeconds !== 0n && { lastSeenSeconds }) })
      }
      for (const peer of known.keys()) if (!present.has(peer)) put(group, peer, { gone: true })
      dropOldestGone(known)
    },

    async putMember(group, peer, change) {
      checkMember(change)
      put(group, peer, change)
      dropOldestGone(of(group))
    },

    async putMemberInfo(group, peer, { nickname, info, avatar, infoTimeSeconds }) {
      checkMember({ infoTimeSeconds })
      const isNewer = (of(group).get(peer)?.infoTimeSeconds ?? 0n) <= infoTimeSeconds
      put(group, peer, isNewer ? { nickname, info, avatar, infoTimeSeconds } : {})
      dropOldestGone(of(group))
      return isNewer
    },

    async member(group, peer) {
      const member = tables.members.get(group)?.get(peer)
      return member && { ...member }
    },

    async members(group) {
      return [...(tables.members.get(group)?.values() ?? [])].map((member) => ({ ...member }))
    },
  }
}

function stub(group: string, peer: string): StoredMember {
  const unknown = { nickname: '', info: '', avatar: undefined, infoTimeSeconds: 0n, lastSeenSeconds: 0n }
  return { group, peer, permissions: 0, ...unknown, gone: true }
}

function dropOldestGone(members: Map<string, StoredMember>): void {
  const gone = [...members.values()].filter((member) => member.gone)
  for (const { peer } of gone.slice(0, -MAX_GONE_MEMBERS)) members.delete(peer)
}
