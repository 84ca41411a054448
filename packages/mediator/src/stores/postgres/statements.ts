import { ROW_BYTES } from '../record.js'
import { pageSql } from './page-sql.js'

const INVITE = 'SELECT id, timestamp, from_pubkey, to_pubkey, chat_id, encrypted_data, sent FROM $schema.invites'
const MESSAGE = 'SELECT id, guid, ts, client_ts, author FROM $schema.messages'

export type StatementName =
  | 'chatOwner'
  | 'lockOwner'
  | 'countChats'
  | 'insertChat'
  | 'deleteChat'
  | 'settings'
  | 'changeSettings'
  | 'user'
  | 'putUser'
  | 'changeUser'
  | 'deleteUser'
  | 'chatsOf'
  | 'members'
  | 'memberInfos'
  | 'insertMessage'
  | 'messageByGuid'
  | 'messageById'
  | 'deleteMessage'
  | 'lastMessageIds'
  | 'tlvPage'
  | 'binaryPage'
  | 'invite'
  | 'inviteFor'
  | 'invitesFor'
  | 'putInvite'
  | 'markInviteSent'
  | 'deleteInvite'
  | 'expireInvites'
  | 'putNonce'
  | 'deleteNonce'
  | 'expireNonces'
  | 'expiredUpTo'
  | 'lockChat'
  | 'expireBlobs'
  | 'setExpiredTo'

/** Every statement, with `$schema` for the schema's name. Those that decide something lock what they read. */
const TEXTS: Readonly<Record<StatementName, string>> = {
  chatOwner: 'SELECT owner_pubkey FROM $schema.chats WHERE id = $1',
  lockOwner: "SELECT pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 0))",
  countChats: 'SELECT count(*) AS n FROM $schema.chats WHERE owner_pubkey = $1',
  insertChat: `INSERT INTO $schema.chats (id, owner_pubkey, created_at, name, description, avatar)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
  deleteChat: 'DELETE FROM $schema.chats WHERE id = $1',
  settings: 'SELECT name, description, avatar FROM $schema.chats WHERE id = $1',
  changeSettings: `UPDATE $schema.chats SET name = coalesce($2, name), description = coalesce($3, description),
    avatar = CASE WHEN $4 THEN $5 ELSE avatar END WHERE id = $1`,
  user: `SELECT perms_flags, banned, accepted_at, changed_at, last_seen, info IS NOT NULL AS has_info
    FROM $schema.users WHERE chat_id = $1 AND pubkey = $2`,
  putUser: `INSERT INTO $schema.users (chat_id, pubkey, perms_flags, accepted_at, changed_at, banned)
    SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM $schema.chats WHERE id = $1)`,
  changeUser: `UPDATE $schema.users SET perms_flags = coalesce($3, perms_flags), banned = coalesce($4, banned),
    changed_at = coalesce($5, changed_at), last_seen = coalesce($6, last_seen), info = coalesce($7, info)
    WHERE chat_id = $1 AND pubkey = $2`,
  deleteUser: 'DELETE FROM $schema.users WHERE chat_id = $1 AND pubkey = $2',
  chatsOf: 'SELECT chat_id FROM $schema.users WHERE pubkey = $1 AND NOT banned ORDER BY chat_id',
  members: 'SELECT pubkey, perms_flags, last_seen FROM $schema.users WHERE chat_id = $1 AND NOT banned',
  memberInfos: `WITH sized AS (
      SELECT pubkey, sum(coalesce(length(info), 0)) OVER (ORDER BY coalesce(length(info), 0), pubkey) AS total
      FROM $schema.users WHERE chat_id = $1 AND NOT banned AND (changed_at > $2 OR $2 = 0))
    SELECT pubkey, u.changed_at, CASE WHEN total <= $3 THEN u.info END AS info
    FROM $schema.users AS u LEFT JOIN sized USING (pubkey) WHERE u.chat_id = $1 AND NOT u.banned`,
  /** The chat's row stays locked, so that ids are visible in their order. */
  insertMessage: `WITH next AS (
      UPDATE $schema.chats SET last_message_id = last_message_id + 1, bytes = bytes + octet_length($6::bytea) + ${ROW_BYTES}
      WHERE id = $1 AND bytes + octet_length($6::bytea) + ${ROW_BYTES} <= $7
        AND NOT EXISTS (SELECT FROM $schema.messages WHERE chat_id = $1 AND guid = $2)
      RETURNING last_message_id
    )
    INSERT INTO $schema.messages (chat_id, id, guid, ts, client_ts, author, blob)
    SELECT $1, last_message_id, $2, $3, $4, $5, $6 FROM next
    ON CONFLICT DO NOTHING RETURNING id`,
  messageByGuid: `${MESSAGE} WHERE chat_id = $1 AND guid = $2`,
  messageById: `${MESSAGE} WHERE chat_id = $1 AND id = $2`,
  /** The chat's row is locked first, as everywhere. */
  deleteMessage: `WITH chat AS (SELECT id FROM $schema.chats WHERE id = $1 FOR NO KEY UPDATE),
    gone AS (
      DELETE FROM $schema.messages AS message USING chat WHERE message.chat_id = chat.id AND message.id = $2
      RETURNING message.chat_id, octet_length(message.blob) AS bytes
    )
    UPDATE $schema.chats SET bytes = greatest(0, chats.bytes - gone.bytes - ${ROW_BYTES})
    FROM gone WHERE id = gone.chat_id`,
  lastMessageIds: `SELECT chat.id AS chat_id,
      coalesce((SELECT max(message.id) FROM $schema.messages AS message WHERE message.chat_id = chat.id), 0) AS id
    FROM unnest($1::bigint[]) AS chat (id)`,
  tlvPage: pageSql('tlv'),
  binaryPage: pageSql('binary'),
  invite: `${INVITE} WHERE id = $1 FOR UPDATE`,
  inviteFor: `${INVITE} WHERE to_pubkey = $1 AND chat_id = $2 FOR UPDATE`,
  invitesFor: `${INVITE} WHERE to_pubkey = $1 ORDER BY id`,
  putInvite: `INSERT INTO $schema.invites AS invite (timestamp, from_pubkey, to_pubkey, chat_id, encrypted_data)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (to_pubkey, chat_id) DO UPDATE SET timestamp = excluded.timestamp, from_pubkey = excluded.from_pubkey,
      encrypted_data = excluded.encrypted_data, sent = false
    RETURNING invite.id`,
  markInviteSent: 'UPDATE $schema.invites SET sent = true WHERE id = $1',
  deleteInvite: 'DELETE FROM $schema.invites WHERE id = $1',
  expireInvites: 'DELETE FROM $schema.invites WHERE timestamp < $1',
  putNonce: `INSERT INTO $schema.nonces (pubkey, nonce, ts) VALUES ($1, $2, $3)
    ON CONFLICT (pubkey) DO UPDATE SET nonce = excluded.nonce, ts = excluded.ts`,
  deleteNonce: 'DELETE FROM $schema.nonces WHERE pubkey = $1',
  expireNonces: 'DELETE FROM $schema.nonces WHERE ts < $1',
  /**
   * Of each chat the first messages, up to `$2` of them, that are older than `$1`: never one behind a newer one, so that
   * one number tells which blobs are gone.
   */
  expiredUpTo: `SELECT chat.id AS chat_id, chat.expired_to, due.id AS due_to
    FROM $schema.chats AS chat CROSS JOIN LATERAL (
      SELECT max(old.id) AS id FROM (
        SELECT message.id FROM $schema.messages AS message
        WHERE message.chat_id = chat.id AND message.id > chat.expired_to AND message.id < coalesce((
          SELECT kept.id FROM $schema.messages AS kept
          WHERE kept.chat_id = chat.id AND kept.id > chat.expired_to AND kept.ts >= $1 ORDER BY kept.id LIMIT 1
        ), 9223372036854775807)
        ORDER BY message.id LIMIT $2
      ) AS old
    ) AS due
    WHERE due.id IS NOT NULL ORDER BY chat.id`,
  expireBlobs: `UPDATE $schema.messages SET blob = '' WHERE chat_id = $1 AND id > $2 AND id <= $3`,
  /** Of the chat of an expiry, so that what follows sees the messages as they are. */
  lockChat: 'SELECT FROM $schema.chats WHERE id = $1 AND expired_to = $2 FOR NO KEY UPDATE',
  setExpiredTo: `UPDATE $schema.chats SET expired_to = $3, bytes = greatest(0, bytes - (
      SELECT coalesce(sum(octet_length(blob)), 0) FROM $schema.messages WHERE chat_id = $1 AND id > $2 AND id <= $3
    )) WHERE id = $1`,
}

export interface PreparedText {
  /** Under which a connection keeps the statement. */
  readonly name: string
  readonly text: string
}

/** The statements on the tables of one schema. */
export function statementsFor(schema: string): Readonly<Record<StatementName, PreparedText>> {
  const entries = Object.entries(TEXTS).map(([name, text]) => [
    name,
    { name: `${schema}.${name}`, text: text.replaceAll('$schema', schema) },
  ])
  return Object.fromEntries(entries) as Record<StatementName, PreparedText>
}
