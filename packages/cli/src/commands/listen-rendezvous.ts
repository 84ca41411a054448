import type { Knock, Messenger, RendezvousServerStatus } from '@mimirjs/messenger'
import { harmlessLine } from '../harmless.js'
import { watchClock } from '../wrong-clock.js'
import type { Tell } from './listen-mediators.js'

/** Say who knocks, when a rendezvous server is reached, lost, and back, and what they say of our clock. */
export function reportRendezvous(messenger: Messenger, tell: Tell): void {
  const told = new Map<string, 'ready' | 'lost' | 'left'>()
  /** Those that were there once. */
  const known = new Set<string>()
  const server = ({ url, state, reason }: RendezvousServerStatus): void => {
    const before = told.get(url)
    const now = state === 'waiting' ? 'lost' : state
    if (now === before || now === 'connecting') return
    told.set(url, now)
    const event = { event: 'rendezvous', url, state: now, ...(reason === undefined ? {} : { reason }) }
    const why = reason === undefined ? '' : `: ${harmlessLine(reason)}`
    const first = { ready: 'reached', lost: 'not reached, we go on trying', left: 'given up' } as const
    const later = { ready: 'back', lost: 'lost, we go on trying', left: 'given up' } as const
    tell(event, `rendezvous server ${url} is ${(known.has(url) ? later : first)[now]}${why}`)
    if (now === 'ready') known.add(url)
  }
  const knock = ({ peer, fingerprint, name = '', expiresMs }: Knock): void => {
    const expires = new Date(expiresMs).toISOString()
    const who = name === '' ? peer.slice(0, 8) : `${harmlessLine(name)} (${peer.slice(0, 8)})`
    const text = `${who} knocks and is not let in: make them a contact, or start with --accept-knocks`
    tell({ event: 'knock', peer, fingerprint, name, expires }, text)
  }
  messenger.on('rendezvous', server)
  watchClock(messenger, ({ clockOffsetMs }, text) =>
    tell({ event: 'clock', ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }) }, text),
  )
  messenger.on('knock', knock)
  messenger.on('knockOver', ({ peer }) => tell({ event: 'knock-over', peer }, ''))
  // Who came before anybody listened.
  void messenger.health().then(
    ({ rendezvous }) => rendezvous?.servers.forEach(server),
    () => {},
  )
  messenger.knocks().forEach(knock)
}
