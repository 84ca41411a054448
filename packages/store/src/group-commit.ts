import type { StoreError } from './error.js'

interface Work {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers the writes of one event-loop turn into one transaction. One COMMIT then pays for all of them, and a lone
 * write still commits within its turn.
 *
 * A work that throws must not take the others with it: the transaction is rolled back and run again without it. So
 * works must be nothing but statements, and may run more than once.
 */
export class GroupCommit {
  readonly #transaction: (work: () => void) => void
  #queue: Work[] = []
  #scheduled: NodeJS.Immediate | undefined

  /** @param transaction - runs its argument between BEGIN and COMMIT, or throws and leaves nothing behind */
  constructor(transaction: (work: () => void) => void) {
    this.#transaction = transaction
  }

  add<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: never) => void, reject })
      this.#scheduled ??= setImmediate(() => this.flush())
    })
  }

  /** Commit what is queued now. */
  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    let works = this.#queue
    this.#queue = []
    while (works.length > 0) works = this.#commit(works)
  }

  /** Fail what is queued. */
  fail(error: StoreError): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    for (const { reject } of this.#queue.splice(0)) reject(error)
  }

  /** @returns the works to run again, without the one that threw */
  #commit(works: Work[]): Work[] {
    const results: unknown[] = []
    let failed: { index: number; error: unknown } | undefined
    try {
      this.#transaction(() => {
        for (const [index, { run }] of works.entries()) {
          try {
            results.push(run())
          } catch (error) {
            failed = { index, error }
            throw error
          }
        }
      })
    } catch (error) {
      if (!failed) {
        for (const { reject } of works) reject(error)
        return []
      }
      works[failed.index]!.reject(failed.error)
      return works.filter((_, index) => index !== failed?.index)
    }
    for (const [index, { resolve }] of works.entries()) resolve(results[index] as never)
    return []
  }
}
