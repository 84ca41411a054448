import { synchronous } from './synchronous.js'

/** What group commit needs of a database. Works and bodies are synchronous. */
export interface TransactionRunner {
  /** Run `body` between BEGIN and COMMIT. Throws what `body` or COMMIT threw, and has then undone everything. */
  transaction(body: () => void): void
  /** Run `body` inside the transaction; if it throws, undo its effects alone and throw that. */
  savepoint(body: () => void): void
}

interface Work {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers the writes of one turn of the event loop into one transaction: one COMMIT, and one fsync, pays for all. The
 * flush is a `setImmediate`, which runs after the sockets of this turn were read and before the next are: it gathers
 * what came over all of them, and a lone write still commits within its turn.
 *
 * Nearly always no work throws, so the first attempt spends nothing on the case: the works follow each other bare. If
 * one does throw, everything is rolled back and run once more, each work in a savepoint of its own. Works may therefore
 * run twice, never more.
 */
export class GroupCommit {
  readonly #runner: TransactionRunner
  #queue: Work[] = []
  #scheduled: NodeJS.Immediate | undefined

  constructor(runner: TransactionRunner) {
    this.#runner = runner
  }

  add<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve, reject })
      this.#scheduled ??= setImmediate(() => this.flush())
    })
  }

  /** Commit what is queued now. Never throws: whoever queued a work hears how it went. */
  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const works = this.#queue
    if (works.length === 0) return
    this.#queue = []
    if (!this.#runBare(works)) this.#runApart(works)
  }

  /** @returns whether the works are settled; `false`: one of them threw, and none left anything behind */
  #runBare(works: readonly Work[]): boolean {
    const results: unknown[] = []
    let thrown = false
    try {
      this.#runner.transaction(() => {
        for (const { run } of works) {
          thrown = true
          results.push(synchronous(run()))
          thrown = false
        }
      })
    } catch (error) {
      if (thrown && works.length > 1) return false
      // A work alone needs no second attempt, and a COMMIT that failed would fail again.
      for (const { reject } of works) reject(error)
      return true
    }
    for (const [index, { resolve }] of works.entries()) resolve(results[index] as never)
    return true
  }

  #runApart(works: readonly Work[]): void {
    const settle: (() => void)[] = []
    try {
      this.#runner.transaction(() => {
        for (const { run, resolve, reject } of works) {
          let result: unknown
          try {
            this.#runner.savepoint(() => {
              result = synchronous(run())
            })
            settle.push(() => resolve(result as never))
          } catch (error) {
            settle.push(() => reject(error))
          }
        }
      })
    } catch (error) {
      for (const { reject } of works) reject(error)
      return
    }
    for (const run of settle) run()
  }
}
