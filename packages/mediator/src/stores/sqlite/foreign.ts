import type { Database } from '@mimirjs/store'
import { bigintIn, bigintOrNone } from './columns.js'
import { CHAT_TABLES, type ChatTable, chatTableSql, tableName } from './schema.js'
import { copyUniqueGuids, makeGuidsUnique } from './unique-guids.js'

/**
 * Bring chats that another server made into our form, all in one transaction; which those are, `chat_state` tells. Tables
 * of the Go server get their names with an underscore, as the Rust server does it, and all get the columns they lack.
 *
 * The Go server keeps the blobs of messages outside of the database, for a day: its messages stay as rows, so that ids
 * and guids are not given out again, but no page has them. The Go server treats a message whose blob expired alike.
 *
 * ALTER TABLE reads the whole schema, three tables for each chat: small tables are copied instead.
 * @returns how many chats
 */
export function adoptForeignChats(database: Database): number {
  return database.transaction(() => {
    const chats = database
      .prepare('SELECT id FROM chats WHERE id > 0 AND id NOT IN (SELECT chat_id FROM chat_state)', { bigints: true })
      .all()
    for (const row of chats) adoptChat(database, bigintIn(row, 'id'))
    return chats.length
  })
}

function adoptChat(database: Database, chatId: bigint): void {
  const highest = highestGivenOut(database, chatId)
  for (const table of CHAT_TABLES) takeOver(database, table, chatId)
  makeGuidsUnique(database, chatId)
  const messages = tableName('messages', chatId)
  // Where the first messages have no bytes at all, they had them outside of the file.
  const last = `max(coalesce((SELECT max(id) FROM ${messages}), 0), ${highest})`
  database.exec(`INSERT INTO chat_state (chat_id, last_id, largest, expired_to)
    SELECT ${chatId}, ${last}, coalesce((SELECT max(length(blob)) FROM ${messages}), 0),
      coalesce((SELECT id - 1 FROM ${messages} WHERE length(blob) > 0 ORDER BY id LIMIT 1), ${last});
    INSERT OR IGNORE INTO membership (pubkey, chat_id)
      SELECT pubkey, ${chatId} FROM ${tableName('users', chatId)} WHERE banned = 0`)
}

/** AUTOINCREMENT knows: the newest message may have been deleted. */
function highestGivenOut(database: Database, chatId: bigint): bigint {
  const row = database
    .prepare('SELECT max(seq) AS seq FROM sqlite_sequence WHERE name IN (?, ?)', { bigints: true })
    .get(`messages_${chatId}`, `messages-${chatId}`)
  return (row && bigintOrNone(row, 'seq')) ?? 0n
}

/** The Rust server makes chats without a transaction: a table may be missing. Without an owner nobody is in such a chat. */
function takeOver(database: Database, table: ChatTable, chatId: bigint): void {
  const name = tableName(table, chatId)
  const hyphenated = `"${table}-${chatId}"`
  const columns = columnsOf(database, name)
  if (table === 'settings' && columns.size > 0) {
    // The Go server's table checks the lengths of its time, which are shorter than what a client may send today.
    database.exec(`CREATE TABLE ${hyphenated} AS SELECT * FROM ${name}; DROP TABLE ${name}`)
  } else if (columns.size > 0) {
    addColumns(database, table, name, columns)
    return
  }
  database.exec(chatTableSql(table, chatId))
  const old = columnsOf(database, hyphenated)
  if (old.size === 0) return
  copyRows(database, hyphenated, name, old)
  if (table === 'messages') copyUniqueGuids(database, hyphenated, name)
  database.exec(`DROP TABLE ${hyphenated}`)
}

function copyRows(database: Database, from: string, to: string, columns: ReadonlySet<string>): void {
  const named = [...columnsOf(database, to)].filter(
    (column) => columns.has(FORMER[column] ?? column) || columns.has(column),
  )
  const former = named.map((column) => (columns.has(column) ? column : FORMER[column]))
  // A guid that is there a second time is left out.
  database.exec(
    `INSERT OR IGNORE INTO ${to} (${named.join(', ')}) SELECT ${former.join(', ')} FROM ${from} ORDER BY rowid`,
  )
}

/** What columns were called in older databases. */
const FORMER: Readonly<Record<string, string>> = { changed_at: 'last_perm_change' }

const ADDED: Readonly<Record<ChatTable, readonly (readonly [column: string, type: string])[]>> = {
  settings: [],
  users: [
    ['changed_at', 'INTEGER NOT NULL DEFAULT 0'],
    ['info', 'BLOB'],
    ['last_seen', 'INTEGER NOT NULL DEFAULT 0'],
  ],
  messages: [
    ['head', 'BLOB'],
    ['blob', "BLOB NOT NULL DEFAULT x''"],
    ['client_ts', 'INTEGER'],
  ],
}

function addColumns(database: Database, table: ChatTable, name: string, columns: ReadonlySet<string>): void {
  for (const [column, type] of ADDED[table]) {
    const former = FORMER[column]
    if (columns.has(column)) continue
    const isRenamed = former !== undefined && columns.has(former)
    database.exec(
      `ALTER TABLE ${name} ${isRenamed ? `RENAME COLUMN ${former} TO ${column}` : `ADD COLUMN ${column} ${type}`}`,
    )
  }
}

/** Empty when there is no such table. */
function columnsOf(database: Database, quotedName: string): ReadonlySet<string> {
  const rows = database.prepare('SELECT name FROM pragma_table_info(?)').all(quotedName.slice(1, -1))
  return new Set(rows.map((row) => String(row['name'])))
}
