import { isMessengerError, MessengerError } from './error.js'

/** Whether a store of `@mimirjs/store` failed: by its name, for browsers have no such package. */
export function isStoreError(error: unknown): boolean {
  return error instanceof Error && error.name === 'StoreError'
}

/** What goes wrong in a store, as an error of this package. */
export function storeError(cause: unknown): MessengerError {
  if (isMessengerError(cause)) return cause
  return new MessengerError('store', cause instanceof Error ? cause.message : String(cause), { cause })
}

/** Whether there was no room for it, in a browser or on a disk. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const isIt = error.name === 'QuotaExceededError' || (isStoreError(error) && 'code' in error && error.code === 'full')
  return isIt || isFull(error.cause)
}

/** The way to the store for a messenger that ends some day: its errors are ours, and closing waits for what is under way. */
export class StoreAccess {
  readonly #underWay = new Set<Promise<void>>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  /** @throws {MessengerError} `store` | `closed` */
  async ask<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new MessengerError('closed', 'the messenger is closed')
    try {
      return await this.track(work())
    } catch (cause) {
      throw storeError(cause)
    }
  }

  /** Remember work on the store, so that {@link close} waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    )
    this.#underWay.add(settled)
    void settled.then(() => this.#underWay.delete(settled))
    return work
  }

  /** Let nothing new in; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#underWay)
  }
}
