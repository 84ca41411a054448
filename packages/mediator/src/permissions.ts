// Who may do what: one table for both moderation modes, read by the commands and by the tests. Source: mediator protocol §7.
import type { Moderation } from './types.js'

/** Bits of a permission mask. */
export const OWNER = 0x80
export const ADMIN = 0x40
export const MOD = 0x20
export const USER = 0x10
export const READ_ONLY = 0x08
export const BANNED = 0x01

/** A member as the checks see it; `undefined`: no row. What counts as banned is the column, not the bit. */
export type Member = { readonly permissions: number; readonly banned: boolean } | undefined

/**
 * Columns of the table: owner, admin, moderator, user, read-only, banned, stranger. A member may be in several: it holds bits.
 * U is also who holds no bit at all.
 */
export type Column = 'O' | 'A' | 'M' | 'U' | 'R' | 'B' | 'X'

/** Commands whose caller is judged by its row in the chat. */
export type JudgedCommand =
  | 'updateChatInfo'
  | 'addUser'
  | 'deleteUser'
  | 'leaveChat'
  | 'sendMessage'
  | 'deleteMessage'
  | 'getLastMessageId'
  | 'getMessagesSince'
  | 'getMembers'
  | 'getMembersInfo'
  | 'updateMemberInfo'
  | 'subscribe'
  | 'sendInvite'
  | 'changeMemberStatus'

/**
 * The callers who may. Rules without U ask for one of the bits; those with U are for every member, and where R is left out
 * READ_ONLY overrides all other bits. LEAVE_CHAT is the only one that a bit (OWNER) forbids. DELETE_MESSAGE: what is here is
 * for messages of others; the TLV dialects let authors delete their own, members or not.
 */
export const CALLERS: Readonly<Record<JudgedCommand, string>> = {
  updateChatInfo: 'OA',
  addUser: 'OAM',
  deleteUser: 'OAM',
  leaveChat: 'AMUR',
  sendMessage: 'OAMU',
  deleteMessage: 'OAM',
  getLastMessageId: 'OAMUR',
  getMessagesSince: 'OAMUR',
  getMembers: 'OAMUR',
  getMembersInfo: 'OAMUR',
  updateMemberInfo: 'OAMUR',
  subscribe: 'OAMU',
  sendInvite: 'OAM',
  changeMemberStatus: 'OA',
}

/** What stands in a caller's way. `self`: it is itself the target. */
export interface TargetRule {
  /** By the caller's rank: the ranks of targets it may touch (U: every rank below M). */
  readonly ranks: Readonly<Record<'O' | 'A' | 'M', string>>
  /** Ranks of callers that may touch somebody banned. */
  readonly banned: string
  readonly self: boolean
}

const ANYBODY = { O: 'OAMU', A: 'OAMU', M: 'OAMU' } as const
const BELOW = { O: 'OAMU', A: 'MU', M: 'U' } as const
const NO_OWNER = { O: 'AMU', A: 'AMU', M: 'AMU' } as const

/** Commands with a target. Strangers may be added and invited by whoever may add and invite. */
export const TARGETS: Readonly<
  Record<Moderation, Readonly<Record<'addUser' | 'deleteUser' | 'sendInvite' | 'changeMemberStatus', TargetRule>>>
> = {
  original: {
    addUser: { ranks: ANYBODY, banned: 'OAM', self: true },
    deleteUser: { ranks: ANYBODY, banned: 'OAM', self: true },
    sendInvite: { ranks: ANYBODY, banned: 'OAM', self: true },
    // That an admin touches no owner and nobody itself are checks of their own, with texts of their own (§8.21).
    changeMemberStatus: { ranks: ANYBODY, banned: 'OAM', self: true },
  },
  strict: {
    addUser: { ranks: NO_OWNER, banned: 'OA', self: true },
    deleteUser: { ranks: { ...BELOW, O: 'AMU' }, banned: 'OAM', self: false },
    sendInvite: { ranks: NO_OWNER, banned: 'OA', self: true },
    changeMemberStatus: { ranks: BELOW, banned: 'OAM', self: true },
  },
}

/** By the caller's rank: the roles that CHANGE_MEMBER_STATUS may give. */
export const GRANTS: Readonly<Record<Moderation, Readonly<Record<'O' | 'A' | 'M', string>>>> = {
  original: { O: 'OAMUR', A: 'OAMUR', M: '' },
  strict: { O: 'AMUR', A: 'MUR', M: '' },
}

const BIT: Readonly<Record<'O' | 'A' | 'M', number>> = { O: OWNER, A: ADMIN, M: MOD }

/** The highest role bit; U for everything below M. */
export function rankOf(permissions: number): 'O' | 'A' | 'M' | 'U' {
  if ((permissions & OWNER) !== 0) return 'O'
  if ((permissions & ADMIN) !== 0) return 'A'
  return (permissions & MOD) !== 0 ? 'M' : 'U'
}

/** A member of the chat now. */
export function isPresent(member: Member): member is NonNullable<Member> {
  return member !== undefined && !member.banned
}

/** Whether a present member has the role that the command asks for. */
export function mayCall(command: JudgedCommand, permissions: number): boolean {
  const callers = CALLERS[command]
  if (!callers.includes('U')) return (permissions & maskOf(callers)) !== 0
  if (!callers.includes('O') && (permissions & OWNER) !== 0) return false
  return callers.includes('R') || (permissions & READ_ONLY) === 0
}

/** Whether the caller may do this to the target at all, given that it {@link mayCall}. */
export function mayTouch(
  command: keyof (typeof TARGETS)[Moderation],
  moderation: Moderation,
  callerPermissions: number,
  target: Member,
  isSelf: boolean,
): boolean {
  const rule = TARGETS[moderation][command]
  if (isSelf && !rule.self) return false
  if (target === undefined) return true
  const rank = rankOf(callerPermissions)
  if (rank === 'U') return false
  if (target.banned && !rule.banned.includes(rank)) return false
  return rule.ranks[rank].includes(rankOf(target.permissions))
}

/** Whether the caller may give exactly these permissions. */
export function mayGrant(moderation: Moderation, callerPermissions: number, permissions: number): boolean {
  const rank = rankOf(callerPermissions)
  if (rank === 'U') return false
  const grants = GRANTS[moderation][rank]
  return (['O', 'A', 'M'] as const).every((role) => (permissions & BIT[role]) === 0 || grants.includes(role))
}

function maskOf(columns: string): number {
  return (['O', 'A', 'M'] as const).reduce((mask, role) => mask | (columns.includes(role) ? BIT[role] : 0), 0)
}
