import { isTransportError, TransportError, type TransportErrorCode } from '@mimirjs/transport'
import { isYggdrasilError, type YggdrasilErrorCode } from '../error.js'
import type { StreamFailure } from './types.js'

const FAILURES: Readonly<Record<StreamFailure, readonly [TransportErrorCode, string]>> = {
  refused: ['refused', 'nobody listens there'],
  reset: ['reset', 'cut by the other side'],
  timeout: ['timeout', 'no answer in time'],
  aborted: ['aborted', 'aborted by this side'],
  'too-long': ['too-large', 'a stream carries at most 4,294,967,294 bytes in each direction: go on in another one'],
}

const CODES: Partial<Record<YggdrasilErrorCode, TransportErrorCode>> = {
  'address-in-use': 'address-in-use',
  misuse: 'bad-address',
  'too-large': 'too-large',
  closed: 'aborted',
}

/** Why a connection ended, for users of streams. @param doing - what was tried: `dial ygg://…` */
export function streamError(failure: StreamFailure, doing: string): TransportError {
  const [code, why] = FAILURES[failure]
  return new TransportError(code, `${doing}: ${why}`)
}

/** What a stream reports after `abort(error)`: the caller's own {@link TransportError}, anything else wrapped. */
export function abortError(error: Error | undefined, doing: string): TransportError {
  if (isTransportError(error)) return error
  const why = error === undefined ? '' : `: ${error.message}`
  return new TransportError('aborted', `${doing}: aborted by this side${why}`, error && { cause: error })
}

/** What a stack refused, for users of transports. */
export function transportError(error: unknown, doing: string): unknown {
  if (!isYggdrasilError(error)) return error
  return new TransportError(CODES[error.code] ?? 'io', `${doing}: ${error.message}`, { cause: error })
}
