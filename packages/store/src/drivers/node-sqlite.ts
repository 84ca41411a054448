import type { Driver, DriverDatabase, DriverStatement, RunResult } from '../driver.js'
import { type BoundValue, normaliseRow, outOfRange, type Row } from '../value.js'

/** The part of `node:sqlite` that we use; Node 20 has neither the module nor its types. */
export interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase
}

interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): NodeStatement
  close(): void
}

interface NodeStatement {
  setReadBigInts(on: boolean): void
  run(...params: BoundValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...params: BoundValue[]): Record<string, unknown> | undefined
  all(...params: BoundValue[]): Record<string, unknown>[]
}

/** The driver that Node itself brings from version 22.13 on. */
export function nodeSqliteDriver({ DatabaseSync }: NodeSqlite): Driver {
  return { name: 'node:sqlite', open: (path) => new NodeSqliteDatabase(new DatabaseSync(path)) }
}

class NodeSqliteDatabase implements DriverDatabase {
  readonly #inner: NodeDatabase

  constructor(inner: NodeDatabase) {
    this.#inner = inner
  }

  exec(sql: string): void {
    this.#inner.exec(sql)
  }

  prepare(sql: string, bigints: boolean): DriverStatement {
    return new NodeSqliteStatement(this.#inner.prepare(sql), bigints)
  }

  close(): void {
    this.#inner.close()
  }
}

class NodeSqliteStatement implements DriverStatement {
  readonly #inner: NodeStatement
  readonly #bigints: boolean
  /** How the statement is set at the moment. */
  #exactRun = false

  constructor(inner: NodeStatement, bigints: boolean) {
    this.#inner = inner
    this.#bigints = bigints
    inner.setReadBigInts(bigints)
  }

  run(params: BoundValue[]): RunResult {
    // Row numbers are exact in any case. A statement that is only run needs this once.
    if (!this.#exactRun) this.#inner.setReadBigInts((this.#exactRun = true))
    const { changes, lastInsertRowid } = this.#inner.run(...params)
    return { changes: Number(changes), lastInsertRowid: BigInt(lastInsertRowid) }
  }

  #prepareRead(): void {
    if (this.#exactRun) this.#inner.setReadBigInts(this.#bigints)
    this.#exactRun = false
  }

  get(params: BoundValue[]): Row | undefined {
    this.#prepareRead()
    const row = exact(() => this.#inner.get(...params))
    return row && normaliseRow(row)
  }

  all(params: BoundValue[]): Row[] {
    this.#prepareRead()
    const rows = exact(() => this.#inner.all(...params))
    for (const row of rows) normaliseRow(row)
    return rows as Row[]
  }
}

/** Node refuses an integer that a number cannot hold; the others round it, which is found out later. */
function exact<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')
      throw outOfRange('a column')
    throw error
  }
}
