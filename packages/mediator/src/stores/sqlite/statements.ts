import type { Database, Statement } from '@mimirjs/store'

const INVITE = 'SELECT id, timestamp, from_pubkey, to_pubkey, chat_id, encrypted_data, sent FROM invites'

export type GlobalStatement =
  | 'chatOwner'
  | 'countChats'
  | 'insertChat'
  | 'deleteChat'
  | 'chatIds'
  | 'insertState'
  | 'deleteState'
  | 'setLastId'
  | 'setLargest'
  | 'setExpiredTo'
  | 'setBytes'
  | 'insertMember'
  | 'deleteMember'
  | 'deleteMembersOfChat'
  | 'chatsOf'
  | 'invite'
  | 'inviteFor'
  | 'invitesFor'
  | 'putInvite'
  | 'markInviteSent'
  | 'deleteInvite'
  | 'deleteInvitesOfChat'
  | 'expireInvites'
  | 'putNonce'
  | 'deleteNonce'
  | 'expireNonces'

const TEXTS: Readonly<Record<GlobalStatement, string>> = {
  chatOwner: 'SELECT owner_pubkey FROM chats WHERE id = ?',
  countChats: 'SELECT count(*) AS n FROM chats WHERE owner_pubkey = ?',
  insertChat: 'INSERT INTO chats (id, owner_pubkey, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING',
  deleteChat: 'DELETE FROM chats WHERE id = ?',
  chatIds: 'SELECT chat_id FROM chat_state',
  insertState: 'INSERT INTO chat_state (chat_id, last_id, largest, expired_to) VALUES (?, 0, 0, 0)',
  deleteState: 'DELETE FROM chat_state WHERE chat_id = ?',
  setLastId: 'UPDATE chat_state SET last_id = ? WHERE chat_id = ?',
  setLargest: 'UPDATE chat_state SET largest = ? WHERE chat_id = ?',
  setExpiredTo: 'UPDATE chat_state SET expired_to = ? WHERE chat_id = ?',
  setBytes: 'UPDATE chat_state SET bytes = ?, counted_to = ? WHERE chat_id = ?',
  insertMember: 'INSERT OR IGNORE INTO membership (pubkey, chat_id) VALUES (?, ?)',
  deleteMember: 'DELETE FROM membership WHERE pubkey = ? AND chat_id = ?',
  deleteMembersOfChat: 'DELETE FROM membership WHERE chat_id = ?',
  chatsOf: 'SELECT chat_id FROM membership WHERE pubkey = ? ORDER BY chat_id',
  invite: `${INVITE} WHERE id = ?`,
  inviteFor: `${INVITE} WHERE to_pubkey = ? AND chat_id = ?`,
  invitesFor: `${INVITE} WHERE to_pubkey = ? ORDER BY id`,
  putInvite: `INSERT INTO invites (timestamp, from_pubkey, to_pubkey, chat_id, encrypted_data) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (to_pubkey, chat_id) DO UPDATE SET timestamp = excluded.timestamp, from_pubkey = excluded.from_pubkey,
      encrypted_data = excluded.encrypted_data, sent = 0
    RETURNING id`,
  markInviteSent: 'UPDATE invites SET sent = 1 WHERE id = ?',
  deleteInvite: 'DELETE FROM invites WHERE id = ?',
  deleteInvitesOfChat: 'DELETE FROM invites WHERE chat_id = ?',
  expireInvites: 'DELETE FROM invites WHERE timestamp < ?',
  putNonce: 'INSERT OR REPLACE INTO nonces (pubkey, nonce, ts) VALUES (?, ?, ?)',
  deleteNonce: 'DELETE FROM nonces WHERE pubkey = ?',
  expireNonces: 'DELETE FROM nonces WHERE ts < ?',
}

/** The statements on the tables that all chats share, prepared. */
export function globalStatements(database: Database): Record<GlobalStatement, Statement> {
  const prepared = Object.entries(TEXTS).map(([name, sql]) => [name, database.prepare(sql, { bigints: true })])
  return Object.fromEntries(prepared) as Record<GlobalStatement, Statement>
}
