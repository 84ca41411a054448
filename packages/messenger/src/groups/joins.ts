import { unwrapGroupKey } from '@mimirjs/crypto'
import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { Permission } from '@mimirjs/wire/mediator'
import { isMessengerError, MessengerError } from '../error.js'
import type { StoredInvite } from '../store-groups.js'
import type { BegunJoins } from './begun.js'
import { cipherOf } from './cipher.js'
import type { GroupsContext } from './context.js'
import { groupError, isRefusal } from './errors.js'
import { groupId } from './group-id.js'
import { type Invites, inviteIdOf } from './invites.js'
import type { Mediators } from './mediators.js'
import type { Pauses } from './pauses.js'
import type { Room } from './room.js'
import { isSame, withKey } from './sealing.js'
import { TurnsByGroup } from './turns.js'
import type { MediatorAddress } from './types.js'

/** Source: mediator protocol §13. */
const ATTEMPTS = 3
const ATTEMPT_PAUSE_MS = 2_000
const TAKEN = 'since it was decided about, another invite has brought a key for its group'

export interface JoinOptions {
  readonly signal?: AbortSignal
  /** `false`: of a group that is unknown to us when it is its turn, or not at all. */
  readonly isKnown?: boolean
}

export interface JoinsParts {
  readonly invites: Invites
  readonly begun: BegunJoins
  readonly mediators: Mediators
  readonly pauses: Pauses
  find(group: string): Room | undefined
  /** Keep a group that is new to us. */
  add(record: Room['record']): Promise<Room>
  /** It has turned out to be none of ours: take it out again. */
  remove(room: Room): Promise<void>
}

/**
 * Accepting invites. The steps, each of which may be the last of a process: that it has begun is written down; the key is
 * unwrapped and stored with the group; the mediator hears the yes; that we are in is seen by its answer to SUBSCRIBE; the
 * invite, and with it the wrapped key, is deleted. At the next start what has begun goes through the same steps, of which those
 * that are done change nothing. Source: mediator protocol §13.
 */
export class Joins {
  readonly #context: GroupsContext
  readonly #parts: JoinsParts
  readonly #running = new Map<string, Promise<Room>>()
  /** Two invites into one group would make two of it, or tell one from the other by chance. */
  readonly #turns = new TurnsByGroup()

  constructor(context: GroupsContext, parts: JoinsParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws {MessengerError} see {@link Messenger.joinGroup} */
  async join(invite: StoredInvite, { signal, isKnown = true }: JoinOptions = {}): Promise<Room> {
    const id = inviteIdOf(invite)
    const running = this.#running.get(id) ?? this.#run(id, invite, isKnown)
    if (signal === undefined) return running
    return untilAborted(running, signal)
  }

  /** The mediator is there: go on with what has begun, now or before the process started. */
  async resume(): Promise<void> {
    const { begun } = this.#parts
    const { access, onError } = this.#context
    for (const id of begun.all) {
      if (this.#running.has(id)) continue
      const invite = await this.#waiting(id)
      // It had served, or made room for others.
      if (invite === undefined) await begun.delete(id)
      else
        this.#run(id, invite, true).catch((error) => {
          if (!access.closed) onError(error)
        })
    }
  }

  /** The groups of those that have begun. */
  async groups(): Promise<Set<string>> {
    const groups = new Set<string>()
    for (const id of this.#parts.begun.all) {
      const invite = await this.#waiting(id)
      if (invite) groups.add(groupIdOf(invite))
    }
    return groups
  }

  /** We are about to go out of this group: what has begun there, and could not be ended, is not gone on with; the invites wait. */
  drop(group: string): Promise<void> {
    const { begun } = this.#parts
    return this.#turns.run(group, async () => {
      for (const id of begun.all) {
        const invite = await this.#waiting(id)
        if (invite && groupIdOf(invite) === group) await begun.delete(id)
      }
    })
  }

  /** Whatever runs: it ends with the connections. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  async #waiting(id: string): Promise<StoredInvite | undefined> {
    try {
      return await this.#parts.invites.get(id)
    } catch (error) {
      if (isMessengerError(error) && error.code === 'unknown-invite') return undefined
      throw error
    }
  }

  #run(id: string, invite: StoredInvite, isKnown: boolean): Promise<Room> {
    const group = groupIdOf(invite)
    const running = this.#turns
      .run(group, async () => {
        if (!isKnown && this.#parts.find(group)) throw new MessengerError('forbidden', `${id} waits: ${TAKEN}`)
        return this.#join(id, invite)
      })
      .finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #join(id: string, invite: StoredInvite): Promise<Room> {
    const { begun, invites, mediators } = this.#parts
    const key = await this.#unwrap(invite)
    await begun.add(id)
    const { room, hasFormer } = await this.#keep(invite, key)
    const client = mediators.client(room.group.mediator)
    try {
      await this.#enter(room, client, invite)
    } catch (error) {
      // It goes on when the mediator is back, or at the next start; unless there is nothing to go on with.
      if (isMediatorError(error) && (error.code === 'not-member' || error.code === 'forbidden')) {
        if (await this.#isUntouched(room)) await this.#parts.remove(room)
        else await room.end('banned')
        await invites.delete(invite)
        await begun.delete(id)
      }
      throw groupError(`invite ${id} was not accepted`, error)
    }
    if (hasFormer && !(await this.#tellAnew(room))) return room
    await invites.delete(invite)
    await begun.delete(id)
    return room
  }

  async #unwrap({ data, dialect, mediator, inviteId }: StoredInvite): Promise<Uint8Array> {
    try {
      return (await unwrapGroupKey(this.#context.signer, data, cipherOf(dialect))).groupKey
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const what = `no key can be had from invite ${inviteIdOf({ mediator, inviteId })}: ${why}`
      throw new MessengerError('damaged', what, { cause })
    }
  }

  /** The group and its key on disk, and what it opens read, before the mediator hears anything. */
  async #keep(invite: StoredInvite, key: Uint8Array): Promise<{ room: Room; hasFormer: boolean }> {
    const { find, add } = this.#parts
    const id = groupIdOf(invite)
    const known = find(id)
    if (known) {
      const hasKey = isSame(known.record.key, key)
      if (!hasKey || known.record.state !== 'joined')
        await known.change({ ...withKey(known.record, key), state: 'joined' })
      if (!hasKey) known.tell('key')
      // Also when it was here: the last process may have ended before it had read anything with it.
      await known.keyChanged()
      return { room: known, hasFormer: known.record.formerKeys.length > 0 }
    }
    const { name, description, avatar, dialect, mediator, mediatorAddress, chatId } = invite
    const room = await add({
      id,
      mediator,
      mediatorAddress,
      dialect,
      chatId,
      name,
      description,
      avatar,
      key,
      formerKeys: [],
      cipher: cipherOf(dialect),
      permissions: Permission.user,
      state: 'joined',
      syncedTo: 0n,
      infoSinceSeconds: 0n,
    })
    return { room, hasFormer: false }
  }

  /** It became a group of ours by this invite, and nobody has told or said anything in it. */
  async #isUntouched({ record }: Room): Promise<boolean> {
    const { access, store } = this.#context
    if (record.permissions !== Permission.user || record.syncedTo > 0n || record.infoSinceSeconds > 0n) return false
    const rows = await access.ask(() => Promise.all([store.members(record.id), store.history(record.id, { limit: 1 })]))
    return rows.every(({ length }) => length === 0)
  }

  /**
   * Names under the new key, those of others and ours. What the mediator refuses for good is not asked again.
   * @returns false when it is to be tried again: the invite is kept until then
   */
  async #tellAnew(room: Room): Promise<boolean> {
    try {
      await room.members.keyTaken()
      return true
    } catch (error) {
      this.#context.onError(error)
      return isRefusal(error)
    }
  }

  /**
   * Say yes, and see that we are in. Who is in it already takes the key and says no: with a yes older mediators would make an
   * admin an ordinary member, while a no does nothing but take the invite away.
   */
  async #enter(room: Room, client: MediatorClient, { chatId, inviteId }: StoredInvite): Promise<void> {
    const isIn = await isMember(client, chatId)
    // Whatever becomes of the answer: a group that we are in is not to stay silent for it.
    if (isIn) room.follow(client)
    await this.#answer(client, inviteId, !isIn)
    // Also after "invite not found": it may have been accepted before.
    if (isIn) return
    await client.getLastMessageId(chatId)
    room.follow(client)
    room.tell('joined')
  }

  async #answer(client: MediatorClient, inviteId: bigint, accept: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.respondToInvite(inviteId, accept)
        return
      } catch (error) {
        if (isMediatorError(error) && error.code === 'not-found') return
        if (attempt === ATTEMPTS || !isMediatorError(error) || !error.isTransient) throw error
        await this.#parts.pauses.wait(ATTEMPT_PAUSE_MS)
      }
    }
  }
}

/** Readers cannot subscribe, but they may ask who is in. */
async function isMember(client: MediatorClient, chatId: bigint): Promise<boolean> {
  try {
    await client.getLastMessageId(chatId)
    return true
  } catch (error) {
    if (isMediatorError(error) && error.code === 'not-member') return false
    throw error
  }
}

/** The work goes on; only the waiting ends. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new MessengerError('aborted', 'waiting for the group was aborted', { cause: signal.reason }))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function groupIdOf({ mediator, chatId }: StoredInvite): string {
  return groupId(fromHex(mediator), chatId)
}

/** The connection that this invite came over. */
export function mediatorOf({ mediator, mediatorAddress, dialect }: StoredInvite): MediatorAddress {
  return { publicKey: mediator, address: mediatorAddress, dialect }
}
