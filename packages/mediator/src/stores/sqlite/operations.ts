import type { Database, Statement } from '@mimirjs/store'
import type { Operations } from '../../operations.js'
import { encodeHead, ROW_BYTES } from '../record.js'
import { type Chat, sizeOf } from './chat.js'
import { Chats } from './chats.js'
import { bigintIn, bigintOrNone, bytesIn, bytesOrNone } from './columns.js'
import { readPage } from './page.js'
import { inviteIn, inviteOf, messageOf, textIn } from './rows.js'
import { CHAT_TABLES, chatTableSql, tableName } from './schema.js'
import { type GlobalStatement, globalStatements } from './statements.js'

/** Messages whose blobs one call of `expireBlobs` drops: all in one transaction, while everybody waits. */
const EXPIRED_AT_ONCE = 5_000

/** Messages between two writes of what a chat holds: of so few it is read from the rows. */
const COUNTED_AT_ONCE = 256n

/** The operations on an SQLite database, each answered at once. */
export class SqliteOperations implements Operations {
  readonly #database: Database
  readonly #chats: Chats
  readonly #sql: Record<GlobalStatement, Statement>

  /** @param database - with all of the schema, the tables of chats included */
  constructor(database: Database) {
    this.#database = database
    this.#chats = new Chats(database)
    this.#sql = globalStatements(database)
  }

  /** A transaction was rolled back: what is remembered of it must go. */
  forget(): void {
    this.#chats.forget()
  }

  chatOwner: Operations['chatOwner'] = (chatId) => {
    const row = this.#sql.chatOwner.get(chatId)
    return row && bytesIn(row, 'owner_pubkey')
  }

  countChatsOwnedBy: Operations['countChatsOwnedBy'] = (publicKey) => count(this.#sql.countChats, publicKey)

  createChat: Operations['createChat'] = (chat) => {
    const { chatId, owner, createdAtSeconds, permissions, name, description, avatar } = chat
    if (this.#sql.insertChat.run(chatId, owner, createdAtSeconds).changes === 0) return false
    for (const table of CHAT_TABLES) this.#database.exec(chatTableSql(table, chatId))
    this.#sql.insertState.run(chatId)
    this.#chat(chatId)
      ?.statement('putSettings')
      .run(name, description, avatar ?? null, createdAtSeconds)
    this.putUser(chatId, owner, {
      permissions,
      banned: false,
      acceptedAtSeconds: createdAtSeconds,
      changedAtSeconds: 0n,
    })
    return true
  }

  deleteChat: Operations['deleteChat'] = (chatId) => {
    if (this.#sql.deleteChat.run(chatId).changes === 0) return
    this.#chats.drop(chatId)
    for (const table of CHAT_TABLES) this.#database.exec(`DROP TABLE IF EXISTS ${tableName(table, chatId)}`)
    this.#sql.deleteState.run(chatId)
    this.#sql.deleteInvitesOfChat.run(chatId)
    this.#sql.deleteMembersOfChat.run(chatId)
  }

  settings: Operations['settings'] = (chatId) => {
    const row = this.#chat(chatId)?.statement('settings').get()
    if (row === undefined) return undefined
    return { name: textIn(row, 'name'), description: textIn(row, 'description'), avatar: bytesOrNone(row, 'avatar') }
  }

  changeSettings: Operations['changeSettings'] = (chatId, { name, description, avatar }) => {
    const chat = this.#chat(chatId)
    if (name !== undefined) chat?.statement('setName').run(name)
    if (description !== undefined) chat?.statement('setDescription').run(description)
    if (avatar !== undefined) chat?.statement('setAvatar').run(avatar)
  }

  user: Operations['user'] = (chatId, publicKey) => {
    const row = this.#chat(chatId)?.statement('user').get(publicKey)
    if (row === undefined) return undefined
    return {
      permissions: Number(bigintIn(row, 'perms_flags')),
      banned: row['banned'] !== 0n,
      acceptedAtSeconds: bigintIn(row, 'accepted_at'),
      changedAtSeconds: bigintIn(row, 'changed_at'),
      lastSeenSeconds: bigintIn(row, 'last_seen'),
      hasInfo: row['has_info'] === 1n,
    }
  }

  putUser: Operations['putUser'] = (chatId, publicKey, row) => {
    const { permissions, banned, acceptedAtSeconds, changedAtSeconds } = row
    const chat = this.#chat(chatId)
    if (chat === undefined) return
    chat.statement('putUser').run(publicKey, permissions, acceptedAtSeconds, changedAtSeconds, Number(banned))
    if (!banned) this.#sql.insertMember.run(publicKey, chatId)
  }

  changeUser: Operations['changeUser'] = (chatId, publicKey, change) => {
    const { permissions = null, banned, changedAtSeconds = null, lastSeenSeconds = null, info = null } = change
    const chat = this.#chat(chatId)
    if (chat === undefined) return
    const { changes } = chat
      .statement('changeUser')
      .run(
        permissions,
        banned === undefined ? null : Number(banned),
        changedAtSeconds,
        lastSeenSeconds,
        info,
        publicKey,
      )
    if (banned === undefined || changes === 0) return
    const membership = banned ? this.#sql.deleteMember : this.#sql.insertMember
    membership.run(publicKey, chatId)
  }

  deleteUser: Operations['deleteUser'] = (chatId, publicKey) => {
    this.#chat(chatId)?.statement('deleteUser').run(publicKey)
    this.#sql.deleteMember.run(publicKey, chatId)
  }

  chatsOf: Operations['chatsOf'] = (publicKey) =>
    this.#sql.chatsOf.all(publicKey).map((row) => bigintIn(row, 'chat_id'))

  members: Operations['members'] = (chatId) => {
    const rows = this.#chat(chatId)?.statement('members').all() ?? []
    return rows.map((row) => ({
      publicKey: bytesIn(row, 'pubkey'),
      permissions: Number(bigintIn(row, 'perms_flags')),
      lastSeenSeconds: bigintIn(row, 'last_seen'),
    }))
  }

  memberInfos: Operations['memberInfos'] = (chatId, sinceSeconds, maxBytes) => {
    const rows = this.#chat(chatId)?.statement('memberInfos').all(sinceSeconds, sinceSeconds, maxBytes) ?? []
    return rows.map((row) => ({
      publicKey: bytesIn(row, 'pubkey'),
      info: bytesOrNone(row, 'info'),
      timestampSeconds: bigintIn(row, 'changed_at'),
    }))
  }

  insertMessage: Operations['insertMessage'] = (chatId, message, maxBytes = Infinity) => {
    const { guid, timestampSeconds, clientTimestampSeconds = null, author, blob } = message
    const chat = this.#chat(chatId)
    if (chat === undefined) return undefined
    const bytes = chat.bytes + blob.length + ROW_BYTES
    if (bytes > maxBytes) return undefined
    const messageId = chat.lastId + 1n
    const head = encodeHead({ messageId, guid, timestampSeconds, author, blobBytes: blob.length })
    const insert = chat.statement('insertMessage')
    const { changes } = insert.run(messageId, timestampSeconds, guid, author, head, blob, clientTimestampSeconds)
    if (changes === 0) return undefined
    chat.lastId = messageId
    chat.bytes = bytes
    if (messageId - chat.countedTo >= COUNTED_AT_ONCE) this.#keepBytes(chatId, chat)
    if (blob.length > chat.largestBytes) {
      // By powers of two, so that few messages write it.
      chat.largestBytes = 2 ** Math.ceil(Math.log2(blob.length))
      this.#sql.setLargest.run(chat.largestBytes, chatId)
    }
    return messageId
  }

  messageByGuid: Operations['messageByGuid'] = (chatId, guid) =>
    messageOf(this.#chat(chatId)?.statement('messageByGuid').get(guid))

  messageById: Operations['messageById'] = (chatId, messageId) =>
    messageOf(this.#chat(chatId)?.statement('messageById').get(messageId))

  deleteMessage: Operations['deleteMessage'] = (chatId, messageId) => {
    const chat = this.#chat(chatId)
    if (chat === undefined) return
    const bytes = chat.bytes - sizeOf(chat.messagesIn(messageId, messageId))
    if (chat.statement('deleteMessage').run(messageId).changes !== 1) return
    chat.bytes = bytes
    this.#keepBytes(chatId, chat)
    // Its id lives on in no row, and must not be given out again.
    if (messageId === chat.lastId) this.#sql.setLastId.run(messageId, chatId)
  }

  lastMessageId: Operations['lastMessageId'] = (chatId) => {
    const row = this.#chat(chatId)?.statement('lastMessageId').get()
    return row === undefined ? 0n : bigintIn(row, 'id')
  }

  page: Operations['page'] = (chatId, sinceId, limit, layout, maxBytes) => {
    const chat = this.#chat(chatId)
    if (chat === undefined) return { count: 0, bytes: new Uint8Array(0), lastId: sinceId }
    return readPage(chat, sinceId, limit, layout, maxBytes)
  }

  invite: Operations['invite'] = (inviteId) => inviteOf(this.#sql.invite.get(inviteId))

  inviteFor: Operations['inviteFor'] = (to, chatId) => inviteOf(this.#sql.inviteFor.get(to, chatId))

  putInvite: Operations['putInvite'] = ({ from, to, chatId, data, timestampSeconds }) =>
    bigintIn(this.#sql.putInvite.get(timestampSeconds, from, to, chatId, data)!, 'id')

  markInviteSent: Operations['markInviteSent'] = (inviteId) => {
    this.#sql.markInviteSent.run(inviteId)
  }

  deleteInvite: Operations['deleteInvite'] = (inviteId) => {
    this.#sql.deleteInvite.run(inviteId)
  }

  invitesFor: Operations['invitesFor'] = (to) => this.#sql.invitesFor.all(to).map(inviteIn)

  expireInvites: Operations['expireInvites'] = (beforeSeconds) => this.#sql.expireInvites.run(beforeSeconds).changes

  putNonce: Operations['putNonce'] = (publicKey, nonce, timestampSeconds) => {
    this.#sql.putNonce.run(publicKey, nonce, timestampSeconds)
  }

  deleteNonce: Operations['deleteNonce'] = (publicKey) => {
    this.#sql.deleteNonce.run(publicKey)
  }

  expireNonces: Operations['expireNonces'] = (beforeSeconds) => {
    this.#sql.expireNonces.run(beforeSeconds)
  }

  lastMessageIds: Operations['lastMessageIds'] = (chatIds) =>
    new Map(chatIds.map((chatId) => [chatId, this.lastMessageId(chatId)]))

  /** At most {@link EXPIRED_AT_ONCE} a call: to be called again while there are some. */
  expireBlobs: Operations['expireBlobs'] = (beforeSeconds) => {
    let left = EXPIRED_AT_ONCE
    for (const row of this.#sql.chatIds.all()) {
      const chatId = bigintIn(row, 'chat_id')
      if (left > 0) left -= this.#expireBlobsOf(chatId, beforeSeconds, left)
    }
    return EXPIRED_AT_ONCE - left
  }

  /** Blobs go in the order of the ids: none before an earlier message's, so that one number tells which are gone. */
  #expireBlobsOf(chatId: bigint, beforeSeconds: bigint, atMost: number): number {
    const chat = this.#chat(chatId)
    if (chat === undefined || chat.expiredTo === chat.lastId) return 0
    const kept = chat.statement('firstKept').get(chat.expiredTo, beforeSeconds)
    const keptFrom = kept === undefined ? chat.lastId + 1n : bigintIn(kept, 'id')
    const to = bigintOrNone(chat.statement('expireTo').get(chat.expiredTo, keptFrom, atMost)!, 'id')
    if (to === undefined) return 0
    chat.bytes -= chat.messagesIn(chat.expiredTo + 1n, to).blobBytes
    this.#keepBytes(chatId, chat)
    const { changes } = chat.statement('expireBlobs').run(chat.expiredTo, to)
    this.#sql.setExpiredTo.run(to, chatId)
    chat.expiredTo = to
    return changes
  }

  #keepBytes(chatId: bigint, chat: Chat): void {
    this.#sql.setBytes.run(chat.bytes, chat.lastId, chatId)
    chat.countedTo = chat.lastId
  }

  #chat(chatId: bigint): Chat | undefined {
    return this.#chats.get(chatId)
  }
}

function count(statement: Statement, publicKey: Uint8Array): number {
  return Number(bigintIn(statement.get(publicKey)!, 'n'))
}
