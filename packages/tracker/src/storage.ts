import type { Database, Statement, Value } from '@mimirjs/store'
import { publicKeyOf, type RecordForm, type TableChange } from './record.js'
import { columnsOf, type RecordRow, type RecordTable, readRow } from './schema.js'

/** Rows read before other work gets its turn. */
const PAGE_ROWS = 500

/** The records of one generation in the file of a tracker. */
export class Storage {
  readonly #database: Database
  readonly #form: RecordForm
  readonly #columns: readonly string[]
  readonly #key: readonly string[]
  readonly #put: Statement
  readonly #remove: Statement
  readonly #sweep: Statement
  readonly #page: Statement
  readonly #countOdd: Statement
  readonly #removeMistyped: Statement
  readonly #clamp: Statement
  readonly #removeRow: Statement

  /** @throws {StoreError} when the file does not have the schema */
  constructor(database: Database, table: RecordTable, form: RecordForm) {
    const { name, blobs, integers, key, keepsPosition } = table
    const columns = [...blobs, ...integers]
    this.#database = database
    this.#form = form
    this.#columns = columns
    this.#key = key
    const values = `(${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
    const others = columns.filter((column) => !key.includes(column))
    // Files are edited by hand and by accident: SQLite takes any value in any column.
    const mistyped = integers.map((column) => `typeof(${column}) <> 'integer'`).join(' OR ')
    this.#put = database.prepare(
      keepsPosition
        ? `INSERT INTO ${name} ${values} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${others
            .map((column) => `${column} = excluded.${column}`)
            .join(', ')}`
        : `INSERT OR REPLACE INTO ${name} ${values}`,
    )
    this.#remove = database.prepare(`DELETE FROM ${name} WHERE ${key.map((column) => `${column} = ?`).join(' AND ')}`)
    this.#sweep = database.prepare(`DELETE FROM ${name} WHERE expires_ms < ?`)
    this.#page = database.prepare(
      `SELECT position, ${columns.join(', ')} FROM ${name} WHERE position > ? ORDER BY position LIMIT ${PAGE_ROWS}`,
      { bigints: true },
    )
    this.#countOdd = database.prepare(`SELECT count(*) AS n FROM ${name} WHERE ${mistyped} OR expires_ms > ?`)
    this.#removeMistyped = database.prepare(`DELETE FROM ${name} WHERE ${mistyped}`)
    this.#clamp = database.prepare(`UPDATE ${name} SET expires_ms = ? WHERE expires_ms > ?`)
    this.#removeRow = database.prepare(`DELETE FROM ${name} WHERE position = ?`)
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
    const publicKey = publicKeyOf(change.user)
    if (change.type === 'remove') {
      const found: Record<string, Value> = {
        user_key: publicKey,
        client_id: change.clientId,
        address: change.address,
      }
      this.#remove.run(...this.#key.map((column) => found[column]!))
      return
    }
    const columns = columnsOf({ publicKey, ...this.#form.decode(change.encoded), ...change })
    this.#put.run(...this.#columns.map((column) => columns[column]!))
  }
}
