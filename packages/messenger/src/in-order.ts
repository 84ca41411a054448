import { MessengerError } from './error.js'

interface Line {
  /** Works that are not settled. */
  waiting: number
  /** Place of the first work that failed and has not succeeded since. */
  failedAt: number
}

/**
 * Works that a store may run one after the other, or again each on its own (see `GroupCommit`): once one has failed,
 * those behind it under the same key fail as well, until all of them are settled.
 */
export class InOrder {
  readonly #lines = new Map<string, Line>()
  #places = 0

  /**
   * @param write - hands the work to the store; it runs once or twice, in order with others
   * @param work - throws what makes it fail
   */
  async add<T>(key: string, write: (work: () => T) => Promise<T>, work: () => T): Promise<T> {
    const line = this.#lines.get(key) ?? { waiting: 0, failedAt: Number.POSITIVE_INFINITY }
    this.#lines.set(key, line)
    const place = ++this.#places
    line.waiting++
    const run = (): T => {
      if (place > line.failedAt) throw new MessengerError('store', 'a message before this one could not be stored')
      try {
        const result = work()
        if (line.failedAt === place) line.failedAt = Number.POSITIVE_INFINITY
        return result
      } catch (error) {
        line.failedAt = place
        throw error
      }
    }
    try {
      return await write(run)
    } finally {
      if (--line.waiting === 0) this.#lines.delete(key)
    }
  }
}
