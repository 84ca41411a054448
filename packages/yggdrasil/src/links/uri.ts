import { isTransportError, parseAddress, parseIp } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import { MAX_PASSWORD_BYTES } from '../handshake.js'
import { fromHex } from '../hex.js'
import { KEY_BYTES } from '../key.js'
import { durationMs } from './duration.js'
import { decodeText, type QueryPair, splitQuery, strictText, unescapeBytes } from './query.js'
import type { LinkScheme, PeerUri } from './types.js'

/** Longest URI that is read, in characters. */
const MAX_URI_CHARS = 4096
/** What the address of a UNIX socket has room for; systems cut longer paths silently. */
const MAX_SOCKET_PATH_BYTES = 103
const DEFAULT_MAX_BACKOFF_MS = 4_096_000
const MIN_MAX_BACKOFF_MS = 5000

const URI = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/is
const SCHEMES: readonly LinkScheme[] = ['tcp', 'tls', 'ws', 'wss', 'unix', 'memory']
/** Schemes of other implementations. */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(['quic', 'socks', 'sockstls'])
const DEFAULT_PORTS: Partial<Record<LinkScheme, number>> = { ws: 80, wss: 443 }

/** Where each option of the query means something. yggdrasil protocol §2.1 */
const OPTIONS: Readonly<Record<string, readonly PeerUriUse[]>> = {
  key: ['dial'],
  priority: ['dial', 'listen'],
  password: ['dial', 'listen'],
  maxbackoff: ['dial'],
  sni: ['dial'],
  origin: ['listen'],
}

/** What a URI is for: some options, and port 0, make sense for one only. */
export type PeerUriUse = 'dial' | 'listen'

/**
 * Read `scheme://host:port[/path][?option=value&…]`. yggdrasil protocol §2.1
 * @throws {YggdrasilError} `bad-uri`, or `unsupported` for a scheme that exists but not here; both say what is expected,
 * neither shows the query, where the password is
 */
export function parsePeerUri(text: string, use: PeerUriUse): PeerUri {
  const parts = text.length > MAX_URI_CHARS ? null : URI.exec(text)
  if (parts === null) throw badUri(text, 'scheme://host:port, as in tls://192.0.2.1:443?key=…')
  const scheme = knownScheme(text, parts[1]!.toLowerCase(), use)
  const authority = parts[2]!
  const rawPath = parts[3]!
  if (authority.includes('@')) throw badUri(text, `${scheme}://host:port without a user: passwords go into ?password=`)
  const pairs = splitQuery(parts[4] ?? '')
  const place = readPlace(text, scheme, authority, rawPath, use)
  const isWeb = scheme === 'ws' || scheme === 'wss'
  const path = isWeb ? requestTarget(text, rawPath, pairs) : place.path
  return { scheme, ...place, path, ...readOptions(text, scheme, place.host, pairs, use) }
}

/** What a URI shows in messages and logs: without the query, where the password is. */
export function showUri(text: string): string {
  const query = text.indexOf('?')
  const shown = query === -1 ? text : `${text.slice(0, query)}?…`
  return JSON.stringify(shown.length > 120 ? `${shown.slice(0, 120)}…` : shown)
}

function knownScheme(text: string, scheme: string, use: PeerUriUse): LinkScheme {
  const known = SCHEMES.find((one) => one === scheme)
  if (known === undefined && !FOREIGN_SCHEMES.has(scheme)) {
    throw badUri(text, 'a URI that begins with tcp://, tls://, ws://, wss:// or unix://')
  }
  if (known === undefined) {
    throw new YggdrasilError(
      'unsupported',
      `${scheme}:// links are not built in (${showUri(text)}): ask for a tls://, tcp:// or ws(s):// address of that peer`,
    )
  }
  if (known === 'wss' && use === 'listen') {
    throw new YggdrasilError(
      'unsupported',
      `wss:// cannot listen (${showUri(text)}): listen on ws:// and put it behind a reverse proxy that speaks TLS`,
    )
  }
  return known
}

interface Place {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly id: string
}

function readPlace(text: string, scheme: LinkScheme, authority: string, rawPath: string, use: PeerUriUse): Place {
  if (scheme === 'unix') return unixPlace(text, authority, rawPath)
  const isWeb = scheme === 'ws' || scheme === 'wss'
  if (!isWeb && rawPath !== '' && rawPath !== '/') throw badUri(text, `${scheme}://host:port without a path`)
  if (scheme === 'memory') {
    const { host } = readAddress(text, `memory://${authority}`, 'memory://name')
    return { host, port: 0, path: '', id: `memory://${host}` }
  }
  const expected = `${scheme}://host:port, IPv6 addresses in brackets, as in ${scheme}://[2001:db8::1]:443`
  // Everything of the machine, as Go's net package reads it.
  const anyHost = use === 'listen' && authority.startsWith(':')
  const { host, port } = readAddress(text, `tcp://${anyHost ? '0.0.0.0' : ''}${withPort(scheme, authority)}`, expected)
  if (port === 0 && use === 'dial') throw badUri(text, 'a port from 1 to 65535')
  const shown = anyHost ? '' : host.includes(':') ? `[${host}]` : host
  const path = isWeb && rawPath !== '/' ? rawPath : ''
  return { host: anyHost ? '' : host, port, path: '', id: `${scheme}://${shown}:${port}${path}` }
}

function withPort(scheme: LinkScheme, authority: string): string {
  // The zone of an address is percent-encoded in a URI, and plain everywhere else.
  const plain = authority.replace(/%25/g, '%')
  const defaultPort = DEFAULT_PORTS[scheme]
  const hasPort = /:[0-9]*$/.test(plain.slice(plain.lastIndexOf(']') + 1))
  return hasPort || defaultPort === undefined ? plain : `${plain}:${defaultPort}`
}

function readAddress(text: string, address: string, expected: string): { host: string; port: number } {
  try {
    return parseAddress(address)
  } catch (error) {
    if (!isTransportError(error)) throw error
    throw badUri(text, expected, error)
  }
}

function unixPlace(text: string, authority: string, rawPath: string): Place {
  const bytes = unescapeBytes(rawPath)
  const path = bytes === undefined || bytes.includes(0) ? undefined : strictText(bytes)
  if (authority !== '' || bytes === undefined || path === undefined || path.length < 2) {
    throw badUri(text, 'unix:// and an absolute path, as in unix:///run/yggdrasil.sock')
  }
  if (bytes.length > MAX_SOCKET_PATH_BYTES) {
    throw badUri(text, `a path of at most ${MAX_SOCKET_PATH_BYTES} bytes: sockets have no room for more`)
  }
  return { host: '', port: 0, path, id: `unix://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}` }
}

/** What a WebSocket asks for: path and query as written, without our options, of which one is a password. */
function requestTarget(text: string, rawPath: string, pairs: readonly QueryPair[]): string {
  const query = pairs.filter(({ name }) => !(name in OPTIONS)).map(({ raw }) => raw)
  const target = `${rawPath === '' ? '/' : rawPath}${query.length === 0 ? '' : `?${query.join('&')}`}`
  if (/[^\x21-\x7e]/.test(target)) throw badUri(text, 'a path with everything but ASCII percent-encoded')
  return target
}

type Options = Pick<PeerUri, 'keys' | 'priority' | 'password' | 'maxBackoffMs' | 'sni' | 'origins'>

function readOptions(
  text: string,
  scheme: LinkScheme,
  host: string,
  pairs: readonly QueryPair[],
  use: PeerUriUse,
): Options {
  for (const { name } of pairs) checkOption(text, scheme, name, use)
  const valuesOf = (option: string): Uint8Array[] => {
    return pairs
      .filter(({ name }) => name === option)
      .map(({ value }) => {
        if (value === undefined) throw badUri(text, `a value of ${option}= whose % are followed by two hex digits`)
        return value
      })
  }
  // An option without a value is one that is not given, and of a repeated one the first counts: so the reference.
  const textOf = (option: string): string => decodeText(valuesOf(option)[0] ?? new Uint8Array(0))
  const sni = serverName(text, scheme, host, textOf('sni'))
  return {
    keys: valuesOf('key').map((value) => readKey(text, decodeText(value))),
    priority: readPriority(text, textOf('priority')),
    password: readPassword(text, valuesOf('password')[0] ?? new Uint8Array(0)),
    maxBackoffMs: readMaxBackoff(text, textOf('maxbackoff')),
    ...(sni === undefined ? {} : { sni }),
    origins: valuesOf('origin')
      .map(decodeText)
      .filter((origin) => origin !== ''),
  }
}

/** A misspelt `key=` must not pass for a peer without one. */
function checkOption(text: string, scheme: LinkScheme, name: string, use: PeerUriUse): void {
  const uses = OPTIONS[name]
  if (uses === undefined) {
    if (scheme === 'ws' || scheme === 'wss') return
    throw badUri(
      text,
      `no options but ${Object.keys(OPTIONS).join(', ')} (it has ${JSON.stringify(name.slice(0, 40))})`,
    )
  }
  if (uses.includes(use)) return
  const instead = name === 'key' ? ': `allowedKeys` of the node says who may connect' : ''
  throw badUri(
    text,
    `no ${name}= to ${use} (it is for the ${use === 'dial' ? 'listening' : 'dialling'} side)${instead}`,
  )
}

function readKey(text: string, hex: string): Uint8Array {
  const key = fromHex(hex)
  if (key?.length === KEY_BYTES) return key
  throw badUri(text, `key= with the public key of the peer, 64 hex digits (it has ${hex.length} characters)`)
}

function readPriority(text: string, digits: string): number {
  if (digits === '') return 0
  if (/^[0-9]{1,3}$/.test(digits) && Number(digits) <= 255) return Number(digits)
  throw badUri(text, 'priority= from 0 to 255, lower is preferred')
}

function readPassword(text: string, password: Uint8Array): Uint8Array {
  if (password.length <= MAX_PASSWORD_BYTES) return password
  throw badUri(text, `password= of at most ${MAX_PASSWORD_BYTES} bytes (it has ${password.length})`)
}

function readMaxBackoff(text: string, duration: string): number {
  if (duration === '') return DEFAULT_MAX_BACKOFF_MS
  const ms = durationMs(duration)
  if (ms !== undefined && ms >= MIN_MAX_BACKOFF_MS) return ms
  throw badUri(text, 'maxbackoff= of at least 5s, as in 30s, 5m, 1h30m, or in seconds, as in 300')
}

function serverName(text: string, scheme: LinkScheme, host: string, sni: string): string | undefined {
  if (sni !== '' && !isIpLiteral(sni)) {
    if (/^[A-Za-z0-9._-]{1,253}$/.test(sni)) return sni.toLowerCase()
    throw badUri(text, 'sni= with a host name')
  }
  return (scheme === 'tls' || scheme === 'wss') && host !== '' && !isIpLiteral(host) ? host : undefined
}

function isIpLiteral(host: string): boolean {
  return parseIp(host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')) !== undefined
}

function badUri(text: string, expected: string, cause?: Error): YggdrasilError {
  return new YggdrasilError('bad-uri', `peer URI: expected ${expected}; got ${showUri(text)}`, cause && { cause })
}
