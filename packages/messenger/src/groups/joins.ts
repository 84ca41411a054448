import { unwrapGroupKey } from '@mimirjs/crypto'
import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { Permission } from '@mimirjs/wire/mediator'
import { isMessengerError, MessengerError } from '../error.js'
import type { StoredInvite } from '../store-groups.js'
import type { BegunJoins } from './begun.js'
import { cipherOf } from './cipher.js'
import type { GroupsContext } from './context.js'
import { groupError } from './errors.js'
import { groupId } from './group-id.js'
import { type Invites, inviteIdOf } from './invites.js'
import type { Mediators } from './mediators.js'
import type { Pauses } from './pauses.js'
import type { Room } from './room.js'
import { isSame, withKey } from './sealing.js'
import type { MediatorAddress } from './types.js'

/** Source: mediator protocol §13. */
const ATTEMPTS = 3
const ATTEMPT_PAUSE_MS = 2_000

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

  constructor(context: GroupsContext, parts: JoinsParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws {MessengerError} see {@link Messenger.joinGroup} */
  async join(invite: StoredInvite, signal: AbortSignal | undefined): Promise<Room> {
    const id = inviteIdOf(invite)
    const running = this.#running.get(id) ?? this.#run(id, invite)
    if (signal === undefined) return running
    return untilAborted(running, signal)
  }

  /** The mediator is there: go on with what has begun, now or before the process started. */
  async resume(): Promise<void> {
    const { invites, begun } = this.#parts
    const { access, onError } = this.#context
    for (const id of begun.all) {
      if (this.#running.has(id)) continue
      try {
        this.#run(id, await invites.get(id)).catch((error) => {
          if (!access.closed) onError(error)
        })
      } catch (error) {
        if (!isMessengerError(error) || error.code !== 'unknown-invite') throw error
        // It had served, or made room for others.
        await begun.delete(id)
      }
    }
  }

  /** Whatever runs: it ends with the connections. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  #run(id: string, invite: StoredInvite): Promise<Room> {
    const running = this.#join(id, invite).finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #join(id: string, invite: StoredInvite): Promise<Room> {
    const { begun, invites, mediators } = this.#parts
    const key = await this.#unwrap(invite)
    await begun.add(id)
    const { room, isNew } = await this.#keep(invite, key)
    const client = mediators.client(room.group.mediator)
    try {
      await this.#enter(room, client, invite)
    } catch (error) {
      // It goes on when the mediator is back, or at the next start; unless there is nothing to go on with.
      if (isMediatorError(error) && (error.code === 'not-member' || error.code === 'forbidden')) {
        if (isNew) await this.#parts.remove(room)
        else await room.end('banned')
        await invites.delete(invite)
        await begun.delete(id)
      }
      throw groupError(`invite ${id} was not accepted`, error)
    }
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

  /** The group and its key on disk, before the mediator hears anything. */
  async #keep(invite: StoredInvite, key: Uint8Array): Promise<{ room: Room; isNew: boolean }> {
    const { find, add } = this.#parts
    const id = groupId(fromHex(invite.mediator), invite.chatId)
    const known = find(id)
    if (known) {
      const hasKey = isSame(known.record.key, key)
      if (!hasKey || known.record.state !== 'joined')
        await known.change({ ...withKey(known.record, key), state: 'joined' })
      if (!hasKey) known.keyChanged()
      return { room: known, isNew: known.record.syncedTo === 0n && known.record.infoSinceSeconds === 0n }
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
    return { room, isNew: true }
  }

  /**
   * Say yes, and see that we are in. Who is in it already takes the key and says no: with a yes older mediators would make an
   * admin an ordinary member, while a no does nothing but take the invite away.
   */
  async #enter(room: Room, client: MediatorClient, { chatId, inviteId }: StoredInvite): Promise<void> {
    const isIn = await isMember(client, chatId)
    await this.#answer(client, inviteId, !isIn)
    // Also after "invite not found": it may have been accepted before.
    if (!isIn) await client.getLastMessageId(chatId)
    room.follow(client)
    if (!isIn) room.tell('joined')
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

/** The connection that this invite came over. */
export function mediatorOf({ mediator, mediatorAddress, dialect }: StoredInvite): MediatorAddress {
  return { publicKey: mediator, address: mediatorAddress, dialect }
}
