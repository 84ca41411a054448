import { toHex } from '@mimirjs/wire'
import { decodeMemberInfo, encodeMemberInfo, type MemberInfo } from '@mimirjs/wire/content'
import { type MemberInfoRecord, type MemberRecord, Permission, type SystemMessage } from '@mimirjs/wire/mediator'
import type { Received, StoredMessage } from '../store.js'
import type { MemberChange, StoredMember } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import { groupError } from './errors.js'
import { toRole } from './permissions.js'
import type { Room } from './room.js'
import { open, seal } from './sealing.js'
import { readSystemMessage } from './system-text.js'
import type { GroupMember } from './types.js'

/** A mediator can list any number: far above any group. */
export const MAX_MEMBERS = 20_000
/** Of those whom a mediator says to have come, between two lists. */
const MAX_ANNOUNCED = 1_000
/** Times of infos further ahead than this are not believed: nothing would be newer for a long time (mediator protocol §8.18). */
const MAX_AHEAD_SECONDS = 86_400n

/**
 * Who is in a group: roles as the mediator has them, names and pictures as the members told them under the group key. What the
 * mediator says of comings and goings is shown, and the list then asked for: a list is never older than what was heard
 * before it, so that an old "left" changes nothing (mediator protocol §10).
 */
export class Members {
  readonly #context: GroupsContext
  readonly #room: Room
  readonly #online = new Set<string>()
  /** Said to have come since the last list. */
  #announced = 0
  /** Later than what is on disk. */
  readonly #lastSeen = new Map<string, bigint>()

  constructor(context: GroupsContext, room: Room) {
    this.#context = context
    this.#room = room
  }

  /** Those who are in it now. @throws {MessengerError} `store` | `closed` */
  async list(): Promise<GroupMember[]> {
    const { access, store, people } = this.#context
    const { id } = this.#room.record
    const [rows, contacts] = await access.ask(() => Promise.all([store.members(id), store.contacts()]))
    const names = new Map(contacts.map(({ peer, name }) => [peer, people.isContact(peer) ? name : '']))
    return rows.filter(({ gone }) => !gone).map((row) => this.#toMember(row, names.get(row.peer) ?? ''))
  }

  /** GET_MEMBERS: the whole list. */
  async listed(records: readonly MemberRecord[]): Promise<void> {
    const { access, store, publicKey, logger } = this.#context
    const { id, permissions: before } = this.#room.record
    if (records.length > MAX_MEMBERS)
      logger?.warn({ group: id, members: records.length }, 'too many members: the rest is left out')
    const latest = this.#latest
    const members = records.slice(0, MAX_MEMBERS).map(({ publicKey: key, permissions, lastSeenSeconds, online }) => ({
      entry: { peer: toHex(key), permissions, lastSeenSeconds: atMost(lastSeenSeconds, latest) },
      online,
    }))
    const known = await access.ask(() => store.members(id))
    await access.ask(() =>
      store.putMembers(
        id,
        members.map(({ entry }) => entry),
      ),
    )
    this.#online.clear()
    this.#lastSeen.clear()
    this.#announced = 0
    for (const { entry, online } of members) if (online) this.#online.add(entry.peer)
    if (
      isChanged(
        known,
        members.map(({ entry }) => entry),
      )
    )
      this.#room.tell('members')
    const own = members.find(({ entry }) => entry.peer === publicKey)?.entry.permissions
    if (own === undefined || own === before) return
    await this.#room.change({ permissions: own })
    this.#context.emitter.emit('group', { group: id, change: 'role', role: toRole(own) })
    // Who may speak again subscribes again.
    if (toRole(before) === 'reader') this.#room.refresh()
  }

  /** What the mediator says of them right now; the list that follows has the last word. */
  async changed(received: readonly Received[]): Promise<void> {
    const { access, store } = this.#context
    const { id } = this.#room.record
    const changes = received.flatMap(({ message }) => changeOf(message) ?? [])
    for (const { person, change } of changes) {
      if (change.gone === false && ++this.#announced > MAX_ANNOUNCED) continue
      const known = await access.ask(() => store.member(id, toHex(person)))
      const isBack = change.gone === false && known?.gone === false
      if (!isBack) await access.ask(() => store.putMember(id, toHex(person), change))
      if (change.gone) this.#online.delete(toHex(person))
    }
    if (changes.length > 0) this.#room.tell('members')
  }

  /** What members told of themselves; empty for nothing new. */
  async told(records: readonly MemberInfoRecord[]): Promise<void> {
    const { access, store, logger } = this.#context
    const { record } = this.#room
    const latest = this.#latest
    let since = record.infoSinceSeconds
    let isChanged = false
    for (const { publicKey, info: sealed, timestampSeconds } of records.slice(0, MAX_MEMBERS)) {
      if (timestampSeconds > since && timestampSeconds <= latest) since = timestampSeconds
      if (sealed.length === 0) continue
      const peer = toHex(publicKey)
      const info = this.#read(sealed)
      if (info === undefined) {
        logger?.debug({ group: record.id, member: peer }, 'what a member says of itself cannot be read')
        continue
      }
      const told = { ...info, avatar: info.avatar?.slice(), infoTimeSeconds: atMost(timestampSeconds, latest) }
      if (await access.ask(() => store.putMemberInfo(record.id, peer, told))) isChanged = true
    }
    if (since !== record.infoSinceSeconds) await this.#room.change({ infoSinceSeconds: since })
    if (isChanged) this.#room.tell('members')
  }

  /** A key has come that we did not make: it may open what others told, and newcomers have no other to read us with. */
  async keyTaken(): Promise<void> {
    await this.#readAgain()
    await this.keyChanged()
  }

  async #readAgain(): Promise<void> {
    const { client, record } = this.#room
    if (client?.state.state !== 'up') return
    await this.told(await client.getMembersInfo(record.chatId, 0n))
  }

  /** REQUEST_MEMBER_INFO, or the mediator has nothing of us. Source: mediator protocol §14. */
  async asked(lastUpdateSeconds: bigint, isMissing: boolean): Promise<void> {
    const { timeSeconds } = this.#context.profile()
    if (timeSeconds === 0n) return
    if (timeSeconds > lastUpdateSeconds) await this.#upload(timeSeconds)
    else if (isMissing) await this.#upload(lastUpdateSeconds + 1n)
  }

  /** Our profile has changed; those who are not connected tell it when they are asked. */
  async profileChanged(): Promise<void> {
    if (this.#room.client?.state.state === 'up') await this.#upload(this.#context.profile().timeSeconds)
  }

  /** The same again under another key: later than what the others have of us. */
  async keyChanged(): Promise<void> {
    const { access, store, publicKey, profile } = this.#context
    if (profile().timeSeconds === 0n) return
    const known = await access.ask(() => store.member(this.#room.record.id, publicKey))
    const after = (known?.infoTimeSeconds ?? 0n) + 1n
    await this.#upload(after > profile().timeSeconds ? after : profile().timeSeconds)
  }

  /** MEMBER_ONLINE. */
  seen({ publicKey, online, timestampSeconds }: Extract<SystemMessage, { event: 'memberOnline' }>): void {
    const person = toHex(publicKey)
    if (online && this.#online.size < MAX_MEMBERS) this.#online.add(person)
    else {
      this.#online.delete(person)
      if (this.#lastSeen.size < MAX_MEMBERS) this.#lastSeen.set(person, timestampSeconds)
    }
    this.#context.emitter.emit('group', { group: this.#room.record.id, change: 'online', person, online })
  }

  /** We hear nothing of the group any more. */
  offline(): void {
    this.#online.clear()
  }

  async #upload(timestampSeconds: bigint): Promise<void> {
    const { client, record } = this.#room
    if (client === undefined) return
    const { nickname, info, avatar } = this.#context.profile()
    const plaintext = encodeMemberInfo({ nickname, info, ...(avatar && { avatar }) })
    try {
      await client.updateMemberInfo({ chatId: record.chatId, timestampSeconds, info: seal(record, plaintext) })
    } catch (cause) {
      throw groupError('our name and picture could not be told to the group', cause)
    }
  }

  get #latest(): bigint {
    return BigInt(Math.floor(this.#context.clock.nowMs() / 1000)) + MAX_AHEAD_SECONDS
  }

  #read(sealed: Uint8Array): Pick<MemberInfo, 'nickname' | 'info' | 'avatar'> | undefined {
    const plaintext = open(this.#room.record, sealed)
    try {
      return plaintext && decodeMemberInfo(plaintext)
    } catch {
      return undefined
    }
  }

  #toMember(row: StoredMember, contactName: string): GroupMember {
    const { peer, nickname, info, avatar, permissions } = row
    const seen = this.#lastSeen.get(peer) ?? row.lastSeenSeconds
    return {
      publicKey: peer,
      name: contactName || nickname,
      info,
      avatar,
      role: toRole(permissions),
      online: this.#online.has(peer),
      lastSeenAt: seen === 0n ? undefined : new Date(Math.min(Number(seen) * 1000, MAX_DATE_MS)),
    }
  }
}

/** The latest time that a `Date` can hold. */
const MAX_DATE_MS = 8_640_000_000_000_000

function changeOf({ group, payload }: StoredMessage): { person: Uint8Array; change: MemberChange } | undefined {
  const system = group?.system ? readSystemMessage(payload) : undefined
  switch (system?.event) {
    case 'userAdded':
      return { person: system.target, change: { gone: false, permissions: Permission.user } }
    case 'userBanned':
      return { person: system.target, change: { gone: true } }
    case 'userLeft':
      return { person: system.user, change: { gone: true } }
    case 'permsChanged':
      return { person: system.target, change: { permissions: system.permissions } }
    default:
      return undefined
  }
}

function atMost(seconds: bigint, most: bigint): bigint {
  return seconds > most ? most : seconds
}

function isChanged(
  known: readonly StoredMember[],
  now: readonly { readonly peer: string; readonly permissions: number }[],
): boolean {
  const before = new Map(known.filter(({ gone }) => !gone).map(({ peer, permissions }) => [peer, permissions]))
  return before.size !== now.length || now.some(({ peer, permissions }) => before.get(peer) !== permissions)
}
