/** One after the other, for each key. */
export class Locks {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const last = turn.catch(() => {})
    this.#last.set(key, last)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === last) this.#last.delete(key)
    }
  }
}
