import { X509Certificate } from 'node:crypto'
import { isWireError } from '@mimirjs/wire'
import { serverName } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../error.js'

/** More would only cost signatures that are checked in vain. */
const MAX_NAMES = 16
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])
const WILDCARD: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Where a server is reached, as far as it knows itself. */
export interface Place {
  readonly isTls: boolean
  /** IP literal that it is bound to. */
  readonly host: string
  readonly port: number
  /** PEM. */
  readonly cert?: string | undefined
}

/**
 * The names under which clients may log in, as they print them. rendezvous protocol B4
 * @param given - URLs that clients dial
 * @throws {RendezvousError} `misuse` for what no client would dial, and when there would be no name
 */
export function serverNames(given: readonly string[] | undefined, place: Place): readonly string[] {
  const names = [...new Set(given === undefined ? derived(place) : given.map(nameOf))]
  if (names.length >= 1 && names.length <= MAX_NAMES) return names
  const expected = `names: expected 1 to ${MAX_NAMES} URLs that clients dial, such as wss://rdv.example.org`
  throw new RendezvousError('misuse', `${expected}; from where it listens ${names.length} follow`)
}

function nameOf(url: string): string {
  try {
    return serverName(url)
  } catch (error) {
    if (!isWireError(error)) throw error
    throw new RendezvousError('misuse', `names: ${error.message}`, { cause: error })
  }
}

function derived({ isTls, host, port, cert }: Place): string[] {
  const scheme = isTls ? 'wss' : 'ws'
  const isLocal = LOOPBACK.has(host)
  const hosts = WILDCARD.has(host)
    ? ['localhost', ...LOOPBACK]
    : // Without TLS nothing else can be dialled.
      [...(isTls || isLocal ? [host] : []), ...(isLocal ? ['localhost'] : [])]
  const certified = cert === undefined ? [] : certifiedHosts(cert)
  return [...certified, ...hosts].map((name) => serverName(`${scheme}://${bracketed(name)}:${port}`))
}

/** Names that a certificate says belong to whoever has its key; none of those that stand for many. */
function certifiedHosts(cert: string): string[] {
  const names = new X509Certificate(cert).subjectAltName ?? ''
  return [...names.matchAll(/(?:^|, )(?:DNS|IP Address):([^,*"]+)(?=,|$)/g)].map(([, name = '']) => name).slice(0, 8)
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** The one of our names that a client means who names this host; it proves nothing, and only picks among ours. */
export function nameFor(names: readonly string[], host: string | undefined): string | undefined {
  const [only] = names
  if (names.length === 1) return only
  return names.find((name) => name.slice(name.indexOf('//') + 2) === host?.toLowerCase())
}
