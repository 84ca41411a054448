import type { Content } from '../content.js'
import { MessengerError } from '../error.js'
import type { HistoryEntry, Sent } from '../message.js'
import type { Administration } from './administration.js'
import type { GroupsContext } from './context.js'
import type { GroupActions, GroupFacts } from './group.js'
import { untilAborted } from './joins.js'
import type { KeyRotation } from './key-rotation.js'
import { toRole } from './permissions.js'
import type { Room } from './room.js'
import type { GroupChange, GroupMember, GroupRole, RotateKeyOptions } from './types.js'

export type ActionsContext = Pick<GroupsContext, 'conversations' | 'send' | 'assertOpen'>

export interface ActionsParts {
  readonly administration: Administration
  readonly rotation: KeyRotation
  /** @throws {MessengerError} `unknown-group` */
  roomOf(id: string): Room
  remove(room: Room): Promise<void>
  /** Joins of this group that have begun are given up. */
  dropJoins(id: string): Promise<void>
}

/** What a {@link Group} can do, brought to those who do it. */
export class Actions implements GroupActions {
  readonly #context: ActionsContext
  readonly #parts: ActionsParts

  constructor(context: ActionsContext, parts: ActionsParts) {
    this.#context = context
    this.#parts = parts
  }

  facts(id: string): GroupFacts {
    const { record } = this.#parts.roomOf(id)
    const { name, description, avatar, mediator, mediatorAddress, dialect, chatId, permissions, state } = record
    return {
      name,
      description,
      avatar,
      mediator: { publicKey: mediator, address: mediatorAddress, dialect },
      chatId,
      role: toRole(permissions),
      state,
    }
  }

  send(id: string, content: Content): Promise<Sent> {
    return this.#context.send(id, content)
  }

  history(id: string, options?: { limit?: number; before?: HistoryEntry }): Promise<HistoryEntry[]> {
    return this.#context.conversations.history(id, options)
  }

  markRead(id: string): Promise<void> {
    return this.#context.conversations.markRead(id)
  }

  async refresh(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#context.assertOpen()
    const room = this.#parts.roomOf(id)
    const inStep = room.whenInStep().then(() => room.settled())
    await (signal === undefined ? inStep : untilAborted(inStep, signal))
    this.#context.assertOpen()
  }

  async members(id: string): Promise<GroupMember[]> {
    return this.#parts.roomOf(id).members.list()
  }

  async invite(id: string, person: string | Uint8Array): Promise<void> {
    const { administration, roomOf } = this.#parts
    await administration.invite(roomOf(id), person)
  }

  async ban(id: string, person: string | Uint8Array): Promise<void> {
    const { administration, roomOf } = this.#parts
    await administration.ban(roomOf(id), person)
  }

  async setRole(id: string, person: string | Uint8Array, role: GroupRole): Promise<void> {
    const { administration, roomOf } = this.#parts
    await administration.setRole(roomOf(id), person, role)
  }

  async update(id: string, change: GroupChange): Promise<void> {
    const { administration, roomOf } = this.#parts
    await administration.update(roomOf(id), change)
  }

  async deleteMessage(id: string, message: string): Promise<void> {
    const { administration, roomOf } = this.#parts
    await administration.deleteMessage(roomOf(id), message)
  }

  async leave(id: string): Promise<void> {
    const { administration, roomOf, dropJoins } = this.#parts
    const room = roomOf(id)
    await dropJoins(id)
    await administration.leave(room)
  }

  async delete(id: string): Promise<void> {
    const { administration, roomOf, dropJoins } = this.#parts
    const room = roomOf(id)
    await dropJoins(id)
    await administration.delete(room)
  }

  async forget(id: string): Promise<void> {
    const room = this.#parts.roomOf(id)
    if (room.record.state === 'joined')
      throw new MessengerError('forbidden', `we are in group ${id}: leave it, or delete it, before it is forgotten`)
    await this.#parts.remove(room)
  }

  async rotateKey(id: string, options: RotateKeyOptions = {}): Promise<void> {
    const { rotation, roomOf } = this.#parts
    await rotation.rotate(roomOf(id), options)
  }
}
