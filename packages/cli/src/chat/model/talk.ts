import { lastIndex } from '../arrays.js'
import type { ChatEntry } from '../backend.js'
import { EMPTY_DRAFT } from '../editor.js'
import type { ChatState, EntryKey, Talk } from './state.js'
import { keyOf } from './state.js'

export function newTalk(peer: string): Talk {
  return {
    peer,
    entries: [],
    loaded: 'nothing',
    loading: false,
    scroll: undefined,
    draft: EMPTY_DRAFT,
    replyTo: undefined,
    editing: undefined,
    sending: [],
    firstUnread: undefined,
    below: 0,
    seek: undefined,
  }
}

export function talkOf(state: ChatState, peer: string): Talk {
  return state.talks.get(peer) ?? newTalk(peer)
}

export function openTalk(state: ChatState): Talk | undefined {
  return state.open === undefined ? undefined : talkOf(state, state.open)
}

export function putTalk(state: ChatState, talk: Talk): ChatState {
  return { ...state, talks: new Map(state.talks).set(talk.peer, talk) }
}

export function changeTalk(state: ChatState, peer: string, change: Partial<Talk>): ChatState {
  return putTalk(state, { ...talkOf(state, peer), ...change })
}

/** The conversation on the screen with a change; there is none while nobody is open. */
export function changeOpen(state: ChatState, change: Partial<Talk>): ChatState {
  return state.open === undefined ? state : changeTalk(state, state.open, change)
}

export function entryOf(talk: Talk | undefined, key: EntryKey): ChatEntry | undefined {
  return talk?.entries.find((entry) => keyOf(entry) === key)
}

/** The message that an id names: ids are unique per direction only, so the newest wins. */
export function entryById(talk: Talk, id: string): ChatEntry | undefined {
  return talk.entries[lastIndex(talk.entries, (entry) => entry.id === id && entry.kind !== 'reaction')]
}

/** A page of older entries that was read, before those that are known. */
export function addOlder(known: readonly ChatEntry[], older: readonly ChatEntry[]): readonly ChatEntry[] {
  const keys = new Set(known.map(keyOf))
  return [...older.filter((entry) => !keys.has(keyOf(entry))), ...known]
}

/**
 * The newest entries, read again: what is known is replaced, what came meanwhile stays behind them, and what is missing among
 * them is gone.
 * @param isAll - nothing is older than these
 */
export function addNewest(
  known: readonly ChatEntry[],
  newest: readonly ChatEntry[],
  isAll = false,
): readonly ChatEntry[] {
  const fresh = new Map(newest.map((entry) => [keyOf(entry), entry]))
  const first = known.findIndex((entry) => fresh.has(keyOf(entry)))
  // Nothing in common: what is known came while these were read.
  if (first < 0) return [...newest, ...known]
  const last = lastIndex(known, (entry) => fresh.has(keyOf(entry)))
  return [...(isAll ? [] : known.slice(0, first)), ...newest, ...known.slice(last + 1)]
}

/** An entry that has come: at the end, unless it is known. */
export function addEntry(entries: readonly ChatEntry[], entry: ChatEntry): readonly ChatEntry[] {
  const key = keyOf(entry)
  const at = entries.findIndex((known) => keyOf(known) === key)
  return at < 0 ? [...entries, entry] : [...entries.slice(0, at), entry, ...entries.slice(at + 1)]
}

/** A reaction to a message: the newest of each person counts, an empty one takes it back. */
export interface ReactionView {
  readonly emoji: string
  /** The reaction itself. */
  readonly entry: ChatEntry
}

const reactionMaps = new WeakMap<readonly ChatEntry[], Map<string, ReactionView[]>>()

/** Reactions by the id of their message. */
export function reactionsOf(entries: readonly ChatEntry[]): ReadonlyMap<string, readonly ReactionView[]> {
  const known = reactionMaps.get(entries)
  if (known) return known
  const found = new Map<string, ReactionView[]>()
  for (const entry of entries) {
    const { kind, replyTo, text, author } = entry
    if (kind !== 'reaction' || replyTo === undefined) continue
    const others = (found.get(replyTo) ?? []).filter((reaction) => reaction.entry.author !== author)
    found.set(replyTo, text === '' ? others : [...others, { emoji: text, entry }])
  }
  reactionMaps.set(entries, found)
  return found
}

const shownEntries = new WeakMap<readonly ChatEntry[], ChatEntry[]>()

/** What gets lines of its own: everything but reactions to messages that are here, too. */
export function shownOf(entries: readonly ChatEntry[]): readonly ChatEntry[] {
  const known = shownEntries.get(entries)
  if (known) return known
  const ids = new Set(entries.filter(({ kind }) => kind !== 'reaction').map(({ id }) => id))
  const shown = entries.filter(({ kind, replyTo }) => kind !== 'reaction' || !ids.has(replyTo ?? ''))
  shownEntries.set(entries, shown)
  return shown
}
