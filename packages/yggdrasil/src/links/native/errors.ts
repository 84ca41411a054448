import { YggdrasilError, type YggdrasilErrorCode } from '../../error.js'

const CODES: Readonly<Record<string, YggdrasilErrorCode>> = {
  ECONNREFUSED: 'refused',
  EADDRINUSE: 'address-in-use',
  EACCES: 'address-in-use',
  EPERM: 'address-in-use',
  EADDRNOTAVAIL: 'unreachable',
  ENOENT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EINVAL: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EAI_NODATA: 'unreachable',
  EAI_NONAME: 'unreachable',
  ETIMEDOUT: 'timeout',
  EPROTO: 'handshake',
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'too-large',
}

const HINTS: Partial<Record<YggdrasilErrorCode, string>> = {
  refused: 'nobody listens there',
  'address-in-use': 'the address is taken, or may not be used: choose another one, or stop the program that has it',
  unreachable: 'no way there: check the name, the address and the network',
  timeout: 'no answer',
  handshake: 'the other side does not speak TLS there: it may be a tcp:// or ws:// address',
  malformed: 'what came is no WebSocket frame',
  'too-large': 'a WebSocket message above the limit',
  link: 'the connection broke',
}

/**
 * A failure of the system as an error of this package.
 * @param doing - what was tried: `dial tls://…`
 */
export function systemError(error: Error, doing: string): YggdrasilError {
  const systemCode = systemCodeOf(error)
  const code = codeOf(systemCode ?? '')
  return new YggdrasilError(code, `${doing}: ${HINTS[code]} (${systemCode ?? error.message})`, { cause: error })
}

/** The same for a dial: there, what breaks off a connection is that the two sides speak different languages. */
export function dialError(error: Error, doing: string): YggdrasilError {
  const found = systemError(error, doing)
  return found.code === 'link' || found.code === 'malformed' ? hungUp(doing, error) : found
}

/** The other side ended a connection before it was open for us. */
export function hungUp(doing: string, cause?: Error): YggdrasilError {
  const detail = cause === undefined ? '' : ` (${systemCodeOf(cause) ?? cause.message})`
  const text = `${doing}: the other side hung up at once: check that it speaks this scheme on this port${detail}`
  return new YggdrasilError('handshake', text, cause && { cause })
}

function systemCodeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function codeOf(systemCode: string): YggdrasilErrorCode {
  const code = CODES[systemCode]
  if (code !== undefined) return code
  if (systemCode.startsWith('ERR_SSL_')) return 'handshake'
  return systemCode.startsWith('WS_ERR_') ? 'malformed' : 'link'
}

/** What a dial ends with after its signal. */
export function dialAborted(doing: string, signal: AbortSignal): YggdrasilError {
  return new YggdrasilError('aborted', `${doing}: given up`, { cause: signal.reason })
}
