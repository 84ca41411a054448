import { type Deferred, deferred } from './deferred.js'

/** Lets so many run at one time, the others in the order in which they came. */
export class Turns {
  #free: number
  readonly #waiting: Deferred<void>[] = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) {
      this.#free--
    } else {
      const turn = deferred()
      this.#waiting.push(turn)
      await turn.promise
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next.resolve()
    }
  }
}
