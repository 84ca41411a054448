import { RendezvousError } from '../../error.js'
import type { LegacyLink } from '../link.js'

interface Waiter {
  readonly resolve: (link: LegacyLink) => void
  readonly reject: (error: Error) => void
}

/** Those who wait for a link with somebody. */
export class Waiters {
  readonly #waiting = new Map<string, Set<Waiter>>()
  readonly #abandoned: (pem: string) => void

  /** @param abandoned - told when nobody waits for that one any more */
  constructor(abandoned: (pem: string) => void) {
    this.#abandoned = abandoned
  }

  wait(pem: string, signal: AbortSignal | undefined): Promise<LegacyLink> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        const cause: unknown = signal?.reason
        settle(() => reject(new RendezvousError('aborted', 'the attempt to connect was given up', { cause })))
        if (!this.#waiting.has(pem)) this.#abandoned(pem)
      }
      const waiters = this.#waiting.get(pem) ?? new Set<Waiter>()
      const waiter: Waiter = {
        resolve: (link) => settle(() => resolve(link)),
        reject: (error) => settle(() => reject(error)),
      }
      const settle = (tell: () => void): void => {
        signal?.removeEventListener('abort', aborted)
        waiters.delete(waiter)
        if (waiters.size === 0) this.#waiting.delete(pem)
        tell()
      }
      waiters.add(waiter)
      this.#waiting.set(pem, waiters)
      signal?.addEventListener('abort', aborted, { once: true })
      if (signal?.aborted === true) aborted()
    })
  }

  resolve(pem: string, link: LegacyLink): void {
    for (const waiter of [...(this.#waiting.get(pem) ?? [])]) waiter.resolve(link)
  }

  reject(pem: string, error: Error): void {
    for (const waiter of [...(this.#waiting.get(pem) ?? [])]) waiter.reject(error)
  }

  rejectAll(error: Error): void {
    for (const pem of [...this.#waiting.keys()]) this.reject(pem, error)
  }
}
