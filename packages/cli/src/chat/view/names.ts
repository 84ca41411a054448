import { harmlessLine } from '../../harmless.js'
import type { ChatEntry, ChatPerson } from '../backend.js'
import type { ChatState, Look } from '../model/state.js'
import { truncate } from '../width.js'

/** Names may be as long as the protocol lets them; nobody reads that much of one. */
const MAX_NAME_UNITS = 120
/** Of a name that stands before the start of a key. */
const NICKNAME_CELLS = 24

/**
 * What a person is called here: the name we gave, else the one they gave themselves, else the start of the key. A group has a
 * number sign before its name, and nobody else has.
 */
export function nameOf(state: ChatState, peer: string): string {
  const person = personOf(state, peer)
  const request = state.requests.find((asking) => asking.peer === peer)
  if (person?.group !== undefined || (person === undefined && request?.invite !== undefined))
    return `#${cut(person?.name || request?.nickname || peer.slice(0, 8))}`
  return cut(person?.name || unsigned(person?.nickname || request?.nickname || '') || peer.slice(0, 8))
}

function cut(name: string): string {
  return harmlessLine(name.slice(0, MAX_NAME_UNITS))
}

function unsigned(nickname: string): string {
  return nickname.replace(/^[#\s]+/, '')
}

/**
 * Who said something. In a group only names that we gave stand alone: beside what people call themselves stands the start of
 * their key, however little room there is.
 * @param cells - room for the name and the key
 */
export function authorOf(state: ChatState, entry: ChatEntry, cells: number = NICKNAME_CELLS + KEY_CELLS): string {
  const { author, outgoing, peer } = entry
  const ellipsis = ellipsisOf(state.look)
  if (outgoing) return 'you'
  if (author === peer) return truncate(nameOf(state, peer), cells, ellipsis)
  const given = personOf(state, author)?.name ?? ''
  if (given !== '') return truncate(cut(given), cells, ellipsis)
  const start = author.slice(0, 8)
  const nickname = cut(unsigned(entry.authorName))
  const room = Math.min(NICKNAME_CELLS, cells - KEY_CELLS)
  return nickname === '' || room < 4 ? start : `${truncate(nickname, room, ellipsis)} (${start})`
}

/** ` (8a88e3dd)` */
const KEY_CELLS = 11

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
