import { Buffer } from 'node:buffer'
import type { Driver, DriverDatabase, DriverName, DriverStatement, RunResult, Value } from './driver.js'

/** The part of better-sqlite3's interface that we use; libsql has the same. */
interface BetterDatabase {
  exec(sql: string): unknown
  prepare(sql: string): BetterStatement
  close(): unknown
}

interface BetterStatement {
  readonly reader: boolean
  raw(on: boolean): BetterStatement
  safeIntegers(on: boolean): BetterStatement
  columns(): readonly { readonly name: string }[]
  run(...params: unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(...params: unknown[]): unknown[] | undefined
  all(...params: unknown[]): unknown[][]
}

export type BetterConstructor = new (path: string) => BetterDatabase

/** A driver over better-sqlite3, or over libsql, which follows its interface. */
export function betterDriver(name: DriverName, Database: BetterConstructor): Driver {
  return { name, open: (path) => openBetter(new Database(path)) }
}

function openBetter(db: BetterDatabase): DriverDatabase {
  return {
    exec: (sql) => void db.exec(sql),
    prepare: (sql, bigints) => new Statement(db.prepare(sql), bigints),
    close: () => void db.close(),
  }
}

class Statement implements DriverStatement {
  readonly columns: readonly string[]
  readonly #inner: BetterStatement

  constructor(inner: BetterStatement, bigints: boolean) {
    this.#inner = inner
    // Only statements that return rows take these calls.
    if (inner.reader) inner.raw(true).safeIntegers(bigints)
    this.columns = inner.reader ? inner.columns().map(({ name }) => name) : []
  }

  run(params: readonly Value[]): RunResult {
    const { changes, lastInsertRowid } = this.#inner.run(...params.map(toDriver))
    return { changes, lastInsertRowid: BigInt(lastInsertRowid) }
  }

  get(params: readonly Value[]): Value[] | undefined {
    return this.#inner.get(...params.map(toDriver))?.map(fromDriver)
  }

  all(params: readonly Value[]): Value[][] {
    return this.#inner.all(...params.map(toDriver)).map((row) => row.map(fromDriver))
  }
}

/** better-sqlite3 takes bytes as Buffer only; integers as bigint, or it would store 5 as 5.0. */
function toDriver(value: Value): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
}

function fromDriver(value: unknown): Value {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  // A plain view, so that callers see the same type from every driver.
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value as Value
}
