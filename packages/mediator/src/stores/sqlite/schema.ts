/** `PRAGMA application_id` of a mediator's file: "MiMe". */
export const STORE_APPLICATION_ID = 0x4d694d65

/** A file without an application id that has these is a database of the Go or the Rust server. */
export const FOREIGN_TABLES: readonly string[] = ['chats', 'nonces']

/**
 * The global tables, mediator protocol §17. They may be there already, made by another server. `membership` and
 * `chat_state` are ours: which chats an unbanned key is in, and per chat
 *
 * - `last_id`: no lower id may be given out again. Behind the highest row, but for rows that were deleted there;
 * - `largest`: no blob is longer, in bytes;
 * - `expired_to`: the blobs of messages up to here are gone, and the messages are left out of pages;
 * - `bytes`: what the messages up to `counted_to` take, as `ROW_BYTES` has it. Those behind are few and counted anew.
 *
 * `file_state` has one row, for ids.ts. The version before did not know whether its file is a copy.
 */
export const STORE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS nonces (
     pubkey BLOB PRIMARY KEY,
     nonce  BLOB    NOT NULL,
     ts     INTEGER NOT NULL
   );
   CREATE INDEX IF NOT EXISTS nonces_by_age ON nonces (ts);
   CREATE TABLE IF NOT EXISTS chats (
     id           INTEGER PRIMARY KEY,
     owner_pubkey BLOB    NOT NULL,
     created_at   INTEGER NOT NULL
   );
   CREATE INDEX IF NOT EXISTS chats_by_owner ON chats (owner_pubkey);
   CREATE TABLE IF NOT EXISTS invites (
     id             INTEGER PRIMARY KEY AUTOINCREMENT,
     timestamp      INTEGER NOT NULL,
     from_pubkey    BLOB    NOT NULL,
     to_pubkey      BLOB    NOT NULL,
     chat_id        INTEGER NOT NULL,
     encrypted_data BLOB    NOT NULL,
     sent           INTEGER NOT NULL DEFAULT 0
   );
   DELETE FROM invites WHERE id NOT IN (SELECT max(id) FROM invites GROUP BY to_pubkey, chat_id);
   CREATE UNIQUE INDEX IF NOT EXISTS invites_by_recipient ON invites (to_pubkey, chat_id);
   CREATE INDEX IF NOT EXISTS invites_by_chat ON invites (chat_id);
   CREATE INDEX IF NOT EXISTS invites_by_age ON invites (timestamp);
   CREATE TABLE membership (
     pubkey  BLOB    NOT NULL,
     chat_id INTEGER NOT NULL,
     PRIMARY KEY (pubkey, chat_id)
   ) WITHOUT ROWID;
   CREATE INDEX membership_by_chat ON membership (chat_id);
   CREATE TABLE chat_state (
     chat_id    INTEGER PRIMARY KEY,
     last_id    INTEGER NOT NULL,
     largest    INTEGER NOT NULL,
     expired_to INTEGER NOT NULL
   );`,
  `ALTER TABLE chat_state ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE chat_state ADD COLUMN counted_to INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE file_state (
     id        INTEGER PRIMARY KEY CHECK (id = 1),
     copied_at INTEGER,
     unsynced  INTEGER NOT NULL DEFAULT 0
   );
   INSERT INTO file_state (id, copied_at) VALUES (1, CAST(strftime('%s', 'now') AS INTEGER));`,
]

export type ChatTable = 'settings' | 'users' | 'messages'

export const CHAT_TABLES: readonly ChatTable[] = ['settings', 'users', 'messages']

/** A quoted name. A chat's id is the only part of an SQL text that is not fixed, and a bigint can only be a number. */
export function tableName(table: ChatTable, chatId: bigint): string {
  return `"${table}_${chatId}"`
}

/**
 * The tables of one chat: the Rust server's, with `client_ts` (§11.3) and `head` (record.ts). Message ids come from us,
 * not from AUTOINCREMENT: that reads a table with a row for each chat at every insert.
 */
export function chatTableSql(table: ChatTable, chatId: bigint): string {
  return `CREATE TABLE ${tableName(table, chatId)} (${COLUMNS[table]})`
}

const COLUMNS: Record<ChatTable, string> = {
  settings: `
     name        TEXT    NOT NULL,
     description TEXT    NOT NULL,
     avatar      BLOB,
     perms_flags INTEGER NOT NULL DEFAULT 0,
     created_at  INTEGER NOT NULL DEFAULT 0,
     extra       TEXT`,
  users: `
     pubkey      BLOB    PRIMARY KEY,
     text_rank   TEXT,
     perms_flags INTEGER NOT NULL,
     accepted_at INTEGER NOT NULL,
     changed_at  INTEGER NOT NULL,
     banned      INTEGER NOT NULL DEFAULT 0,
     info        BLOB,
     last_seen   INTEGER NOT NULL DEFAULT 0`,
  messages: `
     id        INTEGER PRIMARY KEY,
     ts        INTEGER NOT NULL,
     guid      INTEGER NOT NULL UNIQUE,
     author    BLOB    NOT NULL,
     head      BLOB,
     blob      BLOB    NOT NULL DEFAULT x'',
     client_ts INTEGER`,
}
