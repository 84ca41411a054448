import { type Database, openDatabase, type Statement } from '@mimirjs/store'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessengerError } from './error.js'
import { InOrder } from './in-order.js'
import type {
  Contact,
  ContactChange,
  ContactKind,
  IncomingState,
  NewIncoming,
  NewOutgoing,
  OutgoingState,
  Store,
  StoreCounts,
  StoredMessage,
} from './store.js'

/** 'MiM1' in ASCII: tells our files from other SQLite files. */
const APPLICATION_ID = 0x4d694d31

// One table holds outbox, inbox and history: a message never moves, only its state changes. The partial index keeps
// the open rows cheap to find however long the history is.
const MIGRATIONS = [
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
]

const MESSAGE_COLUMNS = `message.seq, peer.key, message.outgoing, message.guid, message.replyTo, message.sendTimeMs,
  message.editTimeMs, message.messageType, message.payload, message.state, message.settledMs`

const INSERT_OUTGOING = `INSERT INTO message
    (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, heldBy)
  VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (peer, outgoing, guid) DO NOTHING`

const MAX_PEER_IDS = 1_024

export interface SqliteStoreOptions {
  /** 'power': survives power loss, one fsync per group of writes. 'process': survives SIGKILL. Default 'power'. */
  durability?: 'power' | 'process'
}

/** A {@link Store} in one SQLite file, which only one process may have open. */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  return new SqliteStore(
    openDatabase(path, {
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      durability: options.durability ?? 'power',
      exclusive: true,
    }),
  )
}

class SqliteStore implements Store {
  readonly #db: Database
  readonly #sql = new Map<string, Statement>()
  /** Row ids by key of peers written to lately; rows of peers are never removed. */
  readonly #peerIds = new Map<string, number>()
  readonly #inOrder = new InOrder()

  constructor(db: Database) {
    this.#db = db
  }

  async setting(name: string): Promise<string | undefined> {
    return this.#statement('SELECT value FROM setting WHERE name = ?').get(name)?.['value'] as string | undefined
  }

  setSetting(name: string, value: string): Promise<void> {
    return this.#write('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value)
  }

  async contacts(): Promise<Contact[]> {
    return this.#statement('SELECT * FROM peer ORDER BY id').all().map(toContact)
  }

  async contactKinds(): Promise<ReadonlyMap<string, ContactKind>> {
    const rows = this.#statement(`SELECT key, kind FROM peer WHERE kind <> 'stranger'`).all()
    return new Map(rows.map((row) => [toHex(row['key'] as Uint8Array), row['kind'] as ContactKind]))
  }

  async contact(peer: string): Promise<Contact | undefined> {
    const row = this.#statement('SELECT * FROM peer WHERE key = ?').get(fromHex(peer))
    return row && toContact(row)
  }

  putContact(peer: string, change: ContactChange): Promise<Contact> {
    return this.#db.write(() => {
      const id = this.#peerId(peer)
      for (const [column, value] of Object.entries(change)) {
        if (!CONTACT_COLUMNS.has(column)) continue
        this.#statement(`UPDATE peer SET ${column} = ? WHERE id = ?`).run((value ?? null) as never, id)
      }
      return toContact(this.#statement('SELECT * FROM peer WHERE id = ?').get(id)!)
    })
  }

  async enqueue(message: NewOutgoing): Promise<StoredMessage> {
    const known = this.#peerIds.get(message.peer)
    const { seq, peer, state } = await this.#db.write(() => {
      const peer = known ?? this.#peerId(message.peer)
      const state: OutgoingState = this.#isUnhandled(message.heldBy) ? 'held' : 'stored'
      return { seq: this.#insertOutgoing(peer, message, state), peer, state }
    })
    if (known === undefined) this.#rememberPeer(message.peer, peer)
    return { ...content(message), seq, peer: message.peer, outgoing: true, state, settledMs: 0 }
  }

  #isUnhandled(seq: number | undefined): boolean {
    if (seq === undefined) return false
    return this.#statement('SELECT state FROM message WHERE seq = ?').get(seq)?.['state'] === 'unhandled'
  }

  #insertOutgoing(peer: number, message: NewOutgoing, state: OutgoingState): number {
    const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, heldBy } = message
    const params = [peer, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, heldBy ?? null] as const
    const { changes, lastInsertRowid } = this.#statement(INSERT_OUTGOING).run(...params)
    if (changes === 0) throw new MessengerError('store', `message id ${guid} to ${message.peer} is already taken`)
    return Number(lastInsertRowid)
  }

  async pending(peer: string, limit: number): Promise<StoredMessage[]> {
    return this.#messages(
      `SELECT ${MESSAGE_COLUMNS} FROM message JOIN peer ON peer.id = message.peer
       WHERE outgoing = 1 AND state = 'stored' AND message.peer = (SELECT id FROM peer WHERE key = ?)
       ORDER BY seq LIMIT ?`,
      fromHex(peer),
      limit,
    )
  }

  pendingPeers(): Promise<string[]> {
    return this.#openPeers(1, 'stored')
  }

  markDelivered(peer: string, guid: bigint, atMs: number): Promise<boolean> {
    return this.#db.write(
      () =>
        this.#statement(
          `UPDATE message SET state = 'delivered', settledMs = ?
           WHERE peer = ? AND outgoing = 1 AND guid = ? AND state = 'stored'`,
        ).run(atMs, this.#peerId(peer), guid).changes > 0,
    )
  }

  markFailed(seq: number): Promise<void> {
    return this.#write(`UPDATE message SET state = 'failed' WHERE seq = ? AND outgoing = 1`, seq)
  }

  receive(message: NewIncoming): Promise<StoredMessage | undefined> {
    return this.#inOrder.add(
      message.peer,
      (work) => this.#db.write(work),
      () => this.#insertIncoming(message),
    )
  }

  #insertIncoming(message: NewIncoming): StoredMessage | undefined {
    const row = this.#statement(
      `INSERT INTO message (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, settledMs)
         VALUES (?, 0, ?, ?, ?, ?, ?, ?, 'unhandled', ?) ON CONFLICT (peer, outgoing, guid) DO NOTHING RETURNING seq`,
    ).get(
      this.#peerId(message.peer),
      message.guid,
      message.replyTo,
      message.sendTimeMs,
      message.editTimeMs,
      message.messageType,
      message.payload,
      message.receivedMs,
    )
    if (!row) return undefined
    const state: IncomingState = 'unhandled'
    const seq = Number(row['seq'])
    return { ...content(message), seq, peer: message.peer, outgoing: false, state, settledMs: message.receivedMs }
  }

  async nextUnhandled(peer: string): Promise<StoredMessage | undefined> {
    return this.#messages(
      `SELECT ${MESSAGE_COLUMNS} FROM message JOIN peer ON peer.id = message.peer
       WHERE outgoing = 0 AND state = 'unhandled' AND message.peer = (SELECT id FROM peer WHERE key = ?)
       ORDER BY seq LIMIT 1`,
      fromHex(peer),
    )[0]
  }

  unhandledPeers(): Promise<string[]> {
    return this.#openPeers(0, 'unhandled')
  }

  async discardHeld(): Promise<void> {
    const held = this.#statement(`SELECT count(*) AS n FROM message WHERE outgoing = 1 AND state = 'held'`).get()!
    if (Number(held['n']) > 0) await this.#write(`DELETE FROM message WHERE outgoing = 1 AND state = 'held'`)
  }

  handled(seq: number): Promise<void> {
    return this.#db.write(() => {
      this.#statement(`UPDATE message SET state = 'handled' WHERE seq = ? AND state = 'unhandled'`).run(seq)
      this.#statement(`UPDATE message SET state = 'stored', heldBy = NULL WHERE heldBy = ? AND state = 'held'`).run(seq)
    })
  }

  async history(peer: string, options: { limit: number; beforeSeq?: number }): Promise<StoredMessage[]> {
    return this.#messages(
      `SELECT ${MESSAGE_COLUMNS} FROM message JOIN peer ON peer.id = message.peer
       WHERE message.peer = (SELECT id FROM peer WHERE key = ?) AND seq < ? AND state <> 'held'
       ORDER BY seq DESC LIMIT ?`,
      fromHex(peer),
      options.beforeSeq ?? Number.MAX_SAFE_INTEGER,
      options.limit,
    )
  }

  async message(peer: string, guid: bigint, outgoing: boolean): Promise<StoredMessage | undefined> {
    return this.#messages(
      `SELECT ${MESSAGE_COLUMNS} FROM message JOIN peer ON peer.id = message.peer
       WHERE message.peer = (SELECT id FROM peer WHERE key = ?) AND outgoing = ? AND guid = ?`,
      fromHex(peer),
      outgoing ? 1 : 0,
      guid,
    )[0]
  }

  async counts(): Promise<StoreCounts> {
    const count = (where: string): number =>
      Number(this.#statement(`SELECT count(*) AS n FROM message WHERE ${where}`).get()!['n'])
    return {
      undelivered: count(`outgoing = 1 AND state IN ('held', 'stored')`),
      unhandled: count(`outgoing = 0 AND state = 'unhandled'`),
      messages: count('1'),
    }
  }

  async close(): Promise<void> {
    await this.#db.flush()
    this.#db.close()
  }

  #statement(sql: string): Statement {
    let statement = this.#sql.get(sql)
    if (!statement) this.#sql.set(sql, (statement = this.#db.prepare(sql, { bigints: true })))
    return statement
  }

  async #write(sql: string, ...params: (string | number)[]): Promise<void> {
    await this.#db.write(() => void this.#statement(sql).run(...params))
  }

  #messages(sql: string, ...params: (string | number | bigint | Uint8Array)[]): StoredMessage[] {
    return this.#statement(sql)
      .all(...params)
      .map(toMessage)
  }

  async #openPeers(outgoing: 0 | 1, state: string): Promise<string[]> {
    return this.#statement(
      `SELECT key FROM peer WHERE id IN (SELECT DISTINCT peer FROM message WHERE outgoing = ? AND state = '${state}')`,
    )
      .all(outgoing)
      .map((row) => toHex(row['key'] as Uint8Array))
  }

  /** Only after the commit: what a write finds before may be rolled back. */
  #rememberPeer(peer: string, id: number): void {
    if (this.#peerIds.size >= MAX_PEER_IDS) this.#peerIds.clear()
    this.#peerIds.set(peer, id)
  }

  /** Row id of the peer, made on first use. Only inside a write. */
  #peerId(peer: string): number {
    const key = fromHex(peer)
    const row =
      this.#statement('SELECT id FROM peer WHERE key = ?').get(key) ??
      this.#statement('INSERT INTO peer (key) VALUES (?) RETURNING id').get(key)
    return Number(row!['id'])
  }
}

const CONTACT_COLUMNS: ReadonlySet<string> = new Set(['kind', 'name', 'nickname', 'info', 'avatar', 'infoTimeSeconds'])

type Row = Record<string, unknown>

function content(message: NewOutgoing | NewIncoming) {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
  return { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload }
}

function toMessage(row: Row): StoredMessage {
  return {
    seq: Number(row['seq']),
    peer: toHex(row['key'] as Uint8Array),
    outgoing: Number(row['outgoing']) === 1,
    guid: row['guid'] as bigint,
    replyTo: row['replyTo'] as bigint,
    sendTimeMs: Number(row['sendTimeMs']),
    editTimeMs: Number(row['editTimeMs']),
    messageType: Number(row['messageType']),
    payload: row['payload'] as Uint8Array,
    state: row['state'] as OutgoingState | IncomingState,
    settledMs: Number(row['settledMs']),
  }
}

function toContact(row: Row): Contact {
  return {
    peer: toHex(row['key'] as Uint8Array),
    kind: row['kind'] as ContactKind,
    name: row['name'] as string,
    nickname: row['nickname'] as string,
    info: row['info'] as string,
    avatar: (row['avatar'] as Uint8Array | null) ?? undefined,
    infoTimeSeconds: row['infoTimeSeconds'] as bigint,
  }
}
