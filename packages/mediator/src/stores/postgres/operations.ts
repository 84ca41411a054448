import type { ClientBase, QueryResult } from 'pg'
import type { InviteRow, Operations, StoredMessageRow } from '../../operations.js'
import type { PreparedText, StatementName } from './statements.js'
import { bigintIn, bigintOrNone, bytesIn, bytesOrNone, type Parameter, type Row, textIn, types } from './values.js'

/** The same operations, answered when the database has. */
export type AsyncOperations = {
  [K in keyof Operations]: (...args: Parameters<Operations[K]>) => Promise<ReturnType<Operations[K]>>
}

/** Messages whose blobs one call of `expireBlobs` drops: all in one transaction. */
const EXPIRED_AT_ONCE = 5_000

/** The operations on one connection, inside its transaction. */
export class PostgresOperations implements AsyncOperations {
  readonly #client: ClientBase
  readonly #statements: Readonly<Record<StatementName, PreparedText>>

  constructor(client: ClientBase, statements: Readonly<Record<StatementName, PreparedText>>) {
    this.#client = client
    this.#statements = statements
  }

  chatOwner: AsyncOperations['chatOwner'] = async (chatId) => {
    const row = await this.#first('chatOwner', chatId)
    return row && bytesIn(row, 'owner_pubkey')
  }

  /** Whoever counts may go on to create one more: nobody else counts for this owner meanwhile. */
  countChatsOwnedBy: AsyncOperations['countChatsOwnedBy'] = async (publicKey) => {
    await this.#query('lockOwner', publicKey)
    return Number((await this.#first('countChats', publicKey))?.['n'])
  }

  createChat: AsyncOperations['createChat'] = async (chat) => {
    const { chatId, owner, createdAtSeconds, permissions, name, description, avatar = null } = chat
    const texts = [storable(name), storable(description)] as const
    const changes = await this.#change('insertChat', chatId, owner, createdAtSeconds, ...texts, avatar)
    if (changes === 0) return false
    await this.#query('putUser', chatId, owner, permissions, createdAtSeconds, 0n, false)
    return true
  }

  deleteChat: AsyncOperations['deleteChat'] = async (chatId) => {
    await this.#query('deleteChat', chatId)
  }

  settings: AsyncOperations['settings'] = async (chatId) => {
    const row = await this.#first('settings', chatId)
    return (
      row && {
        name: textIn(row, 'name'),
        description: textIn(row, 'description'),
        avatar: bytesOrNone(row, 'avatar'),
      }
    )
  }

  changeSettings: AsyncOperations['changeSettings'] = async (chatId, { name, description, avatar }) => {
    const texts = [name, description].map((text) => (text === undefined ? null : storable(text))) as [
      Parameter,
      Parameter,
    ]
    await this.#query('changeSettings', chatId, ...texts, avatar !== undefined, avatar ?? null)
  }

  user: AsyncOperations['user'] = async (chatId, publicKey) => {
    const row = await this.#first('user', chatId, publicKey)
    return (
      row && {
        permissions: Number(row['perms_flags']),
        banned: row['banned'] === true,
        acceptedAtSeconds: bigintIn(row, 'accepted_at'),
        changedAtSeconds: bigintIn(row, 'changed_at'),
        lastSeenSeconds: bigintIn(row, 'last_seen'),
        hasInfo: row['has_info'] === true,
      }
    )
  }

  putUser: AsyncOperations['putUser'] = async (chatId, publicKey, row) => {
    const { permissions, banned, acceptedAtSeconds, changedAtSeconds } = row
    await this.#query('putUser', chatId, publicKey, permissions, acceptedAtSeconds, changedAtSeconds, banned)
  }

  changeUser: AsyncOperations['changeUser'] = async (chatId, publicKey, change) => {
    const { permissions = null, banned = null, changedAtSeconds = null, lastSeenSeconds = null, info = null } = change
    await this.#query('changeUser', chatId, publicKey, permissions, banned, changedAtSeconds, lastSeenSeconds, info)
  }

  deleteUser: AsyncOperations['deleteUser'] = async (chatId, publicKey) => {
    await this.#query('deleteUser', chatId, publicKey)
  }

  chatsOf: AsyncOperations['chatsOf'] = async (publicKey) =>
    (await this.#all('chatsOf', publicKey)).map((row) => bigintIn(row, 'chat_id'))

  members: AsyncOperations['members'] = async (chatId) =>
    (await this.#all('members', chatId)).map((row) => ({
      publicKey: bytesIn(row, 'pubkey'),
      permissions: Number(row['perms_flags']),
      lastSeenSeconds: bigintIn(row, 'last_seen'),
    }))

  memberInfos: AsyncOperations['memberInfos'] = async (chatId, sinceSeconds, maxBytes) =>
    (await this.#all('memberInfos', chatId, sinceSeconds, maxBytes)).map((row) => ({
      publicKey: bytesIn(row, 'pubkey'),
      info: bytesOrNone(row, 'info'),
      timestampSeconds: bigintIn(row, 'changed_at'),
    }))

  insertMessage: AsyncOperations['insertMessage'] = async (chatId, message, maxBytes = Infinity) => {
    const { guid, timestampSeconds, clientTimestampSeconds = null, author, blob } = message
    const values = [chatId, guid, timestampSeconds, clientTimestampSeconds, author, blob] as const
    const row = await this.#first('insertMessage', ...values, bigintOf(maxBytes))
    return row && bigintIn(row, 'id')
  }

  messageByGuid: AsyncOperations['messageByGuid'] = async (chatId, guid) =>
    messageOf(await this.#first('messageByGuid', chatId, guid))

  messageById: AsyncOperations['messageById'] = async (chatId, messageId) =>
    messageOf(await this.#first('messageById', chatId, messageId))

  deleteMessage: AsyncOperations['deleteMessage'] = async (chatId, messageId) => {
    await this.#query('deleteMessage', chatId, messageId)
  }

  lastMessageId: AsyncOperations['lastMessageId'] = async (chatId) =>
    (await this.lastMessageIds([chatId])).get(chatId) ?? 0n

  page: AsyncOperations['page'] = async (chatId, sinceId, limit, layout, maxBytes) => {
    const statement = layout === 'tlv' ? 'tlvPage' : 'binaryPage'
    const row = await this.#first(statement, chatId, sinceId, limit, maxBytes)
    const { buffer, byteOffset, byteLength } = Buffer.from(String(row?.['base64'] ?? ''), 'base64')
    return {
      count: Number(row?.['count']),
      bytes: new Uint8Array(buffer, byteOffset, byteLength),
      lastId: (row && bigintOrNone(row, 'last_id')) ?? sinceId,
    }
  }

  invite: AsyncOperations['invite'] = async (inviteId) => inviteOf(await this.#first('invite', inviteId))

  inviteFor: AsyncOperations['inviteFor'] = async (to, chatId) => inviteOf(await this.#first('inviteFor', to, chatId))

  putInvite: AsyncOperations['putInvite'] = async ({ from, to, chatId, data, timestampSeconds }) => {
    const [row] = await this.#all('putInvite', timestampSeconds, from, to, chatId, data)
    return bigintIn(row ?? {}, 'id')
  }

  markInviteSent: AsyncOperations['markInviteSent'] = async (inviteId) => {
    await this.#query('markInviteSent', inviteId)
  }

  deleteInvite: AsyncOperations['deleteInvite'] = async (inviteId) => {
    await this.#query('deleteInvite', inviteId)
  }

  invitesFor: AsyncOperations['invitesFor'] = async (to) => (await this.#all('invitesFor', to)).map(inviteIn)

  expireInvites: AsyncOperations['expireInvites'] = (beforeSeconds) => this.#change('expireInvites', beforeSeconds)

  putNonce: AsyncOperations['putNonce'] = async (publicKey, nonce, timestampSeconds) => {
    await this.#query('putNonce', publicKey, nonce, timestampSeconds)
  }

  deleteNonce: AsyncOperations['deleteNonce'] = async (publicKey) => {
    await this.#query('deleteNonce', publicKey)
  }

  expireNonces: AsyncOperations['expireNonces'] = async (beforeSeconds) => {
    await this.#query('expireNonces', beforeSeconds)
  }

  lastMessageIds: AsyncOperations['lastMessageIds'] = async (chatIds) => {
    const rows = await this.#all('lastMessageIds', chatIds)
    return new Map(rows.map((row) => [bigintIn(row, 'chat_id'), bigintIn(row, 'id')]))
  }

  /** At most {@link EXPIRED_AT_ONCE} a call: to be called again while there are some. */
  expireBlobs: AsyncOperations['expireBlobs'] = async (beforeSeconds) => {
    let expired = 0
    for (const row of await this.#all('expiredUpTo', beforeSeconds, EXPIRED_AT_ONCE)) {
      if (expired >= EXPIRED_AT_ONCE) break
      const chatId = bigintIn(row, 'chat_id')
      const range = [chatId, bigintIn(row, 'expired_to'), bigintIn(row, 'due_to')] as const
      // Another process may have been faster.
      if ((await this.#first('lockChat', chatId, range[1])) === undefined) continue
      await this.#query('setExpiredTo', ...range)
      expired += await this.#change('expireBlobs', ...range)
    }
    return expired
  }

  #query(name: StatementName, ...values: readonly Parameter[]): Promise<QueryResult<Row>> {
    return this.#client.query<Row>({ ...this.#statements[name], values: values as Parameter[], types })
  }

  async #all(name: StatementName, ...values: readonly Parameter[]): Promise<Row[]> {
    return (await this.#query(name, ...values)).rows
  }

  async #first(name: StatementName, ...values: readonly Parameter[]): Promise<Row | undefined> {
    return (await this.#query(name, ...values)).rows[0]
  }

  async #change(name: StatementName, ...values: readonly Parameter[]): Promise<number> {
    return (await this.#query(name, ...values)).rowCount ?? 0
  }
}

const MAX_BIGINT = 2n ** 63n - 1n

/** PostgreSQL has no infinite integers. */
function bigintOf(bytes: number): bigint {
  return bytes < Number.MAX_SAFE_INTEGER ? BigInt(Math.floor(bytes)) : MAX_BIGINT
}

/** PostgreSQL has no NUL in texts; SQLite's libraries have none either. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

function messageOf(row: Row | undefined): StoredMessageRow | undefined {
  return (
    row && {
      messageId: bigintIn(row, 'id'),
      guid: bigintIn(row, 'guid'),
      timestampSeconds: bigintIn(row, 'ts'),
      clientTimestampSeconds: bigintOrNone(row, 'client_ts'),
      author: bytesIn(row, 'author'),
    }
  )
}

function inviteOf(row: Row | undefined): InviteRow | undefined {
  return row && inviteIn(row)
}

function inviteIn(row: Row): InviteRow {
  return {
    inviteId: bigintIn(row, 'id'),
    timestampSeconds: bigintIn(row, 'timestamp'),
    from: bytesIn(row, 'from_pubkey'),
    to: bytesIn(row, 'to_pubkey'),
    chatId: bigintIn(row, 'chat_id'),
    data: bytesIn(row, 'encrypted_data'),
    sent: row['sent'] === true,
  }
}
