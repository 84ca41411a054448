import { Permission } from '@mimirjs/wire/mediator'
import type { GroupRole } from './types.js'

/** The highest role that the bits give. What may read but not post is a reader, whatever else it is (mediator protocol §7.1). */
export function toRole(permissions: number): GroupRole {
  if (permissions & Permission.readOnly) return 'reader'
  if (permissions & Permission.owner) return 'owner'
  if (permissions & Permission.admin) return 'admin'
  return permissions & Permission.mod ? 'moderator' : 'member'
}

/** The bare bit of the role, as the originals send it (mediator protocol §7.1). */
export const ROLE_BITS: Readonly<Record<GroupRole, number>> = {
  owner: Permission.owner,
  admin: Permission.admin,
  moderator: Permission.mod,
  member: Permission.user,
  reader: Permission.readOnly,
}

/** May invite and ban. */
export function mayModerate(permissions: number): boolean {
  return (permissions & (Permission.owner | Permission.admin | Permission.mod)) !== 0
}

/** May change what the group is called, and the roles of others. */
export function mayAdminister(permissions: number): boolean {
  return (permissions & (Permission.owner | Permission.admin)) !== 0
}
