import { hasPermission, type MediatorRole, Permission, type PermissionName, roleOf } from '@mimirjs/wire/mediator'

export type { PermissionName }

const NAMES = Object.keys(Permission) as readonly PermissionName[]

/**
 * The permissions of one member as a set that never changes. Whether somebody is banned is for the mediator to say: it
 * leaves the banned out of its lists. Source: mediator protocol §7.
 * @example
 * Permissions.of('user', 'readOnly').canPost // false
 */
export class Permissions {
  /** The byte on the wire, with the bits that nobody knows. */
  readonly mask: number

  /** @throws {RangeError} for what is no byte */
  constructor(mask: number) {
    if (!Number.isInteger(mask) || mask < 0 || mask > 0xff) {
      throw new RangeError(`permissions: expected an integer from 0 to 255, got ${mask}`)
    }
    this.mask = mask
  }

  static of(...names: readonly PermissionName[]): Permissions {
    return new Permissions(names.reduce((mask, name) => mask | Permission[name], 0))
  }

  /** Whether any of these is in it. */
  has(...names: readonly PermissionName[]): boolean {
    return hasPermission(this.mask, ...names)
  }

  /** The highest role. */
  get role(): MediatorRole {
    return roleOf(this.mask)
  }

  /** May send, and have messages pushed: everybody who is not bound to read only, whatever the role. */
  get canPost(): boolean {
    return !this.has('readOnly', 'banned')
  }

  /** May add, invite and ban people, and delete the messages of others. */
  get canModerate(): boolean {
    return !this.has('banned') && this.has('owner', 'admin', 'mod')
  }

  /** May change roles, and name, description and avatar of the chat. */
  get canAdminister(): boolean {
    return !this.has('banned') && this.has('owner', 'admin')
  }

  with(...names: readonly PermissionName[]): Permissions {
    return new Permissions(this.mask | Permissions.of(...names).mask)
  }

  without(...names: readonly PermissionName[]): Permissions {
    return new Permissions(this.mask & ~Permissions.of(...names).mask)
  }

  *[Symbol.iterator](): Generator<PermissionName> {
    for (const name of NAMES) if (this.has(name)) yield name
  }
}
