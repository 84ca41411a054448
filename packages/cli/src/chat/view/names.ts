import { harmlessLine } from '../../harmless.js'
import type { ChatEntry, ChatPerson } from '../backend.js'
import type { ChatState, Look } from '../model/state.js'

/** What a person is called here: the name we gave, else the one they gave themselves, else the start of the key. */
export function nameOf(state: ChatState, peer: string): string {
  const person = personOf(state, peer)
  const request = state.requests.find((asking) => asking.peer === peer)
  const name = person?.name || person?.nickname || request?.nickname || peer.slice(0, 8)
  // Names may be as long as the protocol lets them; nobody reads that much of one.
  return harmlessLine(name.slice(0, 120))
}

export function personOf(state: ChatState, peer: string): ChatPerson | undefined {
  return state.people.find((person) => person.peer === peer)
}

/** Names prove nothing: the start of the key stands beside them. */
export function whoOf(state: ChatState, peer: string): string {
  const name = nameOf(state, peer)
  const start = peer.slice(0, 8)
  return name === start ? start : `${name} (${start})`
}

export function ellipsisOf(look: Look): string {
  return look.unicode ? '…' : '...'
}

/** A message in one line, for a quote or a list. */
export function gist(entry: ChatEntry): string {
  const text = harmlessLine(entry.text.slice(0, 200).replaceAll(/\s+/g, ' ')).trim()
  if (entry.file === undefined) return entry.kind === 'reaction' ? `reacted ${text}` : text
  const file = `[${entry.kind} ${harmlessLine(entry.file.name)}]`
  return text === '' ? file : `${file} ${text}`
}

export function sizeText(bytes: number): string {
  if (bytes < 10_240) return `${bytes} bytes`
  if (bytes < 10 * 1_048_576) return `${Math.round(bytes / 1024)} KiB`
  return `${Math.round(bytes / 1_048_576)} MiB`
}
