import { MessengerError } from '../error.js'

/** One call from its start to its end: what its caller, or the end of the client, can cut short at any point. */
export class Scope {
  readonly #signal: AbortSignal | undefined
  readonly #rejects = new Set<(reason: MessengerError) => void>()
  #reason: MessengerError | undefined

  /** @param doing - for the message of the error: `upload` */
  constructor(doing: string, signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#onAbort = () => {
      this.end(new MessengerError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', this.#onAbort)
  }

  readonly #onAbort: () => void

  /** Why it was cut short. */
  get reason(): MessengerError | undefined {
    return this.#reason
  }

  /** What `promise` gives, unless the scope ends before. Whatever it still gives then is dropped. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason === undefined) this.#rejects.add(reject)
      else reject(this.#reason)
      promise.then(
        (value) => {
          this.#rejects.delete(reject)
          resolve(value)
        },
        (error: Error) => {
          this.#rejects.delete(reject)
          reject(error)
        },
      )
    })
  }

  /** Cut it short: what waits rejects with this. */
  end(reason: MessengerError): void {
    this.#reason ??= reason
    for (const reject of this.#rejects) reject(this.#reason)
    this.#rejects.clear()
  }

  /** The call is over: let go of the caller's signal. */
  release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
