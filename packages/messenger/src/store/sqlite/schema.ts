/** 'MiM1' in ASCII: tells our files from other SQLite files. */
export const APPLICATION_ID = 0x4d694d31

/**
 * One text per version of the schema; what was published is never edited.
 *
 * One table holds outbox, inbox and history: a message never moves, only its state changes. Partial indexes keep the open
 * rows cheap to find however long the history is. SQLite uses one only if the query repeats its condition word for word.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE peer (
     id INTEGER PRIMARY KEY,
     key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
     kind TEXT NOT NULL DEFAULT 'stranger',
     name TEXT NOT NULL DEFAULT '',
     nickname TEXT NOT NULL DEFAULT '',
     info TEXT NOT NULL DEFAULT '',
     avatar BLOB,
     infoTimeSeconds INTEGER NOT NULL DEFAULT 0
   );
   CREATE TABLE message (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     peer INTEGER NOT NULL REFERENCES peer (id),
     outgoing INTEGER NOT NULL,
     guid INTEGER NOT NULL CHECK (guid <> 0),
     replyTo INTEGER NOT NULL,
     sendTimeMs INTEGER NOT NULL,
     editTimeMs INTEGER NOT NULL,
     messageType INTEGER NOT NULL,
     payload BLOB NOT NULL,
     state TEXT NOT NULL,
     settledMs INTEGER NOT NULL DEFAULT 0,
     heldBy INTEGER,
     UNIQUE (peer, outgoing, guid)
   );
   CREATE INDEX message_open ON message (outgoing, state, peer, seq)
     WHERE state IN ('held', 'stored', 'unhandled');
   CREATE INDEX message_held ON message (heldBy) WHERE state = 'held';
   CREATE INDEX message_history ON message (peer, seq);`,

  // From here on heldBy is set only while a handler does hold the message back. What was there before and was handled
  // counts as read.
  `ALTER TABLE peer ADD COLUMN readSeq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE message ADD COLUMN refusedMs INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE message ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
   UPDATE message SET heldBy = NULL WHERE heldBy IS NOT NULL AND state <> 'held';
   DROP INDEX message_open;
   DROP INDEX message_held;
   DROP INDEX message_history;
   CREATE INDEX message_outbox ON message (peer, refusedMs) WHERE state = 'stored';
   CREATE INDEX message_inbox ON message (peer) WHERE state = 'unhandled';
   CREATE INDEX message_waiting ON message (heldBy) WHERE state IN ('held', 'preparing');
   CREATE INDEX message_shown ON message (peer, seq, outgoing, messageType, heldBy)
     WHERE removed = 0 AND heldBy IS NULL;
   CREATE INDEX message_reaction ON message (peer, replyTo, sendTimeMs) WHERE messageType = 10 AND outgoing = 0;
   UPDATE peer SET readSeq = coalesce(
     (SELECT min(seq) - 1 FROM message WHERE message.peer = peer.id AND state = 'unhandled'),
     (SELECT max(seq) FROM message WHERE message.peer = peer.id AND removed = 0 AND heldBy IS NULL),
     0
   );
   CREATE TABLE contactNote (
     id INTEGER PRIMARY KEY,
     peer INTEGER NOT NULL REFERENCES peer (id),
     kind TEXT NOT NULL,
     message TEXT NOT NULL,
     nickname TEXT NOT NULL,
     info TEXT NOT NULL,
     avatar BLOB,
     accepted INTEGER NOT NULL,
     atMs INTEGER NOT NULL,
     attempts INTEGER NOT NULL,
     UNIQUE (peer, kind)
   );
   CREATE INDEX contactNote_kind ON contactNote (kind);
   CREATE TABLE file (
     id INTEGER PRIMARY KEY,
     peer INTEGER NOT NULL REFERENCES peer (id),
     outgoing INTEGER NOT NULL,
     guid INTEGER NOT NULL,
     name TEXT NOT NULL,
     hash TEXT NOT NULL,
     sizeBytes INTEGER NOT NULL,
     key BLOB,
     server TEXT NOT NULL,
     path TEXT NOT NULL,
     state TEXT NOT NULL,
     doneBytes INTEGER NOT NULL,
     partPath TEXT NOT NULL,
     UNIQUE (peer, outgoing, guid)
   );
   CREATE INDEX file_state ON file (state);
   CREATE INDEX file_announced ON file (peer, name) WHERE outgoing = 1;`,

  // A group is a row of peer, and its name, description and picture stand there. A message of a group is a row of message with
  // one of groupMessage beside it, so that everything that works on messages works on these.
  `CREATE TABLE groupChat (
     peer INTEGER PRIMARY KEY REFERENCES peer (id),
     mediator BLOB NOT NULL CHECK (length(mediator) = 32),
     mediatorAddress TEXT NOT NULL,
     dialect TEXT NOT NULL,
     chatId INTEGER NOT NULL,
     key BLOB NOT NULL,
     formerKeys BLOB NOT NULL,
     cipher TEXT NOT NULL,
     permissions INTEGER NOT NULL,
     state TEXT NOT NULL,
     syncedTo INTEGER NOT NULL,
     infoSinceSeconds INTEGER NOT NULL
   );
   CREATE TABLE groupMember (
     id INTEGER PRIMARY KEY,
     chat INTEGER NOT NULL REFERENCES groupChat (peer) ON DELETE CASCADE,
     key BLOB NOT NULL CHECK (length(key) = 32),
     permissions INTEGER NOT NULL DEFAULT 0,
     nickname TEXT NOT NULL DEFAULT '',
     info TEXT NOT NULL DEFAULT '',
     avatar BLOB,
     infoTimeSeconds INTEGER NOT NULL DEFAULT 0,
     lastSeenSeconds INTEGER NOT NULL DEFAULT 0,
     gone INTEGER NOT NULL DEFAULT 1,
     UNIQUE (chat, key)
   );
   CREATE INDEX groupMember_gone ON groupMember (chat) WHERE gone = 1;
   CREATE TABLE groupMessage (
     message INTEGER PRIMARY KEY REFERENCES message (seq) ON DELETE CASCADE,
     chat INTEGER NOT NULL REFERENCES peer (id),
     author BLOB,
     innerGuid INTEGER,
     messageId INTEGER NOT NULL DEFAULT 0,
     outerGuid INTEGER NOT NULL,
     orderKey INTEGER NOT NULL,
     timestampSeconds INTEGER NOT NULL,
     system INTEGER NOT NULL DEFAULT 0,
     unreadable INTEGER NOT NULL DEFAULT 0,
     sealedGuid INTEGER,
     blob BLOB
   );
   CREATE UNIQUE INDEX groupMessage_id ON groupMessage (chat, messageId) WHERE messageId > 0;
   CREATE UNIQUE INDEX groupMessage_inner ON groupMessage (chat, author, innerGuid) WHERE innerGuid IS NOT NULL;
   CREATE INDEX groupMessage_order ON groupMessage (chat, orderKey);
   CREATE INDEX groupMessage_outer ON groupMessage (chat, outerGuid);
   CREATE INDEX groupMessage_sealed ON groupMessage (chat, sealedGuid) WHERE sealedGuid IS NOT NULL;
   CREATE INDEX groupMessage_unreadable ON groupMessage (chat) WHERE unreadable = 1;
   CREATE TABLE groupCopy (
     id INTEGER PRIMARY KEY,
     chat INTEGER NOT NULL REFERENCES peer (id),
     message INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
     messageId INTEGER NOT NULL,
     outerGuid INTEGER NOT NULL,
     UNIQUE (chat, messageId)
   );
   CREATE INDEX groupCopy_outer ON groupCopy (chat, outerGuid);
   CREATE INDEX groupCopy_message ON groupCopy (message);
   CREATE TABLE groupDeletion (
     id INTEGER PRIMARY KEY,
     chat INTEGER NOT NULL REFERENCES groupChat (peer) ON DELETE CASCADE,
     outerGuid INTEGER NOT NULL,
     UNIQUE (chat, outerGuid)
   );
   CREATE TABLE groupInvite (
     id INTEGER PRIMARY KEY,
     mediator BLOB NOT NULL CHECK (length(mediator) = 32),
     inviteId INTEGER NOT NULL,
     mediatorAddress TEXT NOT NULL,
     dialect TEXT NOT NULL,
     chatId INTEGER NOT NULL,
     sender BLOB NOT NULL CHECK (length(sender) = 32),
     timestampSeconds INTEGER NOT NULL,
     name TEXT NOT NULL,
     description TEXT NOT NULL,
     avatar BLOB,
     data BLOB NOT NULL,
     receivedMs INTEGER NOT NULL,
     UNIQUE (mediator, inviteId)
   );`,

  `ALTER TABLE groupMessage ADD COLUMN retracted INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX groupMessage_retracted ON groupMessage (chat) WHERE retracted = 1;`,
]
