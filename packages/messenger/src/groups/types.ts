import type { MediatorState } from '@mimirjs/mediator-client'
import type { MediatorDialect } from '@mimirjs/wire/mediator'

/** A server of groups. */
export interface MediatorAddress {
  /** Its key, 64 lower-case hex digits. Over TCP nobody proves it; an `error` tells when it is noticed that it is another. */
  readonly publicKey: string
  /** Where it is reached, for example `tcp://[200:1234::1]:42`. */
  readonly address: string
  /** What it speaks. Default by the scheme of the address. */
  readonly dialect?: MediatorDialect
}

/** Highest first. `reader`: sees everything and says nothing. */
export type GroupRole = 'owner' | 'admin' | 'moderator' | 'member' | 'reader'

/** Whether we are in it. The mediator says the same of a ban and of a group deleted while we were away: both show as `banned`. */
export type GroupState = 'joined' | 'left' | 'banned' | 'deleted'

/** What a group is called and looks like: in clear at its mediator. */
export interface GroupProfile {
  /** A line, not blank, without control characters. */
  readonly name: string
  readonly description?: string
  /** Image file bytes. */
  readonly avatar?: Uint8Array
}

export interface CreateGroupOptions extends GroupProfile {
  /** Where the group is to live. Default: the first of `MessengerOptions.mediators`. */
  readonly mediator?: MediatorAddress
  readonly signal?: AbortSignal
}

/** What of a group is to change; an empty avatar takes the picture away. */
export type GroupChange = Partial<GroupProfile>

/** Who is handed a new key of a group. */
export interface RotateKeyOptions {
  /**
   * Who is to have it, of those who are in the group: public keys. Default: everybody of whom the mediator says so. It could
   * name somebody who is not.
   */
  readonly to?: readonly (string | Uint8Array)[]
  readonly signal?: AbortSignal
}

export interface GroupMember {
  /** 64 lower-case hex digits. */
  readonly publicKey: string
  /** What we call them as a contact, else what they call themselves in this group, else empty. */
  readonly name: string
  readonly info: string
  /** Image file bytes; `undefined` for none. */
  readonly avatar: Uint8Array | undefined
  readonly role: GroupRole
  /** Connected to the group, as the mediator says. */
  readonly online: boolean
  /** `undefined` for never, or when the dialect does not tell. */
  readonly lastSeenAt: Date | undefined
}

/** Somebody wants us in a group, as its mediator says: it cannot be told from the invite that it is true. */
export interface GroupInvite {
  /** `<key of the mediator>:<number of the invite>`. */
  readonly id: string
  /** Id that the group has, or would have. */
  readonly group: string
  readonly mediator: MediatorAddress
  readonly name: string
  readonly description: string
  readonly avatar: Uint8Array | undefined
  /** Public key of the one who invites, as the mediator says; 64 lower-case hex digits. */
  readonly from: string
  readonly receivedAt: Date
  /** We are in this group, or were: the invite brings a key for it, which may be another one than we have. */
  readonly rotatesKey: boolean
}

/**
 * What becomes of invites: `ask` keeps them until {@link Messenger.joinGroup} or `declineGroup`; `accept-from-contacts` joins when the
 * mediator says that a contact invites, except where that would change the key of a group that we know.
 */
export type GroupInvitePolicy = 'ask' | 'accept-from-contacts' | ((invite: GroupInvite) => boolean | Promise<boolean>)

/** Something about a group has changed. */
export type GroupEvent =
  | { readonly group: string; readonly change: 'joined' | 'info' | 'members' | 'key' | 'left' | 'banned' | 'deleted' }
  /** What no handler is told: the mediator's own lines, what we said elsewhere, what was deleted or cannot be read. */
  | { readonly group: string; readonly change: 'history' }
  /** Our own role. */
  | { readonly group: string; readonly change: 'role'; readonly role: GroupRole }
  | { readonly group: string; readonly change: 'online'; readonly person: string; readonly online: boolean }

/** How we stand with a mediator. */
export interface MediatorEvent {
  /** 64 lower-case hex digits. */
  readonly publicKey: string
  readonly address: string
  readonly state: MediatorState
}
