import { fromHex } from '@mimirjs/wire'
import { REACTION_DOUBLE_MS, type StoredMessage } from '../../store.js'
import type { GroupCopy, NewGroupMessage } from '../../store-groups.js'
import { type GroupRows, innerGuidOf, isHandled, type KnownRow } from '../intake.js'
import { orderKeyOf } from '../order-key.js'
import { findReactionDouble, MAX_NEAR_IN_GROUP } from '../reaction-double.js'
import { keyBehindAll } from './group-order.js'
import { type Row, SELECT_MESSAGE } from './rows.js'
import { dropSealed } from './sealed.js'
import type { Tables } from './tables.js'

/** The mediator's message by its number, as the message that it is or as another copy of one. */
export const KNOWN_COPY = `SELECT message FROM groupMessage WHERE chat = ? AND messageId = ? AND messageId > 0
  UNION ALL SELECT message FROM groupCopy WHERE chat = ? AND messageId = ?`

export const EARLY_DELETION = 'SELECT id FROM groupDeletion WHERE chat = ? AND outerGuid = ?'

const KNOWN_OUTER = 'SELECT message FROM groupMessage WHERE chat = ? AND outerGuid = ? LIMIT 1'

const KNOWN_FIELDS = 'seq, guid, state, editTimeMs, messageType, removed, unreadable'

const BY_GUID = `SELECT ${KNOWN_FIELDS} FROM message JOIN groupMessage ON groupMessage.message = seq
  WHERE message.peer = ? AND outgoing = ? AND guid = ?`

export const BY_AUTHOR: string = `SELECT ${KNOWN_FIELDS} FROM groupMessage JOIN message ON seq = groupMessage.message
  WHERE chat = ? AND author = ? AND innerGuid = ?`

/** Of all authors: as many as may be looked at, and one more. */
export const NEAR_IN_GROUP: string = `SELECT seq, sendTimeMs, author = ? AS isAuthor,
    CASE WHEN length(payload) = ? THEN payload = ? ELSE 0 END AS isSame
  FROM message JOIN groupMessage ON groupMessage.message = seq
  WHERE message.peer = ? AND replyTo = ? AND sendTimeMs BETWEEN ? AND ?
    AND messageType = 10 AND outgoing = 0 AND removed = 0 LIMIT ${MAX_NEAR_IN_GROUP + 1}`

const INSERT = `INSERT INTO message
    (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, settledMs)
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
  WHERE NOT EXISTS (SELECT 1 FROM message WHERE peer = ? AND outgoing = 1 AND guid = ?)
  ON CONFLICT (peer, outgoing, guid) DO NOTHING RETURNING seq`

const INSERT_IN_GROUP = `INSERT INTO groupMessage
    (message, chat, author, innerGuid, messageId, outerGuid, timestampSeconds, orderKey, system, unreadable, blob)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const REPLACE = `UPDATE message SET guid = ?, replyTo = ?, sendTimeMs = ?, editTimeMs = ?, messageType = ?, payload = ?,
    state = CASE outgoing WHEN 1 THEN 'delivered' ELSE ? END
  WHERE seq = ?`

const DELIVER = `UPDATE message SET state = 'delivered', settledMs = ?, refusedMs = 0, heldBy = NULL WHERE seq = ?`

const PUT_FIRST = 'UPDATE groupMessage SET messageId = ?, outerGuid = ?, orderKey = ? WHERE message = ?'
const NOTE_FIRST = `${PUT_FIRST} AND messageId <= 0`
const FIRST = 'SELECT messageId, outerGuid FROM groupMessage WHERE message = ?'
const NOTE_MORE = 'INSERT OR IGNORE INTO groupCopy (chat, message, messageId, outerGuid) VALUES (?, ?, ?, ?)'

const COPIES = `SELECT messageId, outerGuid FROM groupMessage WHERE message = ? AND messageId > 0
  UNION ALL SELECT messageId, outerGuid FROM groupCopy WHERE message = ?`

/** Only inside a write, but for what only looks. */
export class SqliteGroupRows implements GroupRows {
  readonly #tables: Tables
  readonly #chat: number

  /** @param chat - row id of the group */
  constructor(tables: Tables, chat: number) {
    this.#tables = tables
    this.#chat = chat
  }

  isKnown({ messageId, outerGuid }: GroupCopy): boolean {
    if (messageId <= 0n) return this.#tables.get(KNOWN_OUTER, this.#chat, outerGuid) !== undefined
    return this.#tables.get(KNOWN_COPY, this.#chat, messageId, this.#chat, messageId) !== undefined
  }

  isDeleted(outerGuid: bigint): boolean {
    return this.#tables.get(EARLY_DELETION, this.#chat, outerGuid) !== undefined
  }

  find(outgoing: boolean, guid: bigint): KnownRow | undefined {
    return toKnown(this.#tables.get(BY_GUID, this.#chat, outgoing ? 1 : 0, guid))
  }

  findByAuthor(author: string, innerGuid: bigint): KnownRow | undefined {
    return toKnown(this.#tables.get(BY_AUTHOR, this.#chat, fromHex(author), innerGuid))
  }

  findDouble({ author, payload, replyTo, sendTimeMs }: NewGroupMessage): number | undefined {
    const [from, to] = [sendTimeMs - REACTION_DOUBLE_MS, sendTimeMs + REACTION_DOUBLE_MS]
    const key = fromHex(author)
    const rows = this.#tables.all(NEAR_IN_GROUP, key, payload.length, payload, this.#chat, replyTo, from, to)
    const near = rows.map((row) => ({
      seq: Number(row['seq']),
      sendTimeMs: Number(row['sendTimeMs']),
      isAuthor: row['isAuthor'] === 1n,
      isSame: row['isSame'] === 1n,
    }))
    return findReactionDouble(sendTimeMs, near)
  }

  insert(message: NewGroupMessage, guid: bigint): number | undefined {
    const { outgoing, replyTo, sendTimeMs, editTimeMs, messageType, payload, receivedMs, sealed = null } = message
    const state = outgoing ? 'delivered' : stateOf(message)
    const values = [guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, receivedMs]
    const row = this.#tables.get(INSERT, this.#chat, outgoing ? 1 : 0, ...values, this.#chat, guid)
    if (!row) return undefined
    const seq = Number(row['seq'])
    const [author, innerGuid] = [outgoing ? null : fromHex(message.author), innerGuidOf(message) ?? null]
    const { messageId, outerGuid, timestampSeconds } = message
    const orderKey = messageId > 0n ? orderKeyOf(messageId) : keyBehindAll(this.#tables, this.#chat)
    const numbers = [messageId, outerGuid, timestampSeconds, orderKey]
    const flags = [message.system ? 1 : 0, sealed ? 1 : 0]
    this.#tables.run(INSERT_IN_GROUP, seq, this.#chat, author, innerGuid, ...numbers, ...flags, sealed)
    return seq
  }

  replace(seq: number, message: NewGroupMessage, guid: bigint): void {
    const { replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
    this.#tables.run(REPLACE, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, stateOf(message), seq)
    this.#tables.run('UPDATE groupMessage SET innerGuid = ? WHERE message = ?', innerGuidOf(message) ?? null, seq)
    dropSealed(this.#tables, seq)
  }

  edit(seq: number, { payload, editTimeMs }: NewGroupMessage): void {
    this.#tables.run('UPDATE message SET payload = ?, editTimeMs = ? WHERE seq = ?', payload, editTimeMs, seq)
  }

  deliver(seq: number, atMs: number): void {
    this.#tables.run(DELIVER, atMs, seq)
    dropSealed(this.#tables, seq)
  }

  note(seq: number, copy: GroupCopy): void {
    const { messageId, outerGuid } = copy
    if (messageId <= 0n) return
    const values = [messageId, outerGuid, orderKeyOf(messageId), seq]
    if (this.#tables.run(NOTE_FIRST, ...values) > 0) return
    const first = toCopy(this.#tables.get(FIRST, seq)!)
    const isEarlier = messageId < first.messageId
    if (isEarlier) this.#tables.run(PUT_FIRST, ...values)
    const more = isEarlier ? first : copy
    this.#tables.run(NOTE_MORE, this.#chat, seq, more.messageId, more.outerGuid)
  }

  copies(seq: number): GroupCopy[] {
    return this.#tables.all(COPIES, seq, seq).map(toCopy)
  }

  delete(seq: number): void {
    this.#tables.run('DELETE FROM message WHERE seq = ?', seq)
  }

  read(seq: number): StoredMessage {
    return this.#tables.messages(`${SELECT_MESSAGE} WHERE seq = ?`, seq)[0]!
  }
}

function stateOf(message: NewGroupMessage): 'handled' | 'unhandled' {
  return isHandled(message) ? 'handled' : 'unhandled'
}

function toCopy(row: Row): GroupCopy {
  return { messageId: row['messageId'] as bigint, outerGuid: row['outerGuid'] as bigint }
}

function toKnown(row: Row | undefined): KnownRow | undefined {
  return (
    row && {
      seq: Number(row['seq']),
      guid: row['guid'] as bigint,
      state: row['state'] as StoredMessage['state'],
      editTimeMs: Number(row['editTimeMs']),
      messageType: Number(row['messageType']),
      removed: row['removed'] === 1n,
      unreadable: row['unreadable'] === 1n,
    }
  )
}
