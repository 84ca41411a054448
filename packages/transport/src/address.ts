import { TransportError } from './error.js'
import { formatIp, parseIp } from './ip.js'

/** An address URL taken apart. */
export interface Address {
  /** URL scheme without the colon, lower case: `tcp`, `udp`, `memory`, `ygg`. */
  readonly scheme: string
  /** Host name, IP literal (IPv6 without brackets, canonical, perhaps with `%zone`), key, or memory name; lower case. */
  readonly host: string
  /** 0 to 65535. 0 asks a listener's system to choose; it is always 0 for schemes without ports (`memory`). */
  readonly port: number
}

/** Longest address text accepted, in characters: a DNS name has at most 253. */
const MAX_ADDRESS_CHARS = 300
const SCHEMES_WITHOUT_PORT: ReadonlySet<string> = new Set(['memory'])
const SCHEME = /^([a-z][a-z0-9+.-]{0,30}):\/\/(.+)$/s
const HOST = /^[A-Za-z0-9._~-]{1,253}$/
/** Names of network interfaces: systems allow nearly everything in them. */
const ZONE = /^[^\s/%[\]]{1,64}$/

/**
 * Take an address URL apart: `tcp://host:port`, `tcp://[v6]:port`, `memory://name`. User, path, query and fragment
 * are refused, as are IPv4 literals in the short, octal or hexadecimal spelling.
 * @param scheme - the only scheme accepted, when given
 * @throws {TransportError} `bad-address`
 */
export function parseAddress(text: string, scheme?: string): Address {
  const parts = text.length > MAX_ADDRESS_CHARS ? null : SCHEME.exec(text)
  if (parts === null) throw badAddress(text, 'scheme://host:port')
  const found = parts[1]!
  const rest = parts[2]!
  if (scheme !== undefined && found !== scheme) throw badAddress(text, `an address that begins with ${scheme}://`)
  if (SCHEMES_WITHOUT_PORT.has(found)) {
    if (!HOST.test(rest)) throw badAddress(text, `${found}://name, the name of letters, digits and . _ ~ -`)
    return { scheme: found, host: rest.toLowerCase(), port: 0 }
  }
  const colon = rest.lastIndexOf(':')
  const portText = rest.slice(colon + 1)
  if (colon === -1 || !/^(0|[1-9][0-9]{0,4})$/.test(portText) || Number(portText) > 65_535) {
    throw badAddress(text, 'a port from 0 to 65535 at the end, as in tcp://127.0.0.1:5050')
  }
  return { scheme: found, host: parseHost(text, rest.slice(0, colon)), port: Number(portText) }
}

/** The scheme of an address URL, without judging the rest. @throws {TransportError} `bad-address` */
export function addressScheme(text: string): string {
  const parts = SCHEME.exec(text)
  if (parts === null) throw badAddress(text, 'scheme://…')
  return parts[1]!
}

/**
 * Write an address URL. The result is read back by {@link parseAddress}.
 * @throws {TransportError} `bad-address` for parts that no address can have
 */
export function formatAddress({ scheme, host, port }: Address): string {
  const text = SCHEMES_WITHOUT_PORT.has(scheme)
    ? `${scheme}://${host}`
    : `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  parseAddress(text)
  return text
}

/** What a system socket reports as one end; no checks, the system is trusted to know its own addresses. */
export function formatSocketAddress(scheme: string, host: string, port: number): string {
  return host.includes(':') ? `${scheme}://[${host}]:${port}` : `${scheme}://${host}:${port}`
}

function parseHost(text: string, host: string): string {
  if (host.startsWith('[') && host.endsWith(']')) {
    const [literal, zone, ...more] = host.slice(1, -1).split('%')
    const bytes = literal!.includes(':') ? parseIp(literal!) : undefined
    if (bytes === undefined || more.length > 0 || (zone !== undefined && !ZONE.test(zone))) {
      throw badAddress(text, 'an IPv6 address between the brackets')
    }
    return zone === undefined ? formatIp(bytes) : `${formatIp(bytes)}%${zone}`
  }
  if (host.includes(':')) throw badAddress(text, 'IPv6 in brackets, as in tcp://[::1]:5050')
  if (!HOST.test(host) || /^\.|\.\./.test(host)) throw badAddress(text, 'a host name or IP address before the port')
  // A last label of digits makes the whole an IPv4 literal for every resolver: then it has to be a plain one.
  if (/(^|\.)(0[xX][0-9a-fA-F]*|[0-9]{1,12})\.?$/.test(host) && parseIp(host) === undefined) {
    throw badAddress(text, 'an IPv4 address as four decimal numbers')
  }
  return host.toLowerCase()
}

function badAddress(text: string, expected: string): TransportError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new TransportError('bad-address', `expected ${expected}, got ${JSON.stringify(shown)}`)
}
