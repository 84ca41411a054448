import type { DriverStatement, RunResult } from './driver.js'
import { bindAll, type Row, type Value } from './value.js'

/**
 * A prepared statement. Parameters are plain `?`, one value each, in order. Bytes are not copied: change none before the
 * call is over. Every method is synchronous and throws `StoreError`, or `TypeError` for parameters that do not fit.
 */
export interface Statement {
  run(...params: Value[]): RunResult
  /** The first row. */
  get(...params: Value[]): Row | undefined
  all(...params: Value[]): Row[]
}

/** What a statement needs of its database. */
export interface StatementOwner {
  /** @throws {StoreError} when no statement may run */
  requireUsable(): void
  /** What is thrown for an error of the driver. */
  failed(error: unknown): Error
}

export class PreparedStatement implements Statement {
  readonly #owner: StatementOwner
  readonly #inner: DriverStatement
  readonly #parameterCount: number

  constructor(owner: StatementOwner, inner: DriverStatement, parameterCount: number) {
    this.#owner = owner
    this.#inner = inner
    this.#parameterCount = parameterCount
  }

  run(...params: Value[]): RunResult {
    this.#owner.requireUsable()
    const bound = bindAll(params, this.#parameterCount)
    try {
      return this.#inner.run(bound)
    } catch (error) {
      throw this.#owner.failed(error)
    }
  }

  get(...params: Value[]): Row | undefined {
    this.#owner.requireUsable()
    const bound = bindAll(params, this.#parameterCount)
    try {
      return this.#inner.get(bound)
    } catch (error) {
      throw this.#owner.failed(error)
    }
  }

  all(...params: Value[]): Row[] {
    this.#owner.requireUsable()
    const bound = bindAll(params, this.#parameterCount)
    try {
      return this.#inner.all(bound)
    } catch (error) {
      throw this.#owner.failed(error)
    }
  }
}
