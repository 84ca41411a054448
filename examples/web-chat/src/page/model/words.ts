import type { HistoryEntry, LinkState } from '@mimirjs/messenger'
import { displayFingerprint } from '@mimirjs/rendezvous'
import type { ServerView } from './state.js'

/** What to say of a failure: one sentence, never a stack. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const line = text.split('\n', 1)[0] ?? ''
  return line === '' ? 'something failed' : line
}

/** First words of a message, for the list of people. */
export function previewOf(entry: {
  kind: string
  text: string
  outgoing: boolean
  file: { name: string } | undefined
}): string {
  const who = entry.outgoing ? 'You: ' : ''
  const what = entry.text !== '' ? entry.text : entry.file !== undefined ? entry.file.name : entry.kind
  return `${who}${what.replace(/\s+/g, ' ').slice(0, 80)}`
}

/** A key for people to compare. @param peer - 64 hex digits */
export function fingerprintOf(peer: string): string {
  return displayFingerprint(Uint8Array.from(peer.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))
}

/** How we stand with a person, as honestly as we know. */
export function linkWords(
  link: LinkState | undefined,
  { isBlocked, isOnline }: { isBlocked: boolean; isOnline: boolean },
): { text: string; isUp: boolean } {
  if (isBlocked) return { text: 'blocked: nothing comes from them, and nothing goes to them', isUp: false }
  if (!isOnline && link?.state !== 'up') return { text: 'offline: messages wait here', isUp: false }
  switch (link?.state) {
    case 'up':
      if (link.isRestarting === true) return { text: 'disturbed: looking for another way…', isUp: true }
      return { text: link.address.startsWith('rdv:') ? 'connected directly' : 'connected', isUp: true }
    case 'connecting':
      return { text: 'looking for them…', isUp: false }
    case 'waiting':
      return { text: whyNot(link.reason), isUp: false }
    default:
      return { text: 'not connected', isUp: false }
  }
}

/** Failures that say no more than that they are away. */
const AWAY = /nobody answered|question was not answered|address of this peer is known/

function whyNot(reason: string): string {
  const parts = reason.split('; ').filter((part) => !AWAY.test(part))
  const more = parts.map((part) => part.replace(/^connect: /, ''))
  return more.length === 0 ? 'not there now; messages wait here' : `messages wait here: ${more.join('; ')}`
}

/** What it means to delete a message here, as far as we know. */
export function deletionWords({ outgoing, state, file }: Pick<HistoryEntry, 'outgoing' | 'state' | 'file'>): string {
  if (!outgoing) return 'It goes from this browser only: they keep it.'
  if (state !== 'delivered') return 'As far as we know they do not have it: then they will not get it.'
  if (file === undefined) return 'It goes from this browser only: they keep it.'
  return 'They keep the message. The file comes from this browser: if they have not fetched it yet, it is gone for them, too.'
}

/** What the marks of an outgoing message mean. */
export function markOf(state: HistoryEntry['state']): { mark: string; words: string } {
  switch (state) {
    case 'delivered':
      return { mark: '✓✓', words: 'delivered' }
    case 'failed':
      return { mark: '!', words: 'could not be sent' }
    case 'preparing':
      return { mark: '…', words: 'being prepared' }
    case 'waiting':
      return { mark: '✓', words: 'kept here until they take it' }
    default:
      return { mark: '✓', words: 'kept here, not delivered yet' }
  }
}

/**
 * One line about all servers.
 * @param clockOffsetMs - by how much their clocks are ahead of ours, where that keeps people from meeting
 * @param problem - why there are none
 */
export function serversWords(
  servers: readonly ServerView[],
  isOnline: boolean,
  clockOffsetMs?: number,
  problem?: string,
): { text: string; isGood: boolean } {
  const ready = servers.filter(({ state }) => state === 'ready').length
  if (!isOnline) return { text: 'offline: what you write is sent later', isGood: false }
  if (problem !== undefined) return { text: `nobody can be met: ${problem}`, isGood: false }
  if (servers.length === 0) return { text: 'no meeting server: add one in the settings', isGood: false }
  const isTried = servers.some(({ state, reason }) => state !== 'left' && reason !== 'replaced')
  if (ready === 0 && !isTried) return { text: 'no meeting server can be used: see the settings', isGood: false }
  if (ready === 0) return { text: 'no meeting server answers: trying again', isGood: false }
  if (clockOffsetMs !== undefined) return { text: wrongClock(clockOffsetMs), isGood: false }
  return { text: `${ready} of ${servers.length} meeting servers`, isGood: true }
}

function wrongClock(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000)
  const amount = minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
  return `this clock is ${amount} ${offsetMs > 0 ? 'slow' : 'fast'}: nobody can be met until it is right`
}

export function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(0)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

export const timeWords = (date: Date): string => CLOCK.format(date)
export const dayWords = (date: Date): string => DAY.format(date)
