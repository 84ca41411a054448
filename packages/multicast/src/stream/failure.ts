import { isTransportError, TransportError, type TransportErrorCode } from '@mimirjs/transport'
import { isMulticastError, type MulticastErrorCode } from '../error.js'
import type { StreamFailure } from './types.js'

const FAILURES: Readonly<Record<StreamFailure, readonly [TransportErrorCode, string]>> = {
  refused: ['refused', 'nobody takes streams there'],
  busy: ['refused', 'the other side has all the streams it takes'],
  reset: ['reset', 'cut by the other side'],
  broken: ['reset', 'cut: the other side speaks another stream layer'],
  timeout: ['timeout', 'no answer in time'],
  aborted: ['aborted', 'aborted by this side'],
  socket: ['io', 'the socket of the node failed'],
}

const CODES: Partial<Record<MulticastErrorCode, TransportErrorCode>> = {
  'bad-address': 'bad-address',
  'bad-key': 'bad-address',
  aborted: 'aborted',
  closed: 'aborted',
  'no-response': 'timeout',
  misuse: 'misuse',
}

/** Why a stream ended. @param doing - what was tried: `dial mp2p://…` */
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

/** A failure of the node, for users of streams. */
export function transportError(error: unknown, doing: string): TransportError {
  if (isTransportError(error)) return error
  const code = (isMulticastError(error) && CODES[error.code]) || 'io'
  const why = error instanceof Error ? error.message : String(error)
  return new TransportError(code, `${doing}: ${why}`, { cause: error })
}
