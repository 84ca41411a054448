import type { Clock } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import type { Settle } from './requests.js'

/** Gives up what was begun, with this error. */
export type GiveUp = (error: YggdrasilError) => void

/** A promise for something that can be given up. Rejects with `aborted`, the reason of the signal as cause. */
export function abortable<Result>(
  signal: AbortSignal | undefined,
  begin: (settle: Settle<Result>) => GiveUp,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const aborted = () => new YggdrasilError('aborted', 'given up by the signal', { cause: signal?.reason })
    if (signal?.aborted) {
      reject(aborted())
      return
    }
    const onAbort = () => giveUp(aborted())
    const done = () => signal?.removeEventListener('abort', onAbort)
    const giveUp = begin({
      resolve(result) {
        done()
        resolve(result)
      },
      reject(error) {
        done()
        reject(error)
      },
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Those who wait until something is so. */
export class Waiters {
  readonly #clock: Clock
  readonly #isSo: () => boolean
  readonly #waiting = new Set<Settle<void>>()

  /** @param isSo - asked only while somebody waits */
  constructor(clock: Clock, isSo: () => boolean) {
    this.#clock = clock
    this.#isSo = isSo
  }

  wait(timeoutMs: number, what: string, settle: Settle<void>): GiveUp {
    if (this.#isSo()) {
      settle.resolve()
      return () => {}
    }
    const finish = () => {
      cancel()
      return this.#waiting.delete(waiter)
    }
    const waiter: Settle<void> = {
      resolve: () => {
        if (finish()) settle.resolve()
      },
      reject: (error) => {
        if (finish()) settle.reject(error)
      },
    }
    const cancel = this.#clock.schedule(() => waiter.reject(new YggdrasilError('timeout', what)), timeoutMs)
    this.#waiting.add(waiter)
    return (error) => waiter.reject(error)
  }

  /** Something has changed. */
  check(): void {
    if (this.#waiting.size === 0 || !this.#isSo()) return
    for (const waiter of [...this.#waiting]) waiter.resolve()
  }

  close(error: YggdrasilError): void {
    for (const waiter of [...this.#waiting]) waiter.reject(error)
  }
}
