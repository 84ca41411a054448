import { randomBytes, wrapGroupKey } from '@mimirjs/crypto'
import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessengerError } from '../error.js'
import { parseMessageId } from '../message-id.js'
import type { GroupsContext } from './context.js'
import { atMediator, groupError } from './errors.js'
import type { Pauses } from './pauses.js'
import { mayAdminister, mayModerate, ROLE_BITS } from './permissions.js'
import type { Room } from './room.js'
import { MAX_FORMER_KEYS, withKey } from './sealing.js'
import type { GroupChange, GroupRole, MediatorAddress } from './types.js'

/** A mediator takes ten invites a minute (mediator protocol §22.7): pause when it says that it is too fast. */
const INVITE_PAUSE_MS = 6_000

/** It will be said of the next member, too. */
const FINAL: ReadonlySet<string> = new Set(['closed', 'aborted', 'forbidden', 'not-member'])

/** What we do to a group at its mediator. Whoever does something is not told of it like the others, so we look each time. */
export class Administration {
  readonly #context: GroupsContext
  readonly #pauses: Pauses
  readonly #client: (mediator: MediatorAddress) => MediatorClient

  /** @param client - of a mediator, also of one whose group we are not in */
  constructor(context: GroupsContext, pauses: Pauses, client: (mediator: MediatorAddress) => MediatorClient) {
    this.#context = context
    this.#pauses = pauses
    this.#client = client
  }

  async invite(room: Room, person: string | Uint8Array): Promise<void> {
    const peer = this.#context.toOther(person)
    const client = this.#clientOf(room)
    const data = this.#wrap(room, peer, room.record.key)
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
    const rows = await access.ask(() =>
      Promise.all([true, false].map((outgoing) => store.message(group, guid, outgoing))),
    )
    const row = rows.find((found) => found !== undefined)
    if (row === undefined) throw new MessengerError('unknown-message', `there is no message ${id} in this group`)
    const copies = await access.ask(() => store.groupCopies(group, guid, row.outgoing))
    if (copies.length > 0) {
      const client = this.#clientOf(room)
      const { chatId } = room.record
      for (const { messageId, outerGuid } of copies) {
        const copy = { chatId, guid: outerGuid, ...(messageId === 0n ? {} : { messageId }) }
        await atMediator(`message ${id} was not deleted`, () =>
          client.deleteMessage(copy).catch((error) => {
            // Somebody was faster.
            if (!isMediatorError(error) || error.code !== 'not-found') throw error
          }),
        )
      }
    }
    await conversations.remove(group, guid, row.outgoing)
    if (row.outgoing) wakeWaiting()
  }

  async leave(room: Room): Promise<void> {
    if (room.record.state !== 'joined') return
    const client = this.#clientOf(room)
    try {
      await client.leaveChat(room.record.chatId)
    } catch (error) {
      // Out already (mediator protocol §15).
      const isOut = isMediatorError(error) && (error.code === 'not-member' || error.code === 'not-found')
      if (!isOut) throw groupError('the group was not left', error)
    }
    await room.end('left')
  }

  async delete(room: Room): Promise<void> {
    const client = this.#client(room.group.mediator)
    try {
      await client.deleteChat(room.record.chatId)
    } catch (error) {
      if (!isMediatorError(error) || error.code !== 'not-found') throw groupError('the group was not deleted', error)
    }
    await room.end('deleted')
  }

  /**
   * The new key is on disk, and opens what others write under it, before the first of them has it; we write under it when
   * all have been sent it. So whatever ends this halfway, nobody's message is lost on us.
   */
  async rotateKey(room: Room, signal: AbortSignal | undefined): Promise<void> {
    const { publicKey } = this.#context
    const client = this.#clientOf(room)
    if (!mayAdminister(room.record.permissions))
      throw new MessengerError('forbidden', 'a new key is handed out by the owner or an admin')
    const key = randomBytes(32)
    await room.change({ formerKeys: [key, ...room.record.formerKeys].slice(0, MAX_FORMER_KEYS) })
    const members = await atMediator('the key was not changed', () =>
      client.getMembers(room.record.chatId, { ...(signal && { signal }) }),
    )
    const missed: { peer: string; why: unknown }[] = []
    // The owner first: where the mediator keeps us from inviting the owner, nobody else is to have the key either.
    const others = [...members].sort((a, b) => b.permissions - a.permissions).map((member) => toHex(member.publicKey))
    for (const peer of others) {
      if (peer === publicKey) continue
      try {
        await this.#handOut(room, client, peer, key, signal)
      } catch (why) {
        if (!isMediatorError(why) || FINAL.has(why.code)) throw groupError('the key was not changed', why)
        missed.push({ peer, why })
      }
    }
    const [first] = missed
    if (first) {
      const why = first.why instanceof Error ? first.why.message : String(first.why)
      const what = `${missed.length} of ${members.length - 1} members could not be sent the new key`
      throw new MessengerError('mediator', `${what}, so the old one stays: ${first.peer}: ${why}`, { cause: first.why })
    }
    await room.change(withKey(room.record, key))
    room.tell('key')
    room.inTurn(() => room.members.keyChanged())
  }

  async #handOut(
    room: Room,
    client: MediatorClient,
    peer: string,
    key: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const data = this.#wrap(room, peer, key)
    for (;;) {
      try {
        const invite = { chatId: room.record.chatId, toPublicKey: fromHex(peer), data }
        await client.sendInvite(invite, { ...(signal && { signal }) })
        return
      } catch (error) {
        if (!isMediatorError(error) || error.code !== 'rate-limit') throw error
        await this.#pauses.wait(INVITE_PAUSE_MS, signal)
      }
    }
  }

  #wrap(room: Room, peer: string, key: Uint8Array): Uint8Array {
    try {
      return wrapGroupKey(fromHex(peer), key, room.record.cipher)
    } catch (cause) {
      throw new MessengerError('bad-key', `no key can be encrypted for ${peer}`, { cause })
    }
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

  /** @throws {MessengerError} `not-member` */
  #clientOf(room: Room): MediatorClient {
    this.#context.assertOpen()
    const { state } = room.record
    if (state !== 'joined')
      throw new MessengerError('not-member', `we are not in group ${room.record.id}: state is ${state}`)
    return this.#client(room.group.mediator)
  }
}

/** Ceilings of mediators (mediator protocol §16). */
const MAX_NAME_CHARACTERS = 25
const MAX_DESCRIPTION_CHARACTERS = 200
const MAX_GROUP_AVATAR_BYTES = 204_800

/** @throws {MessengerError} `bad-content` | `too-large` */
export function checkProfile({ name, description, avatar }: GroupChange): void {
  for (const [field, text, most] of [
    ['name', name, MAX_NAME_CHARACTERS],
    ['description', description, MAX_DESCRIPTION_CHARACTERS],
  ] as const) {
    if (text === undefined) continue
    if (typeof text !== 'string') throw new MessengerError('bad-content', `${field} of the group: expected a text`)
    const characters = [...text].length
    if (characters > most)
      throw new MessengerError(
        'too-large',
        `${field} of the group has ${characters} characters, mediators take ${most}`,
      )
  }
  if (avatar === undefined) return
  if (!(avatar instanceof Uint8Array)) throw new MessengerError('bad-content', 'avatar of the group: expected bytes')
  if (avatar.length > MAX_GROUP_AVATAR_BYTES) {
    const most = `mediators take ${MAX_GROUP_AVATAR_BYTES}`
    throw new MessengerError('too-large', `avatar of the group has ${avatar.length} bytes, ${most}`)
  }
}
