import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { MessengerError } from '../error.js'
import { parseMessageId } from '../message-id.js'
import type { GroupsContext } from './context.js'
import { atMediator, groupError } from './errors.js'
import { mayModerate, ROLE_BITS } from './permissions.js'
import { checkProfile } from './profile.js'
import { deleteCopies, Retractions } from './retractions.js'
import type { Room } from './room.js'
import { wrapFor } from './sealing.js'
import type { GroupChange, GroupRole, MediatorAddress } from './types.js'

export interface AdministrationParts {
  /** Of a mediator, also of one whose group we are not in. */
  client(mediator: MediatorAddress): MediatorClient
  /** @throws {MessengerError} `not-member` | `closed` */
  clientOf(room: Room): MediatorClient
}

/** What we do to a group at its mediator. Whoever does something is not told of it like the others, so we look each time. */
export class Administration {
  readonly #context: GroupsContext
  readonly #client: AdministrationParts['client']
  readonly #clientOf: AdministrationParts['clientOf']

  constructor(context: GroupsContext, { client, clientOf }: AdministrationParts) {
    this.#context = context
    this.#client = client
    this.#clientOf = clientOf
  }

  async invite(room: Room, person: string | Uint8Array): Promise<void> {
    const peer = this.#context.toOther(person)
    const client = this.#clientOf(room)
    const data = wrapFor(peer, room.record.key, room.record.cipher)
    const request = { chatId: room.record.chatId, toPublicKey: fromHex(peer), data }
    await this.#moderate(room, `${peer} was not invited`, () => client.sendInvite(request))
  }

  async ban(room: Room, person: string | Uint8Array): Promise<void> {
    const peer = this.#context.toOther(person)
    const client = this.#clientOf(room)
    const { chatId } = room.record
    await this.#moderate(room, `${peer} was not banned`, () => client.deleteUser(chatId, fromHex(peer)))
    room.refresh()
  }

  async setRole(room: Room, person: string | Uint8Array, role: GroupRole): Promise<void> {
    const peer = this.#context.toOther(person)
    const bits = Object.hasOwn(ROLE_BITS, role) ? ROLE_BITS[role] : undefined
    if (bits === undefined) {
      const roles = Object.keys(ROLE_BITS).join(', ')
      throw new MessengerError('bad-content', `expected one of the roles ${roles}, got '${String(role)}'`)
    }
    const client = this.#clientOf(room)
    const { chatId } = room.record
    await atMediator(`${peer} was not made ${role}`, () => client.changeMemberStatus(chatId, fromHex(peer), bits))
    room.refresh()
  }

  async update(room: Room, { name, description, avatar }: GroupChange): Promise<void> {
    const client = this.#clientOf(room)
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(avatar === undefined ? {} : { avatar }),
    }
    if (Object.keys(change).length === 0) return
    checkProfile(change)
    const { chatId } = room.record
    await atMediator('the group was not changed', () => client.updateChatInfo({ chatId, ...change }))
    await room.change({
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(avatar === undefined ? {} : { avatar: avatar.length === 0 ? undefined : avatar.slice() }),
    })
    room.tell('info')
  }

  /** Every version of it; the others hear of each. */
  async deleteMessage(room: Room, id: string): Promise<void> {
    const { access, store, conversations, wakeWaiting } = this.#context
    const guid = parseMessageId(id)
    const group = room.record.id
    // Who takes the id that a message of ours is going to have does not hide behind it.
    const rows = await access.ask(() =>
      Promise.all([false, true].map((outgoing) => store.message(group, guid, outgoing))),
    )
    const row = rows.find((found) => found !== undefined)
    if (row === undefined) throw new MessengerError('unknown-message', `there is no message ${id} in this group`)
    const copies = await access.ask(() => store.groupCopies(group, guid, row.outgoing))
    if (copies.length > 0) {
      const client = this.#clientOf(room)
      await atMediator(`message ${id} was not deleted`, () => deleteCopies(client, room.record.chatId, copies))
    }
    // It may be on its way, and be at the mediator only then.
    const mayCome = row.outgoing && row.state !== 'delivered' && row.state !== 'failed'
    if (mayCome) await access.ask(() => store.retract(group, guid, true))
    await conversations.remove(group, guid, row.outgoing)
    if (row.outgoing) wakeWaiting()
    if (!mayCome || room.record.state !== 'joined') return
    // Its acknowledgement may have come in between. Else whoever gets it goes on, now or after a restart.
    await new Retractions(this.#context, this.#client(room.group.mediator), () => room.record).one(guid)
  }

  async leave(room: Room): Promise<void> {
    if (room.record.state !== 'joined') return
    const client = this.#clientOf(room)
    await room.endBy('left', async () => {
      try {
        await client.leaveChat(room.record.chatId)
      } catch (error) {
        // Out already (mediator protocol §15).
        const isOut = isMediatorError(error) && (error.code === 'not-member' || error.code === 'not-found')
        if (!isOut) throw groupError('the group was not left', error)
      }
    })
  }

  async delete(room: Room): Promise<void> {
    const client = this.#client(room.group.mediator)
    await room.endBy('deleted', async () => {
      try {
        await client.deleteChat(room.record.chatId)
      } catch (error) {
        if (!isMediatorError(error) || error.code !== 'not-found') throw groupError('the group was not deleted', error)
      }
    })
  }

  /** Some mediators say "not a member" of a lack of rights, too (mediator protocol §20.6). */
  async #moderate(room: Room, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isRole = isMediatorError(error) && error.code === 'not-member' && !mayModerate(room.record.permissions)
      if (isRole) throw new MessengerError('forbidden', `${what}: our role does not allow it`, { cause: error })
      throw groupError(what, error)
    }
  }
}
