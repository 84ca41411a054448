// What every store has to do, in the simplest form: maps in memory, nothing else. The stores are compared with it.
import type { ChatSettings, InviteRow, Operations, StoredMessageRow, UserRow } from '../../src/operations.js'

interface ModelMessage extends StoredMessageRow {
  blob: Uint8Array
}

interface ModelUser extends UserRow {
  info: Uint8Array | undefined
}

interface ModelChat {
  owner: Uint8Array
  settings: ChatSettings
  users: Map<string, ModelUser>
  messages: ModelMessage[]
  lastId: bigint
  expiredTo: bigint
}

/** What a row counts besides its blob. */
const ROW_BYTES = 200

const keyOf = (publicKey: Uint8Array): string => Buffer.from(publicKey).toString('hex')
const bytesOf = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'hex'))
const copy = (bytes: Uint8Array): Uint8Array => bytes.slice()
const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const u64 = (value: bigint): number[] => {
  const high = BigInt.asUintN(64, value)
  return [...u32(Number(high >> 32n)), ...u32(Number(high & 0xffffffffn))]
}

/** The varint of mediator protocol §4.1, from its description. */
export function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}

/** One record of a page, §8.15 and §4.3. */
export function recordOf(chatId: bigint, message: ModelMessage, layout: 'binary' | 'tlv'): Buffer {
  const { messageId, guid, timestampSeconds, author, blob } = message
  if (layout === 'binary') {
    const head = [...u64(chatId), ...u64(messageId), ...u64(guid), ...author, ...u32(blob.length)]
    return Buffer.concat([Uint8Array.from(head), blob])
  }
  const field = (tag: number, value: ArrayLike<number>): number[] => [
    tag,
    ...varint(value.length),
    ...Array.from(value),
  ]
  const head = [
    ...field(0x11, u64(messageId)),
    ...field(0x12, u64(guid)),
    ...field(0x32, u64(timestampSeconds)),
    ...field(0x01, author),
    0x23,
    ...varint(blob.length),
  ]
  return Buffer.concat([Uint8Array.from(head), blob])
}

export class ModelOperations implements Operations {
  readonly chats = new Map<bigint, ModelChat>()
  invites: InviteRow[] = []
  nextInviteId = 1n

  chatOwner: Operations['chatOwner'] = (chatId) => this.chats.get(chatId)?.owner

  countChatsOwnedBy: Operations['countChatsOwnedBy'] = (publicKey) =>
    [...this.chats.values()].filter(({ owner }) => keyOf(owner) === keyOf(publicKey)).length

  createChat: Operations['createChat'] = ({ chatId, owner, createdAtSeconds, permissions, ...settings }) => {
    if (this.chats.has(chatId)) return false
    this.chats.set(chatId, { owner, settings, users: new Map(), messages: [], lastId: 0n, expiredTo: 0n })
    this.putUser(chatId, owner, {
      permissions,
      banned: false,
      acceptedAtSeconds: createdAtSeconds,
      changedAtSeconds: 0n,
    })
    return true
  }

  deleteChat: Operations['deleteChat'] = (chatId) => {
    this.chats.delete(chatId)
    this.invites = this.invites.filter((invite) => invite.chatId !== chatId)
  }

  settings: Operations['settings'] = (chatId) => this.chats.get(chatId)?.settings

  changeSettings: Operations['changeSettings'] = (chatId, { name, description, avatar }) => {
    const chat = this.chats.get(chatId)
    if (chat === undefined) return
    chat.settings = {
      name: name ?? chat.settings.name,
      description: description ?? chat.settings.description,
      avatar: avatar === undefined ? chat.settings.avatar : (avatar ?? undefined),
    }
  }

  user: Operations['user'] = (chatId, publicKey) => {
    const user = this.chats.get(chatId)?.users.get(keyOf(publicKey))
    if (user === undefined) return undefined
    const { info, ...row } = user
    return { ...row, hasInfo: info !== undefined }
  }

  putUser: Operations['putUser'] = (chatId, publicKey, row) => {
    const users = this.chats.get(chatId)?.users
    users?.set(keyOf(publicKey), { ...row, lastSeenSeconds: 0n, hasInfo: false, info: undefined })
  }

  changeUser: Operations['changeUser'] = (chatId, publicKey, change) => {
    const user = this.chats.get(chatId)?.users.get(keyOf(publicKey))
    const given = Object.entries(change).filter(([, value]) => value !== undefined)
    if (user !== undefined) Object.assign(user, Object.fromEntries(given))
  }

  deleteUser: Operations['deleteUser'] = (chatId, publicKey) => {
    this.chats.get(chatId)?.users.delete(keyOf(publicKey))
  }

  chatsOf: Operations['chatsOf'] = (publicKey) =>
    [...this.chats]
      .filter(([, { users }]) => users.get(keyOf(publicKey))?.banned === false)
      .map(([chatId]) => chatId)
      .sort((a, b) => (a < b ? -1 : 1))

  members: Operations['members'] = (chatId) =>
    this.#present(chatId).map(([key, { permissions, lastSeenSeconds }]) => ({
      publicKey: bytesOf(key),
      permissions,
      lastSeenSeconds,
    }))

  memberInfos: Operations['memberInfos'] = (chatId, sinceSeconds, maxBytes) => {
    const size = (key: string): number => this.chats.get(chatId)?.users.get(key)?.info?.length ?? 0
    const sizes = this.#present(chatId).map(([key]) => ({ key, bytes: size(key) }))
    let bytes = 0
    const shown = new Set<string>()
    for (const { key, bytes: more } of sizes.sort((a, b) => a.bytes - b.bytes || (a.key < b.key ? -1 : 1))) {
      const user = this.chats.get(chatId)?.users.get(key)
      if (sinceSeconds !== 0n && (user?.changedAtSeconds ?? 0n) <= sinceSeconds) continue
      bytes += more
      if (bytes <= maxBytes) shown.add(key)
    }
    return this.#present(chatId).map(([key, { info, changedAtSeconds }]) => ({
      publicKey: bytesOf(key),
      info: shown.has(key) ? info : undefined,
      timestampSeconds: changedAtSeconds,
    }))
  }

  insertMessage: Operations['insertMessage'] = (chatId, message, maxBytes = Infinity) => {
    const chat = this.chats.get(chatId)
    if (chat === undefined || this.messageByGuid(chatId, message.guid) !== undefined) return undefined
    const held = [...chat.messages, { ...message, messageId: chat.lastId + 1n }]
    const bytes = held.map(({ messageId, blob }) => ROW_BYTES + (messageId > chat.expiredTo ? blob.length : 0))
    if (bytes.reduce((sum, more) => sum + more) > maxBytes) return undefined
    chat.lastId++
    chat.messages.push({ ...message, messageId: chat.lastId })
    return chat.lastId
  }

  messageByGuid: Operations['messageByGuid'] = (chatId, guid) => this.#message(chatId, (row) => row.guid === guid)

  messageById: Operations['messageById'] = (chatId, messageId) =>
    this.#message(chatId, (row) => row.messageId === messageId)

  deleteMessage: Operations['deleteMessage'] = (chatId, messageId) => {
    const chat = this.chats.get(chatId)
    if (chat !== undefined) chat.messages = chat.messages.filter((row) => row.messageId !== messageId)
  }

  lastMessageId: Operations['lastMessageId'] = (chatId) => this.chats.get(chatId)?.messages.at(-1)?.messageId ?? 0n

  page: Operations['page'] = (chatId, sinceId, limit, layout, maxBytes) => {
    const chat = this.chats.get(chatId)
    const rows = chat?.messages.filter(({ messageId }) => messageId > sinceId && messageId > chat.expiredTo) ?? []
    const records: Buffer[] = []
    let bytes = 0
    let lastId = sinceId
    for (const row of rows.slice(0, limit)) {
      const record = recordOf(chatId, row, layout)
      bytes += record.length
      if (records.length > 0 && bytes > maxBytes) break
      records.push(record)
      lastId = row.messageId
    }
    return { count: records.length, bytes: new Uint8Array(Buffer.concat(records)), lastId }
  }

  invite: Operations['invite'] = (inviteId) => this.invites.find((invite) => invite.inviteId === inviteId)

  inviteFor: Operations['inviteFor'] = (to, chatId) =>
    this.invites.find((invite) => invite.chatId === chatId && keyOf(invite.to) === keyOf(to))

  putInvite: Operations['putInvite'] = (invite) => {
    const inviteId = this.inviteFor(invite.to, invite.chatId)?.inviteId ?? this.nextInviteId++
    this.invites = this.invites.filter((other) => other.inviteId !== inviteId)
    this.invites.push({ ...invite, inviteId, sent: false })
    this.invites.sort((a, b) => (a.inviteId < b.inviteId ? -1 : 1))
    return inviteId
  }

  markInviteSent: Operations['markInviteSent'] = (inviteId) => {
    this.invites = this.invites.map((invite) => (invite.inviteId === inviteId ? { ...invite, sent: true } : invite))
  }

  deleteInvite: Operations['deleteInvite'] = (inviteId) => {
    this.invites = this.invites.filter((invite) => invite.inviteId !== inviteId)
  }

  invitesFor: Operations['invitesFor'] = (to) => this.invites.filter((invite) => keyOf(invite.to) === keyOf(to))

  expireInvites: Operations['expireInvites'] = (beforeSeconds) => {
    const kept = this.invites.filter(({ timestampSeconds }) => timestampSeconds >= beforeSeconds)
    const expired = this.invites.length - kept.length
    this.invites = kept
    return expired
  }

  // Never read.
  putNonce: Operations['putNonce'] = () => {}
  deleteNonce: Operations['deleteNonce'] = () => {}
  expireNonces: Operations['expireNonces'] = () => {}

  lastMessageIds: Operations['lastMessageIds'] = (chatIds) =>
    new Map(chatIds.map((chatId) => [chatId, this.lastMessageId(chatId)]))

  expireBlobs: Operations['expireBlobs'] = (beforeSeconds) => {
    let expired = 0
    for (const chat of this.chats.values()) {
      for (const { messageId, timestampSeconds } of chat.messages) {
        if (messageId <= chat.expiredTo) continue
        if (timestampSeconds >= beforeSeconds) break
        chat.expiredTo = messageId
        expired++
      }
    }
    return expired
  }

  #present(chatId: bigint): [string, ModelUser][] {
    return [...(this.chats.get(chatId)?.users ?? [])].filter(([, { banned }]) => !banned)
  }

  #message(chatId: bigint, matches: (row: ModelMessage) => boolean): StoredMessageRow | undefined {
    const row = this.chats.get(chatId)?.messages.find(matches)
    if (row === undefined) return undefined
    const { blob, ...stored } = row
    return { ...stored, author: copy(stored.author) }
  }
}
