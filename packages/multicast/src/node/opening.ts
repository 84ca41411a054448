import { MulticastError } from '../error.js'
import { deferred } from './deferred.js'

/** The opening of a session that several wait for. */
export interface Opening {
  /**
   * Resolves when the session is open. When the last who waits has aborted, the opening is given up.
   * @throws {MulticastError} `aborted`, or what made the opening fail
   */
  wait(signal: AbortSignal | undefined): Promise<void>
}

/**
 * @param open - does it; its signal fires when nobody waits any more
 * @param over - called once, when it is done or has failed
 */
export function openingOf(open: (signal: AbortSignal) => Promise<unknown>, over: () => void): Opening {
  const controller = new AbortController()
  const done = open(controller.signal).then(() => undefined)
  done.then(over, over)
  let waiting = 0
  return {
    wait: async (signal) => {
      const aborted = deferred<undefined>()
      const onAbort = (): void => {
        const cause: unknown = signal?.reason
        aborted.reject(new MulticastError('aborted', 'open a session: aborted by the signal given', { cause }))
      }
      signal?.addEventListener('abort', onAbort)
      waiting++
      try {
        await Promise.race([done, aborted.promise])
      } finally {
        signal?.removeEventListener('abort', onAbort)
        if (--waiting === 0) controller.abort()
      }
    },
  }
}
