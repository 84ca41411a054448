import type { Group, GroupInvite, GroupMember } from '@mimirjs/messenger'

export interface GroupJson {
  readonly event: 'group'
  readonly id: string
  readonly name: string
  readonly description: string
  readonly role: Group['role']
  readonly state: Group['state']
  /** As `--mediator` takes it. */
  readonly mediator: string
  /** Number of the group there. */
  readonly chatId: string
  readonly unread: number
}

export function groupJson(group: Group, unread: number): GroupJson {
  const { id, name, description, role, state, mediator, chatId } = group
  return {
    event: 'group',
    id,
    name,
    description,
    role,
    state,
    mediator: `${mediator.publicKey}@${mediator.address}`,
    chatId,
    unread,
  }
}

export function inviteJson(invite: GroupInvite): object {
  const { id, group, name, description, from, receivedAt, rotatesKey, mediator } = invite
  return {
    event: 'invite',
    id,
    group,
    name,
    description,
    from,
    receivedAt: receivedAt.toISOString(),
    rotatesKey,
    mediator: `${mediator.publicKey}@${mediator.address}`,
  }
}

export function memberJson(member: GroupMember): object {
  const { publicKey, name, info, role, online, lastSeenAt } = member
  return { event: 'member', publicKey, name, info, role, online, lastSeenAt: lastSeenAt?.toISOString() ?? null }
}
