/**
 * Each version of the schema, oldest first, with `$schema` for the schema's name. A version once published is never
 * edited: append. Columns mean what mediator protocol §17 says; of `chats`,
 *
 * - `last_message_id` is the highest id ever given out;
 * - `expired_to`: the blobs of messages up to here are gone, and the messages are left out of pages;
 * - `bytes`: what the messages take, as `ROW_BYTES` has it.
 *
 * Blobs are ciphertext: compressing them would cost time and save nothing.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE $schema.chats (
     id              bigint  PRIMARY KEY,
     owner_pubkey    bytea   NOT NULL,
     created_at      bigint  NOT NULL,
     name            text    NOT NULL,
     description     text    NOT NULL,
     avatar          bytea,
     last_message_id bigint  NOT NULL DEFAULT 0,
     expired_to      bigint  NOT NULL DEFAULT 0
   );
   CREATE INDEX chats_by_owner ON $schema.chats (owner_pubkey);
   CREATE TABLE $schema.users (
     chat_id     bigint  NOT NULL REFERENCES $schema.chats ON DELETE CASCADE,
     pubkey      bytea   NOT NULL,
     perms_flags integer NOT NULL,
     accepted_at bigint  NOT NULL,
     changed_at  bigint  NOT NULL,
     banned      boolean NOT NULL,
     info        bytea,
     last_seen   bigint  NOT NULL DEFAULT 0,
     PRIMARY KEY (chat_id, pubkey)
   );
   ALTER TABLE $schema.users ALTER COLUMN info SET STORAGE EXTERNAL;
   CREATE INDEX users_by_key ON $schema.users (pubkey, chat_id) WHERE NOT banned;
   CREATE TABLE $schema.messages (
     chat_id   bigint NOT NULL REFERENCES $schema.chats ON DELETE CASCADE,
     id        bigint NOT NULL,
     ts        bigint NOT NULL,
     guid      bigint NOT NULL,
     client_ts bigint,
     author    bytea  NOT NULL,
     blob      bytea  NOT NULL,
     PRIMARY KEY (chat_id, id),
     UNIQUE (chat_id, guid)
   );
   ALTER TABLE $schema.messages ALTER COLUMN blob SET STORAGE EXTERNAL;
   CREATE TABLE $schema.invites (
     id             bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     timestamp      bigint  NOT NULL,
     from_pubkey    bytea   NOT NULL,
     to_pubkey      bytea   NOT NULL,
     chat_id        bigint  NOT NULL REFERENCES $schema.chats ON DELETE CASCADE,
     encrypted_data bytea   NOT NULL,
     sent           boolean NOT NULL DEFAULT false,
     UNIQUE (to_pubkey, chat_id)
   );
   CREATE INDEX invites_by_chat ON $schema.invites (chat_id);
   CREATE INDEX invites_by_age ON $schema.invites (timestamp);
   CREATE TABLE $schema.nonces (
     pubkey bytea  PRIMARY KEY,
     nonce  bytea  NOT NULL,
     ts     bigint NOT NULL
   );
   CREATE INDEX nonces_by_age ON $schema.nonces (ts);`,
  `SET LOCAL statement_timeout = 0;
   ALTER TABLE $schema.chats ADD COLUMN bytes bigint NOT NULL DEFAULT 0;
   UPDATE $schema.chats AS chat SET bytes = counted.bytes
     FROM (SELECT chat_id, sum(octet_length(blob) + 200) AS bytes FROM $schema.messages GROUP BY chat_id) AS counted
     WHERE counted.chat_id = chat.id;`,
]

/** A name that needs no quotes. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/

/** @throws {TypeError} a name that is not lower-case letters, digits and `_` */
export function checkedSchemaName(name: string): string {
  if (SCHEMA_NAME.test(name)) return name
  throw new TypeError(`expected lower-case letters, digits and _ as the name of a schema, got ${JSON.stringify(name)}`)
}
