import { isMediatorError, type MediatorError } from '@mimirjs/mediator-client'
import { isMessengerError, MessengerError, type MessengerErrorCode } from '../error.js'

const CODES: Readonly<Partial<Record<MediatorError['code'], MessengerErrorCode>>> = {
  'not-member': 'not-member',
  'read-only': 'forbidden',
  forbidden: 'forbidden',
  unsupported: 'unsupported',
  aborted: 'aborted',
  closed: 'closed',
}

/** What went wrong at a mediator, as an error of this package. @param what - what was tried */
export function groupError(what: string, cause: unknown): unknown {
  if (!isMediatorError(cause)) return cause
  return new MessengerError(CODES[cause.code] ?? 'mediator', `${what}: ${cause.remoteText ?? cause.message}`, { cause })
}

/** Run this, with what goes wrong at the mediator as an error of this package. @throws {MessengerError} */
export async function atMediator<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw groupError(what, cause)
  }
}

/** Whether trying the same again may help: the way was at fault, not the request. */
export function isPassing(cause: unknown): boolean {
  return isMediatorError(cause) && PASSING.has(cause.code)
}

/** Whether it was not done, and will not be if it is tried again: it was refused, there or here. */
export function isRefusal(error: unknown): boolean {
  const cause = isMessengerError(error) ? error.cause : error
  return isMediatorError(cause) && !cause.isTransient && !UNKNOWN_END.has(cause.code)
}

const PASSING: ReadonlySet<string> = new Set(['timeout', 'not-connected', 'server', 'rate-limit', 'busy'])
const UNKNOWN_END: ReadonlySet<string> = new Set(['closed', 'aborted', 'protocol'])
