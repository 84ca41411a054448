import type { Clock } from '@mimirjs/transport'
import { MessengerError } from '../error.js'

/** Waiting that ends when the messenger does. */
export class Pauses {
  readonly #clock: Clock
  readonly #ends = new Set<() => void>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws {MessengerError} `aborted` | `closed` */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel()
        this.#ends.delete(close)
        signal?.removeEventListener('abort', abort)
      }
      const close = (): void => {
        leave()
        reject(new MessengerError('closed', 'the messenger is closed'))
      }
      const abort = (): void => {
        leave()
        reject(new MessengerError('aborted', 'waiting for the mediator was aborted', { cause: signal?.reason }))
      }
      const cancel = this.#clock.schedule(() => {
        leave()
        resolve()
      }, ms)
      this.#ends.add(close)
      signal?.addEventListener('abort', abort)
      if (this.#isClosed) close()
      else if (signal?.aborted) abort()
    })
  }

  close(): void {
    this.#isClosed = true
    for (const end of [...this.#ends]) end()
  }
}
