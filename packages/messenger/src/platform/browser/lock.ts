import { steadyClock } from '@mimirjs/transport'
import { MessengerError } from '../../error.js'

/** A page that is loaded again may be there before the one that it replaces is gone. */
const GRACE_MS = 2_000

/**
 * Be the only page that has this name open. The browser lets go of it for a page that goes.
 * @param locks - where there are none, in old browsers and over insecure connections, nothing is locked: of two pages with the
 * same name, the databases then take changes from the one that opened them last
 * @returns what lets go of it
 * @throws {MessengerError} `in-use`
 */
export async function lockName(
  name: string,
  locks: LockManager | undefined = (globalThis.navigator as Navigator | undefined)?.locks,
  graceMs: number = GRACE_MS,
): Promise<() => void> {
  if (locks === undefined) return () => {}
  const late = new AbortController()
  const cancel = steadyClock.schedule(() => late.abort(), graceMs)
  try {
    return await new Promise<() => void>((resolve, reject) => {
      const hold = (): Promise<void> => new Promise((release) => resolve(release))
      locks.request(`mimir-${name}`, { signal: late.signal }, hold).catch(reject)
    })
  } catch (cause) {
    if (!late.signal.aborted) throw cause
    throw new MessengerError('in-use', `${name} is open in another page: close that one, or choose another name`, {
      cause,
    })
  } finally {
    cancel()
  }
}
