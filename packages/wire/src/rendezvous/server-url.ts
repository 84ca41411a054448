import { WireError } from '../error.js'
import { MAX_SERVER_NAME_LENGTH } from './layout.js'

/** Longest URL of a server that is taken, in characters. Ours: the protocol sets none. */
export const MAX_SERVER_URL_LENGTH = 1024
/** Where `ws:` is as good as `wss:`: nothing leaves this machine. */
const OWN_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether a server may be dialled under this URL: `wss:`, or `ws:` on this machine; no user, no fragment (rendezvous
 * protocol B4).
 * @returns the same text
 * @throws {WireError} `server-url`
 */
export function checkServerUrl(url: string): string {
  parse(url)
  return url
}

/**
 * The name that a client signs when it logs in: scheme, host, and the port where it is not that of the scheme, as the
 * URL parser prints them (rendezvous protocol B4).
 * @throws {WireError} `server-url` for a URL that may not be dialled
 */
export function serverName(url: string): string {
  const { protocol, host } = parse(url)
  return `${protocol}//${host}`
}

function parse(text: string): URL {
  if (text.length > MAX_SERVER_URL_LENGTH) {
    throw refused(`at most ${MAX_SERVER_URL_LENGTH} characters, got ${text.length}`)
  }
  // The parser drops line ends and tabs, and spaces around: whoever sees two texts should not get one server.
  if (/[\0-\x20\x7f]/.test(text)) throw refused('no white space and no control character')
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw refused('one that starts with wss:// and names a host', { cause })
  }
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') throw refused(`wss://, got ${url.protocol}`)
  if (url.protocol === 'ws:' && !OWN_HOSTS.includes(url.hostname)) {
    throw refused(`wss://, as ws:// is for this machine alone (${OWN_HOSTS.join(', ')})`)
  }
  if (url.username !== '' || url.password !== '') throw refused('no user name and no password in it')
  if (url.href.includes('#')) throw refused('no # in it')
  if (url.protocol.length + 2 + url.host.length > MAX_SERVER_NAME_LENGTH) throw refused('a host with a shorter name')
  return url
}

function refused(expected: string, options?: ErrorOptions): WireError {
  return new WireError('server-url', `server URL: expected ${expected}`, { ...options, field: 'url' })
}
