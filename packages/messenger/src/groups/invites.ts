import { fromHex, toHex } from '@mimirjs/wire'
import type { MediatorPushes } from '@mimirjs/wire/mediator'
import { MessengerError } from '../error.js'
import { MAX_GROUP_INVITES, type StoredInvite } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import { groupId } from './group-id.js'
import { cutDescription, cutName, keptAvatar } from './profile.js'
import type { GroupInvite, MediatorAddress } from './types.js'

/** Of a wrapped key: nothing else can be accepted (mediator protocol §18.2). */
const INVITE_DATA_BYTES = 92

export interface InvitesParts {
  /** We are in this group, or were: it has a key, and a history under it. */
  isKnown(group: string): boolean
  /** It is being accepted. */
  isBegun(id: string): boolean
  dialectOf(mediator: MediatorAddress): StoredInvite['dialect']
  /** The policy says yes. */
  accept(invite: GroupInvite): void
}

/**
 * Invites that wait for a decision. They are kept before anything else happens: a mediator says them once, or at every login.
 * Both are only as true as the mediator is: it can invite anybody into a group whose key it made, in anybody's name.
 */
export class Invites {
  readonly #context: GroupsContext
  readonly #parts: InvitesParts
  /** What is kept, by id, and what tells one from its repetition: reading all of them for each would be a gift to a flood. */
  readonly #kept = new Map<string, string>()
  /** Pushed and not on disk yet. */
  #waiting = 0
  #work: Promise<unknown> = Promise.resolve()

  constructor(context: GroupsContext, parts: InvitesParts) {
    this.#context = context
    this.#parts = parts
  }

  async load(): Promise<void> {
    for (const row of await this.#context.store.invites()) this.#kept.set(inviteIdOf(row), contentOf(row))
  }

  /** Oldest first. @throws {MessengerError} `store` | `closed` */
  async list(): Promise<GroupInvite[]> {
    return (await this.#rows()).filter((row) => !this.#parts.isBegun(inviteIdOf(row))).map((row) => this.#toInvite(row))
  }

  /** @throws {MessengerError} `unknown-invite` | `store` | `closed` */
  async get(invite: string | GroupInvite): Promise<StoredInvite> {
    const id = typeof invite === 'string' ? invite : invite.id
    const row = (await this.#rows()).find((candidate) => inviteIdOf(candidate) === id)
    if (row === undefined) throw new MessengerError('unknown-invite', `no invite ${id} waits`)
    return row
  }

  /** It has served. @throws {MessengerError} `store` | `closed` */
  async delete(invite: StoredInvite): Promise<void> {
    const { access, store } = this.#context
    await access.ask(() => store.deleteInvite(invite.mediator, invite.inviteId))
    this.#kept.delete(inviteIdOf(invite))
  }

  /** GOT_INVITE. One after the other, so that they are kept in the order in which they came. */
  received(mediator: MediatorAddress, push: MediatorPushes['gotInvite']): void {
    const { access, logger, onError } = this.#context
    const row = this.#toRow(mediator, push)
    if (row === undefined) return
    if (this.#waiting >= MAX_GROUP_INVITES) {
      logger?.warn({ mediator: mediator.publicKey }, 'an invite was dropped: they come faster than the disk takes them')
      return
    }
    this.#waiting++
    this.#work = this.#work
      .then(() => this.#keep(row))
      .catch((cause) => {
        if (!access.closed) onError(cause)
      })
      .finally(() => this.#waiting--)
  }

  /** What the policy says to those that were kept before: the process may have ended before it was asked. */
  async decideAgain(): Promise<void> {
    for (const invite of await this.list()) await this.#decide(invite)
  }

  /** @returns undefined for what is not kept */
  #toRow(mediator: MediatorAddress, push: MediatorPushes['gotInvite']): StoredInvite | undefined {
    const { people, clock, logger } = this.#context
    const from = toHex(push.from)
    if (people.isBlocked(from)) return undefined
    if (push.data.length !== INVITE_DATA_BYTES) {
      logger?.warn(
        { mediator: mediator.publicKey, from, bytes: push.data.length },
        'an invite without a key was dropped',
      )
      return undefined
    }
    const avatar = keptAvatar(push.avatar)
    return {
      mediator: mediator.publicKey,
      mediatorAddress: mediator.address,
      dialect: this.#parts.dialectOf(mediator),
      inviteId: push.inviteId,
      chatId: push.chatId,
      from,
      timestampSeconds: push.timestampSeconds,
      name: cutName(push.name),
      description: cutDescription(push.description),
      data: push.data.slice(),
      receivedMs: Math.floor(clock.nowMs()),
      ...(avatar && { avatar }),
    }
  }

  async #keep(row: StoredInvite): Promise<void> {
    const { access, store } = this.#context
    const id = inviteIdOf(row)
    // Said again at every login: told once.
    if (this.#kept.get(id) === contentOf(row)) return
    await access.ask(() => store.putInvite(row))
    this.#kept.set(id, contentOf(row))
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_GROUP_INVITES && oldest !== undefined) this.#kept.delete(oldest)
    const invite = this.#toInvite(row)
    if (this.#parts.isBegun(invite.id)) return
    this.#context.emitter.emit('groupInvite', invite)
    await this.#decide(invite)
  }

  async #decide(invite: GroupInvite): Promise<void> {
    const { policy, people, onError } = this.#context
    try {
      const accepts =
        policy === 'accept-from-contacts'
          ? people.isContact(invite.from) && !invite.rotatesKey
          : policy !== 'ask' && (await policy(invite))
      if (accepts) this.#parts.accept(invite)
    } catch (cause) {
      onError(new MessengerError('handler', `groupInvites failed for invite ${invite.id}, which waits`, { cause }))
    }
  }

  #rows(): Promise<StoredInvite[]> {
    const { access, store } = this.#context
    return access.ask(() => store.invites())
  }

  #toInvite(row: StoredInvite): GroupInvite {
    const group = groupId(fromHex(row.mediator), row.chatId)
    return {
      id: inviteIdOf(row),
      group,
      mediator: { publicKey: row.mediator, address: row.mediatorAddress, dialect: row.dialect },
      name: row.name,
      description: row.description,
      avatar: row.avatar,
      from: row.from,
      receivedAt: new Date(row.receivedMs),
      rotatesKey: this.#parts.isKnown(group),
    }
  }
}

export function inviteIdOf({ mediator, inviteId }: Pick<StoredInvite, 'mediator' | 'inviteId'>): string {
  return `${mediator}:${inviteId}`
}

function contentOf({ timestampSeconds, data }: StoredInvite): string {
  return `${timestampSeconds} ${toHex(data)}`
}
