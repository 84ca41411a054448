import type { Database, Row, Statement } from '@mimirjs/store'
import { ROW_BYTES } from '../record.js'
import { bigintIn } from './columns.js'
import { pageSql } from './page-sql.js'
import { tableName } from './schema.js'

export type ChatStatement =
  | 'settings'
  | 'putSettings'
  | 'setName'
  | 'setDescription'
  | 'setAvatar'
  | 'user'
  | 'putUser'
  | 'changeUser'
  | 'deleteUser'
  | 'members'
  | 'memberInfos'
  | 'insertMessage'
  | 'messageByGuid'
  | 'messageById'
  | 'deleteMessage'
  | 'lastMessageId'
  | 'tlvPage'
  | 'binaryPage'
  | 'blobLengths'
  | 'idAfter'
  | 'firstKept'
  | 'expireTo'
  | 'expireBlobs'
  | 'sizeOf'

const TEXTS: Readonly<Record<ChatStatement, (tables: Tables, chatId: bigint) => string>> = {
  /** As blobs: the Go server kept names as they came, and libsql ends the process on text that is not UTF-8. */
  settings: (t) =>
    `SELECT CAST(name AS BLOB) AS name, CAST(description AS BLOB) AS description, avatar FROM ${t.settings} LIMIT 1`,
  putSettings: (t) =>
    `INSERT INTO ${t.settings} (name, description, avatar, perms_flags, created_at) VALUES (?, ?, ?, 0, ?)`,
  setName: (t) => `UPDATE ${t.settings} SET name = ?`,
  setDescription: (t) => `UPDATE ${t.settings} SET description = ?`,
  setAvatar: (t) => `UPDATE ${t.settings} SET avatar = ?`,
  user: (t) =>
    `SELECT perms_flags, banned, accepted_at, changed_at, last_seen, info IS NOT NULL AS has_info
     FROM ${t.users} WHERE pubkey = ?`,
  putUser: (t) =>
    `INSERT INTO ${t.users} (pubkey, text_rank, perms_flags, accepted_at, changed_at, banned) VALUES (?, '', ?, ?, ?, ?)`,
  changeUser: (t) =>
    `UPDATE ${t.users} SET perms_flags = coalesce(?, perms_flags), banned = coalesce(?, banned),
       changed_at = coalesce(?, changed_at), last_seen = coalesce(?, last_seen), info = coalesce(?, info)
     WHERE pubkey = ?`,
  deleteUser: (t) => `DELETE FROM ${t.users} WHERE pubkey = ?`,
  members: (t) => `SELECT pubkey, perms_flags, last_seen FROM ${t.users} WHERE banned = 0`,
  /** Lengths are found without reading what is so long. */
  memberInfos: (t) =>
    `WITH sized AS (
       SELECT pubkey, sum(coalesce(length(info), 0)) OVER (ORDER BY coalesce(length(info), 0), pubkey) AS total
       FROM ${t.users} WHERE banned = 0 AND (changed_at > ? OR ? = 0))
     SELECT u.pubkey, u.changed_at, CASE WHEN sized.total <= ? THEN u.info END AS info
     FROM ${t.users} AS u LEFT JOIN sized ON sized.pubkey = u.pubkey WHERE u.banned = 0`,
  insertMessage: (t) =>
    `INSERT INTO ${t.messages} (id, ts, guid, author, head, blob, client_ts) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (guid) DO NOTHING`,
  messageByGuid: (t) => `SELECT id, guid, ts, client_ts, author FROM ${t.messages} WHERE guid = ?`,
  messageById: (t) => `SELECT id, guid, ts, client_ts, author FROM ${t.messages} WHERE id = ?`,
  deleteMessage: (t) => `DELETE FROM ${t.messages} WHERE id = ?`,
  lastMessageId: (t) => `SELECT coalesce(max(id), 0) AS id FROM ${t.messages}`,
  tlvPage: (_, chatId) => pageSql('tlv', chatId),
  binaryPage: (_, chatId) => pageSql('binary', chatId),
  /** The lengths of the blobs that a page would have. */
  blobLengths: (t) => `SELECT id, length(blob) AS n FROM ${t.messages} WHERE id > ? ORDER BY id LIMIT ?`,
  /** The id of the row that so many others above `?` come before. */
  idAfter: (t) => `SELECT id FROM ${t.messages} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?`,
  firstKept: (t) => `SELECT id FROM ${t.messages} WHERE id > ? AND ts >= ? ORDER BY id LIMIT 1`,
  /** The highest of the next `?` rows below `?`. */
  expireTo: (t) =>
    `SELECT max(id) AS id FROM (SELECT id FROM ${t.messages} WHERE id > ? AND id < ? ORDER BY id LIMIT ?)`,
  expireBlobs: (t) => `UPDATE ${t.messages} SET blob = x'', head = NULL WHERE id > ? AND id <= ?`,
  /** SQLite tells the length of a blob without reading it. */
  sizeOf: (t) => `SELECT count(*) AS n, total(length(blob)) AS bytes FROM ${t.messages} WHERE id BETWEEN ? AND ?`,
}

interface Tables {
  readonly settings: string
  readonly users: string
  readonly messages: string
}

export interface MessageSizes {
  readonly count: number
  readonly blobBytes: number
}

export function sizeOf({ count, blobBytes }: MessageSizes): number {
  return blobBytes + count * ROW_BYTES
}

/** The statements of one chat, each prepared when it is first used, and what is remembered of the chat's state. */
export class Chat {
  readonly #database: Database
  readonly #id: bigint
  readonly #statements: Partial<Record<ChatStatement, Statement>> = {}
  /** No row has a higher id, and none ever had. */
  lastId = 0n
  /** No blob is longer, in bytes. */
  largestBytes = 0
  expiredTo = 0n
  /** Up to which row the file has what they take together. */
  countedTo = 0n
  #countedBytes = 0
  #bytes: number | undefined

  constructor(database: Database, id: bigint) {
    this.#database = database
    this.#id = id
  }

  statement(name: ChatStatement): Statement {
    return (this.#statements[name] ??= this.#prepare(name))
  }

  /** Take over the chat's row of `chat_state`. */
  remember(state: Row): void {
    const highest = bigintIn(this.statement('lastMessageId').get()!, 'id')
    this.lastId = bigintIn(state, 'last_id')
    if (highest > this.lastId) this.lastId = highest
    this.largestBytes = Number(bigintIn(state, 'largest'))
    this.expiredTo = bigintIn(state, 'expired_to')
    this.countedTo = bigintIn(state, 'counted_to')
    this.#countedBytes = Number(bigintIn(state, 'bytes'))
    this.#bytes = undefined
  }

  /** What all messages take. Rows that the file has no count of are counted once. */
  get bytes(): number {
    return (this.#bytes ??= this.#countedBytes + sizeOf(this.messagesIn(this.countedTo + 1n, this.lastId)))
  }

  set bytes(bytes: number) {
    this.#bytes = bytes
  }

  /** How many there are with these ids, and the bytes of their blobs. */
  messagesIn(fromId: bigint, toId: bigint): MessageSizes {
    const row = this.statement('sizeOf').get(fromId, toId)
    return { count: Number(row?.['n']), blobBytes: Number(row?.['bytes']) }
  }

  #prepare(name: ChatStatement): Statement {
    const tables: Tables = {
      settings: tableName('settings', this.#id),
      users: tableName('users', this.#id),
      messages: tableName('messages', this.#id),
    }
    return this.#database.prepare(TEXTS[name](tables, this.#id), { bigints: true })
  }
}
