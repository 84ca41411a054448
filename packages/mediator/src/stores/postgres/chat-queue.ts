/** Programs that share a transaction, at most: so many wait for each other's locks and results. */
const MAX_BATCH = 64

/** What waits its turn in a queue. */
export interface Waiting<T> {
  readonly item: T
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * One queue for each key: items of one key are handed over one batch after the other, in order; items of different keys
 * do not wait for each other. What comes while a batch is at work is the next batch, so that the more there is to do,
 * the more share a commit.
 */
export class KeyedQueue<T> {
  readonly #runBatch: (key: bigint, batch: readonly Waiting<T>[]) => Promise<void>
  readonly #queues = new Map<bigint, Waiting<T>[]>()
  readonly #running = new Set<Promise<void>>()

  /** @param runBatch - settles every item, and never rejects */
  constructor(runBatch: (key: bigint, batch: readonly Waiting<T>[]) => Promise<void>) {
    this.#runBatch = runBatch
  }

  add<R>(key: bigint, item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const waiting = { item, resolve, reject }
      const queue = this.#queues.get(key)
      if (queue !== undefined) {
        queue.push(waiting)
        return
      }
      this.#queues.set(key, [waiting])
      const drained = this.#drain(key)
      this.#running.add(drained)
      void drained.then(() => this.#running.delete(drained))
    })
  }

  /** Resolves when nothing is queued or at work any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #drain(key: bigint): Promise<void> {
    const queue = this.#queues.get(key)
    if (queue === undefined) return
    // What is asked for in this turn of the event loop goes together.
    await Promise.resolve()
    while (queue.length > 0) await this.#runBatch(key, queue.splice(0, MAX_BATCH))
    this.#queues.delete(key)
  }
}
