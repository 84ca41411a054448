import type { Database, Row, Statement, Value } from '@mimirjs/store'
import { publicKeyOf, type TableChange } from './record.js'

// The records of the classic generation in one SQLite file. `position` keeps the stored order; an update keeps the row.

/** `PRAGMA application_id` of a tracker's file: "MiTr". */
export const STORE_APPLICATION_ID = 0x4d695472

/** Schema of a tracker's file, for those who open the database themselves and hand it to `createTracker`. */
export const STORE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE classic_records (
     position   INTEGER PRIMARY KEY,
     user_key   BLOB    NOT NULL,
     client_id  INTEGER NOT NULL,
     address    BLOB    NOT NULL,
     signature  BLOB    NOT NULL,
     port       INTEGER NOT NULL,
     priority   INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     UNIQUE (user_key, client_id)
   );
   CREATE INDEX classic_records_by_expiry ON classic_records (expires_ms);`,
]

/** Files are edited by hand and by accident: SQLite takes any value in any column. */
const MISTYPED = ['client_id', 'port', 'priority', 'expires_ms']
  .map((column) => `typeof(${column}) <> 'integer'`)
  .join(' OR ')

/** Rows read before other work gets its turn. */
const PAGE_ROWS = 500

/** A row as it was read: its types checked, its lengths and its signature not. */
export interface RecordRow {
  readonly publicKey: Uint8Array
  readonly clientId: number
  readonly address: Uint8Array
  readonly signature: Uint8Array
  readonly port: number
  readonly priority: number
  readonly expiresMs: number
}

export class Storage {
  readonly #database: Database
  readonly #put: Statement
  readonly #remove: Statement
  readonly #sweep: Statement
  readonly #page: Statement
  readonly #countOdd: Statement
  readonly #removeMistyped: Statement
  readonly #clamp: Statement
  readonly #removeRow: Statement

  /** @throws {StoreError} when the file does not have the schema */
  constructor(database: Database) {
    this.#database = database
    this.#put = database.prepare(
      `INSERT INTO classic_records (user_key, client_id, address, signature, port, priority, expires_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (user_key, client_id) DO UPDATE SET address = excluded.address, signature = excluded.signature,
         port = excluded.port, priority = excluded.priority, expires_ms = excluded.expires_ms`,
    )
    this.#remove = database.prepare('DELETE FROM classic_records WHERE user_key = ? AND client_id = ?')
    this.#sweep = database.prepare('DELETE FROM classic_records WHERE expires_ms < ?')
    this.#page = database.prepare(
      `SELECT position, user_key, client_id, address, signature, port, priority, expires_ms
       FROM classic_records WHERE position > ? ORDER BY position LIMIT ${PAGE_ROWS}`,
      { bigints: true },
    )
    this.#countOdd = database.prepare(`SELECT count(*) AS n FROM classic_records WHERE ${MISTYPED} OR expires_ms > ?`)
    this.#removeMistyped = database.prepare(`DELETE FROM classic_records WHERE ${MISTYPED}`)
    this.#clamp = database.prepare('UPDATE classic_records SET expires_ms = ? WHERE expires_ms > ?')
    this.#removeRow = database.prepare('DELETE FROM classic_records WHERE position = ?')
  }

  /** Resolves when the changes are committed, together with all others of this turn of the event loop. */
  write(changes: readonly TableChange[]): Promise<void> {
    return this.#database.write(() => {
      for (const change of changes) this.#apply(change)
    })
  }

  /** Remove the rows that expired before `expiresMs`. */
  sweep(expiresMs: number): Promise<void> {
    return this.#database.write(() => {
      this.#sweep.run(expiresMs)
    })
  }

  /**
   * Hand every row to `take`, in stored order. Rows that are not records, and those `take` turns down, are removed.
   * @param latestMs - what expires later was stored under a wrong clock and is cut to this, for good
   * @returns how many rows were removed
   */
  async load(latestMs: number, take: (row: RecordRow) => boolean): Promise<number> {
    let removed = await this.#mend(latestMs)
    for (let after: Value = -1; ; ) {
      const rows = this.#page.all(after)
      if (rows.length === 0) return removed
      const refused: Value[] = []
      for (const row of rows) {
        const record = readRow(row)
        after = row['position']!
        if (record === undefined || !take(record)) refused.push(after)
      }
      removed += refused.length
      // Resolves in a later turn of the event loop: datagrams and signals get theirs between two pages.
      await this.#database.write(() => {
        for (const position of refused) this.#removeRow.run(position)
      })
    }
  }

  /** @returns how many rows were removed */
  async #mend(latestMs: number): Promise<number> {
    if (Number(this.#countOdd.get(latestMs)!['n']) === 0) return 0
    return this.#database.write(() => {
      const { changes } = this.#removeMistyped.run()
      this.#clamp.run(latestMs, latestMs)
      return changes
    })
  }

  #apply(change: TableChange): void {
    const user = publicKeyOf(change.user)
    if (change.type === 'remove') {
      this.#remove.run(user, change.clientId)
      return
    }
    const { encoded } = change
    const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
    this.#put.run(
      user,
      change.clientId,
      encoded.subarray(0, 16),
      encoded.subarray(16, 80),
      view.getUint16(80),
      view.getUint8(82),
      change.expiresMs,
    )
  }
}

/** `undefined` for what cannot be a record. */
function readRow(row: Row): RecordRow | undefined {
  const { user_key: publicKey, client_id: clientId, address, signature, port, priority, expires_ms: expiresMs } = row
  if (!(publicKey instanceof Uint8Array && address instanceof Uint8Array && signature instanceof Uint8Array)) {
    return undefined
  }
  const integers = { clientId, port, priority, expiresMs }
  if (!Object.values(integers).every(isSafe)) return undefined
  return {
    publicKey,
    address,
    signature,
    clientId: Number(clientId),
    port: Number(port),
    priority: Number(priority),
    expiresMs: Number(expiresMs),
  }
}

function isSafe(value: Value | undefined): boolean {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value))
}
