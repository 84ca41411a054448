/**
 * Bits of a member's permissions. A check asks for any of several; whether somebody is banned is a matter of its own, of
 * which the bit is only a copy. Source: mediator protocol §7.1.
 */
export const Permission = {
  /** Who made the group; set together with `user`. */
  owner: 0x80,
  admin: 0x40,
  mod: 0x20,
  user: 0x10,
  /** May read, but neither send nor subscribe. */
  readOnly: 0x08,
  banned: 0x01,
} as const

export type PermissionName = keyof typeof Permission
export type MediatorRole = 'owner' | 'admin' | 'mod' | 'user' | 'readOnly' | 'none'

/** Whether `mask` has any of the bits named. */
export function hasPermission(mask: number, ...names: readonly PermissionName[]): boolean {
  return names.some((name) => (mask & Permission[name]) !== 0)
}

const RANKS = ['owner', 'admin', 'mod'] as const

/** The highest role in `mask`. Somebody without a rank who may only read is `readOnly`, whatever else is set. */
export function roleOf(mask: number): MediatorRole {
  const rank = RANKS.find((name) => hasPermission(mask, name))
  if (rank !== undefined) return rank
  if (hasPermission(mask, 'readOnly')) return 'readOnly'
  return hasPermission(mask, 'user') ? 'user' : 'none'
}
