import { nameOf, personOf } from '../view/names.js'
import { scrolled } from './scroll.js'
import { type ChatState, type EntryKey, keyOf, type Step, type Talk } from './state.js'
import { noticed, step } from './step.js'
import { changeTalk, entryOf, putTalk, shownOf, talkOf } from './talk.js'

/** Entries that are read at once: several screens full. */
export const PAGE_ENTRIES = 100
/** Of those looking for something far back. */
export const SEEK_ENTRIES = 1_000

/** The people in the order of the list: those who ask for us first. */
export function listOf(state: ChatState): readonly string[] {
  const known = new Set(state.people.map(({ peer }) => peer))
  const asking = state.requests.map(({ peer }) => peer).filter((peer) => !known.has(peer))
  return [...asking, ...state.people.map(({ peer }) => peer)]
}

/** Show the conversation with this person. */
export function opened(state: ChatState, peer: string): Step {
  const talk = talkOf(state, peer)
  const unread = state.people.find((person) => person.peer === peer)?.unread ?? 0
  const next: Talk = { ...talk, firstUnread: firstUnreadOf(talk, unread), seek: undefined }
  const open: ChatState = { ...putTalk(state, next), open: peer, mode: { name: 'write' } }
  if (talk.loaded === 'nothing' && !talk.loading)
    return step(changeTalk(open, peer, { loading: true }), { do: 'read', peer, limit: PAGE_ENTRIES })
  return seen(open)
}

/** The open conversation is on the screen down to its end: it has been read. */
export function seen(state: ChatState): Step {
  const talk = state.open === undefined ? undefined : talkOf(state, state.open)
  const person = state.people.find(({ peer }) => peer === state.open)
  const isShown = talk !== undefined && talk.loaded !== 'nothing' && talk.scroll === undefined
  if (!isShown || person === undefined || person.unread === 0) return step(state)
  const people = state.people.map((other) => (other === person ? { ...person, unread: 0 } : other))
  return step({ ...state, people }, { do: 'mark-read', peer: person.peer })
}

/** The first of so many newest messages of theirs. */
export function firstUnreadOf(talk: Talk, unread: number): EntryKey | undefined {
  if (unread === 0) return undefined
  let left = unread
  let first: EntryKey | undefined
  for (const entry of [...shownOf(talk.entries)].reverse()) {
    if (entry.outgoing || entry.kind === 'reaction' || entry.kind === 'system') continue
    first = keyOf(entry)
    if (--left === 0) break
  }
  return first
}

/** The conversation moved by so many rows; older messages are read before they are needed. */
export function moved(state: ChatState, rows: number): Step {
  if (state.open === undefined) return step(state)
  const talk = scrolled(state, talkOf(state, state.open), rows)
  const next = putTalk(state, talk)
  return talk.scroll === undefined ? seen(next) : needOlder(next, talk, PAGE_ENTRIES)
}

/** Read what is before the first entry, unless all of it is here or on its way. */
export function needOlder(state: ChatState, talk: Talk, limit: number): Step {
  const [before] = talk.entries
  if (talk.loaded !== 'some' || talk.loading || before === undefined) return step(state)
  return step(changeTalk(state, talk.peer, { loading: true }), { do: 'read', peer: talk.peer, before, limit })
}

/** To the newest message. */
export function followed(state: ChatState): Step {
  if (state.open === undefined) return step(state)
  return seen(changeTalk(state, state.open, { scroll: undefined, below: 0 }))
}

/** The next person of the list, or the one before; those with unread messages only, if asked for. */
export function neighbour(state: ChatState, by: 1 | -1, onlyUnread = false): string | undefined {
  const list = listOf(state)
  const unread = new Set(state.people.filter((person) => person.unread > 0).map(({ peer }) => peer))
  const at = state.open === undefined ? -1 : list.indexOf(state.open)
  const from = at < 0 && by < 0 ? 0 : at
  for (let i = 1; i <= list.length; i++) {
    const peer = list[(from + by * i + list.length) % list.length]
    if (peer !== undefined && (!onlyUnread || unread.has(peer))) return peer
  }
  return undefined
}

/** What may not be written to, and why; the reason ends up in the status line. */
export function writable(state: ChatState, peer: string): ChatState | undefined {
  const refused = refusal(state, peer)
  return refused === undefined ? undefined : noticed(state, 'error', refused)
}

function refusal(state: ChatState, peer: string): string | undefined {
  const person = personOf(state, peer)
  const name = nameOf(state, peer)
  if (person?.kind === 'blocked') return `${name} is blocked; Ctrl-Y, then b undoes that`
  if (person === undefined && state.requests.some((request) => request.peer === peer && request.invite !== undefined))
    return `you are not in ${name} yet: Ctrl-Y, then a accepts the invite`
  if (person?.group === undefined) return undefined
  if (person.group.state !== 'joined') return `you are not in ${name} any more`
  return person.group.role === 'reader' ? `in ${name} you may only read` : undefined
}

/** The entry that is chosen or prompted for. */
export function entryAt(state: ChatState, key: EntryKey): ReturnType<typeof entryOf> {
  return state.open === undefined ? undefined : entryOf(talkOf(state, state.open), key)
}
