import { isTransportError, TransportError, type TransportErrorCode } from './error.js'

const CODES: Readonly<Record<string, TransportErrorCode>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'denied',
  EPERM: 'denied',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EAI_NODATA: 'unreachable',
  EAI_NONAME: 'unreachable',
  EMSGSIZE: 'too-large',
}

const HINTS: Partial<Record<TransportErrorCode, string>> = {
  refused: 'nobody listens there',
  'address-in-use': 'another program listens there: choose another port or stop it',
  denied: 'the system does not permit it: a port below 1024 needs rights, a firewall may forbid it',
  unreachable: 'no way there: check the name, the address and the network',
}

/**
 * A system failure (an `errno` error of the runtime) as a {@link TransportError}.
 * @param doing - what was tried, for the message: `dial tcp://…`
 */
export function fromSystemError(error: Error, doing: string): TransportError {
  const systemCode = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const code = (systemCode === undefined ? undefined : CODES[systemCode]) ?? 'io'
  const hint = HINTS[code]
  const detail = systemCode ?? error.message
  return new TransportError(code, `${doing}: ${hint === undefined ? detail : `${hint} (${detail})`}`, { cause: error })
}

/** What a stream reports after `abort(error)`: the caller's own {@link TransportError}, anything else wrapped. */
export function abortError(error: Error | undefined, doing: string): TransportError {
  if (isTransportError(error)) return error
  const why = error === undefined ? '' : `: ${error.message}`
  return new TransportError('aborted', `${doing} aborted by this side${why}`, error && { cause: error })
}
