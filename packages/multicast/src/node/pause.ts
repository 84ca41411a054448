import type { Clock } from '@mimirjs/transport'
import { MulticastError } from '../error.js'

export interface PauseSignals {
  /** Of the caller. */
  readonly signal: AbortSignal | undefined
  /** Fires when the node closes. */
  readonly ending: AbortSignal
}

/** Wait so many ms; not at all below 1. @throws {MulticastError} `aborted` | `closed` */
export function pause(clock: Clock, delayMs: number, { signal, ending }: PauseSignals): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal))
    if (delayMs <= 0) return resolve()
    const over = (finish: () => void): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      ending.removeEventListener('abort', onEnding)
      finish()
    }
    const onAbort = (): void => over(() => reject(aborted(signal)))
    const onEnding = (): void => over(() => reject(new MulticastError('closed', 'connect: the node was closed')))
    const cancel = clock.schedule(() => over(resolve), delayMs)
    signal?.addEventListener('abort', onAbort)
    ending.addEventListener('abort', onEnding)
  })
}

function aborted(signal: AbortSignal | undefined): MulticastError {
  return new MulticastError('aborted', 'connect: aborted by the signal given', { cause: signal?.reason })
}
