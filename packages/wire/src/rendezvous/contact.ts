import { isWireError, WireError } from '../error.js'
import { MAX_CONTACT_SERVERS } from './layout.js'
import { formatPeerId, type ParsePeerIdOptions, parsePeerId } from './peer-id.js'
import { checkServerUrl, MAX_SERVER_URL_LENGTH } from './server-url.js'

const PREFIX = 'rdv1:'
const PARAMETER = 's='
/** 8 percent-encoded URLs, where each character may have become nine, and room for parameters of later versions. */
const MAX_LENGTH: number = 9 * MAX_SERVER_URL_LENGTH * MAX_CONTACT_SERVERS + 4096

/** Who somebody is, and where he can be met. */
export interface RendezvousContact {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** URLs of servers as they were written, at most 8. */
  readonly servers: readonly string[]
}

/**
 * Read a contact string: `rdv1:<peer id>`, then perhaps `?s=<server URL, percent-encoded>&s=…`; parameters of other names
 * are ignored, anything wrong refuses the whole (rendezvous protocol B3).
 * @throws {WireError} `contact-string`
 */
export function parseRendezvousContact(text: string, options?: ParsePeerIdOptions): RendezvousContact {
  if (!text.startsWith(PREFIX)) throw refused(`one that starts with ${PREFIX}`)
  if (text.length > MAX_LENGTH) throw refused(`at most ${MAX_LENGTH} characters`)
  const mark = text.indexOf('?')
  const peerId = text.slice(PREFIX.length, mark < 0 ? undefined : mark)
  const parameters = mark < 0 ? [] : text.slice(mark + 1).split('&')
  const encoded = parameters.filter((parameter) => parameter.startsWith(PARAMETER))
  if (encoded.length > MAX_CONTACT_SERVERS) throw refused(`at most ${MAX_CONTACT_SERVERS} servers`)
  try {
    return {
      publicKey: parsePeerId(peerId, options),
      servers: encoded.map((parameter) => checkServerUrl(decodeURIComponent(parameter.slice(PARAMETER.length)))),
    }
  } catch (cause) {
    if (isWireError(cause)) throw refused(`good parts (${cause.message})`, { cause })
    throw refused('percent-encoding of UTF-8', { cause })
  }
}

/**
 * The contact string of somebody: what {@link parseRendezvousContact} reads (rendezvous protocol B3).
 * @throws {WireError} `contact-string` above 8 servers | `length` of the key | `server-url`
 */
export function formatRendezvousContact({ publicKey, servers }: RendezvousContact): string {
  if (servers.length > MAX_CONTACT_SERVERS) throw refused(`at most ${MAX_CONTACT_SERVERS} servers`)
  const parameters = servers.map((url) => `${PARAMETER}${encodeURIComponent(checkServerUrl(url))}`)
  return `${PREFIX}${formatPeerId(publicKey)}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`
}

function refused(expected: string, options?: ErrorOptions): WireError {
  return new WireError('contact-string', `contact string: expected ${expected}`, options)
}
