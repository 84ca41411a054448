import type { Driver, DriverStatement, RunResult, Value } from './driver.js'

/** The part of `node:sqlite` that we use; Node 20 has neither the module nor its types. */
interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): NodeStatement
  close(): void
}

interface NodeStatement {
  setReadBigInts(on: boolean): void
  columns?(): readonly { readonly name: string }[]
  run(...params: unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...params: unknown[]): Record<string, unknown> | undefined
  all(...params: unknown[]): Record<string, unknown>[]
}

export type NodeConstructor = new (path: string) => NodeDatabase

/** The driver that Node itself brings from version 22 on. */
export function nodeDriver(DatabaseSync: NodeConstructor): Driver {
  return {
    name: 'node:sqlite',
    open(path) {
      const db = new DatabaseSync(path)
      return {
        exec: (sql) => db.exec(sql),
        prepare: (sql, bigints) => new Statement(db.prepare(sql), bigints),
        close: () => db.close(),
      }
    },
  }
}

class Statement implements DriverStatement {
  columns: readonly string[] = []
  readonly #inner: NodeStatement

  constructor(inner: NodeStatement, bigints: boolean) {
    this.#inner = inner
    inner.setReadBigInts(bigints)
  }

  run(params: readonly Value[]): RunResult {
    const { changes, lastInsertRowid } = this.#inner.run(...params.map(toDriver))
    return { changes: Number(changes), lastInsertRowid: BigInt(lastInsertRowid) }
  }

  get(params: readonly Value[]): Value[] | undefined {
    const row = this.#inner.get(...params.map(toDriver))
    return row && this.#toArray(row)
  }

  all(params: readonly Value[]): Value[][] {
    return this.#inner.all(...params.map(toDriver)).map((row) => this.#toArray(row))
  }

  /** Node's rows have their columns in order; their names are learnt from the first row. */
  #toArray(row: Record<string, unknown>): Value[] {
    if (this.columns.length === 0) this.columns = Object.keys(row)
    return Object.values(row) as Value[]
  }
}

function toDriver(value: Value): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
}
