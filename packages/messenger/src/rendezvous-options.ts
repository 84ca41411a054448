import { isWireError } from '@mimirjs/wire'
import { checkServerUrl, MAX_CONTACT_SERVERS } from '@mimirjs/wire/rendezvous'
import { MessengerError } from './error.js'
import type { RendezvousOptions } from './rendezvous.js'

interface Rule {
  fits(value: unknown): boolean
  readonly expected: string
}

const YES_NO: Rule = { fits: (value) => typeof value === 'boolean', expected: 'true or false' }

/** What each may be, and how that is said. `undefined` takes the default. */
const OPTIONS: Readonly<Record<keyof RendezvousOptions, Rule>> = {
  servers: {
    fits: (value) => Array.isArray(value) && value.every((url) => typeof url === 'string'),
    expected: 'a list of server URLs, such as wss://meet.example:18765',
  },
  iceServers: {
    fits: (value) => Array.isArray(value) && value.every(isIceServer),
    expected: 'a list of { urls, username?, credential? }, as WebRTC takes them',
  },
  relayOnly: YES_NO,
  strangers: {
    fits: (value) => value === 'ask' || value === 'accept' || value === 'refuse',
    expected: "'ask', 'accept' or 'refuse'",
  },
  meetContacts: YES_NO,
  platform: {
    fits: (value) => typeof (value as { webSocket?: unknown } | null)?.webSocket === 'function',
    expected: 'a RendezvousPlatform, such as nodePlatform() of @mimirjs/rendezvous/node',
  },
}

/**
 * The option `rendezvous` as it was given, perhaps from JavaScript: what is not understood must not tell a server anything.
 * @returns `undefined` for off
 * @throws {MessengerError} `rendezvous`
 */
export function rendezvousOptionsOf(given: unknown): RendezvousOptions | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong('rendezvous', `{ ${Object.keys(OPTIONS).join(', ')} }`, given)
  for (const [name, value] of Object.entries(given)) {
    if (!isOption(name))
      throw new MessengerError(
        'rendezvous',
        `rendezvous.${name}: there is no such option; there are ${Object.keys(OPTIONS).join(', ')}`,
      )
    const { fits, expected } = OPTIONS[name]
    if (value !== undefined && !fits(value)) throw wrong(`rendezvous.${name}`, expected, value)
  }
  const { servers, relayOnly, iceServers } = given as Partial<RendezvousOptions>
  if (servers === undefined) throw wrong('rendezvous.servers', OPTIONS.servers.expected, servers)
  if (servers.length > MAX_CONTACT_SERVERS)
    throw new MessengerError('rendezvous', `rendezvous.servers: expected at most ${MAX_CONTACT_SERVERS}`)
  for (const url of servers) rendezvousServerOf(url)
  if (relayOnly === true && !iceServers?.some(isTurn))
    throw new MessengerError('rendezvous', 'rendezvous.relayOnly: expected a turn: or turns: server in iceServers')
  return given as RendezvousOptions
}

/** Where a server may be. @throws {MessengerError} `rendezvous` */
export function rendezvousServerOf(url: unknown): string {
  try {
    return checkServerUrl(String(url))
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new MessengerError('rendezvous', `${cause.message}, got ${JSON.stringify(String(url).slice(0, 64))}`, {
      cause,
    })
  }
}

function isOption(name: string): name is keyof RendezvousOptions {
  return Object.hasOwn(OPTIONS, name)
}

function isIceServer(value: unknown): boolean {
  const { urls } = (value ?? {}) as Record<string, unknown>
  return typeof urls === 'string' || (Array.isArray(urls) && urls.every((url) => typeof url === 'string'))
}

function isTurn({ urls }: NonNullable<RendezvousOptions['iceServers']>[number]): boolean {
  return [urls].flat().some((url) => /^turns?:/.test(url))
}

function wrong(name: string, expected: string, got: unknown): MessengerError {
  const text =
    typeof got === 'string' ? JSON.stringify(got.slice(0, 64)) : Array.isArray(got) ? 'such a list' : kindOf(got)
  return new MessengerError('rendezvous', `${name}: expected ${expected}, got ${text}`)
}

function kindOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
