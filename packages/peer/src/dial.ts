import { isPeerError, PeerError } from './error.js'

/** One attempt at one address: resolves with a READY connection, rejects when the address does not lead to one. */
export type Attempt<T> = (address: string, signal: AbortSignal) => Promise<T>

interface Waiter<T> {
  resolve(connection: T): void
  reject(error: PeerError): void
}

/**
 * The one dial to an identity: addresses in order, until one leads to a READY connection. Whoever wants the identity
 * meanwhile waits with the others; when the last one has given up, so does the dial.
 */
export class Dial<T> {
  readonly #attempt: Attempt<T>
  readonly #maxAddresses: number
  readonly #onSettled: () => void
  readonly #addresses: string[] = []
  readonly #errors: unknown[] = []
  readonly #waiters = new Set<Waiter<T>>()
  #attempting: AbortController | undefined
  #settled = false

  /** @param onSettled - the dial is decided: nobody may join it any more */
  constructor(attempt: Attempt<T>, maxAddresses: number, onSettled: () => void) {
    this.#attempt = attempt
    this.#maxAddresses = maxAddresses
    this.#onSettled = onSettled
  }

  /** Add addresses behind those not yet tried; those known are not tried twice. */
  add(addresses: readonly string[]): void {
    for (const address of addresses) {
      if (this.#addresses.length >= this.#maxAddresses) return
      if (!this.#addresses.includes(address)) this.#addresses.push(address)
    }
  }

  /** Try until something is decided. Never rejects: {@link wait} tells. */
  async run(): Promise<void> {
    for (let index = 0; index < this.#addresses.length && !this.#settled; index++) {
      this.#attempting = new AbortController()
      try {
        this.#succeed(await this.#attempt(this.#addresses[index]!, this.#attempting.signal))
      } catch (error) {
        this.#errors.push(error)
        this.#attempting = undefined
      }
    }
    if (!this.#settled) this.fail(this.#verdict())
  }

  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters.delete(waiter)
        reject(abortedBy(signal))
        if (this.#waiters.size === 0) this.fail(abortedBy(signal))
      }
      const done = (): void => signal?.removeEventListener('abort', giveUp)
      const waiter: Waiter<T> = {
        resolve(connection) {
          done()
          resolve(connection)
        },
        reject(error) {
          done()
          reject(error)
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', giveUp)
    })
  }

  /** A READY connection came from elsewhere. */
  preempt(connection: T): void {
    this.#succeed(connection)
    this.#attempting?.abort()
  }

  #succeed(connection: T): void {
    this.#settle((waiter) => waiter.resolve(connection))
  }

  fail(error: PeerError): void {
    this.#settle((waiter) => waiter.reject(error))
    this.#attempting?.abort()
  }

  #settle(tell: (waiter: Waiter<T>) => void): void {
    if (this.#settled) return
    this.#settled = true
    this.#onSettled()
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) tell(waiter)
  }

  /** An impostor at one of the addresses is worth more than the news that others did not answer. */
  #verdict(): PeerError {
    const cause = new AggregateError(this.#errors, 'every address failed')
    const told = this.#errors.map((error, index) => `${this.#addresses[index]}: ${codeOf(error)}`).join(', ')
    if (this.#errors.some((error) => isPeerError(error) && error.code === 'bad-signature')) {
      return new PeerError('bad-signature', `somebody else answered at an address of this identity (${told})`, {
        cause,
      })
    }
    return new PeerError('unreachable', told === '' ? 'no address to dial' : `no address led to READY (${told})`, {
      cause,
    })
  }
}

export function abortedBy(signal: AbortSignal | undefined): PeerError {
  return new PeerError('aborted', 'connecting was given up by the caller', { cause: signal?.reason })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
