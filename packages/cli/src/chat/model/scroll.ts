import { clamp } from '../arrays.js'
import { heightAt } from '../view/entry.js'
import { layoutOf } from '../view/layout.js'
import { type ChatState, type EntryKey, keyOf, type Talk } from './state.js'
import { shownOf } from './talk.js'

/** A place in a conversation: the entry at the bottom of the screen, and how many of its rows are below it. */
interface Place {
  readonly at: number
  readonly hidden: number
}

/** Where the bottom of the screen is; `at` is -1 for an empty conversation. */
export function bottomOf(talk: Talk): Place {
  const shown = shownOf(talk.entries)
  const { scroll } = talk
  const at = scroll === undefined ? -1 : shown.findIndex((entry) => keyOf(entry) === scroll.key)
  return scroll === undefined || at < 0 ? { at: shown.length - 1, hidden: 0 } : { at, hidden: scroll.hidden }
}

/**
 * The conversation moved by so many rows, up to older ones for a positive number. It stops when its first row is at the
 * top of the screen, and follows what comes again when its last is at the bottom.
 */
export function scrolled(state: ChatState, talk: Talk, rows: number): Talk {
  const { columns, talkRows } = layoutOf(state)
  const height = (at: number): number => heightAt(state, talk, at, columns)
  let { at, hidden } = bottomOf(talk)
  if (at < 0) return talk
  hidden += rows
  while (hidden >= height(at) && at > 0) {
    hidden -= height(at)
    at--
  }
  while (hidden < 0 && at < shownOf(talk.entries).length - 1) {
    at++
    hidden += height(at)
  }
  return placed(talk, highest(height, { at, hidden: clamp(hidden, 0, Math.max(0, height(at) - 1)) }, talkRows))
}

/** The place itself, or the one where the screen is just full. */
function highest(height: (at: number) => number, place: Place, talkRows: number): Place {
  let above = height(place.at) - place.hidden
  for (let at = place.at - 1; at >= 0 && above < talkRows; at--) above += height(at)
  if (above >= talkRows) return place
  // There is less above than the screen holds: the first row goes to its top.
  let at = -1
  let rows = 0
  for (let next = 0; height(next) > 0 && rows < talkRows; next++) {
    rows += height(next)
    at = next
  }
  return { at: Math.max(0, at), hidden: Math.max(0, rows - talkRows) }
}

function placed(talk: Talk, { at, hidden }: Place): Talk {
  const shown = shownOf(talk.entries)
  const entry = shown[at]
  const isEnd = at === shown.length - 1 && hidden === 0
  if (entry === undefined || isEnd) return { ...talk, scroll: undefined, below: 0 }
  return { ...talk, scroll: { key: keyOf(entry), hidden } }
}

/** The conversation moved as little as needed to show this entry, its first row at least. */
export function revealed(state: ChatState, talk: Talk, key: EntryKey): Talk {
  const { columns, talkRows } = layoutOf(state)
  const target = shownOf(talk.entries).findIndex((entry) => keyOf(entry) === key)
  if (target < 0) return talk
  const height = (at: number): number => heightAt(state, talk, at, columns)
  const bottom = bottomOf(talk)
  // Below the screen, or with rows below it: to its last row, or to its first if it is higher than the screen.
  if (target > bottom.at || (target === bottom.at && bottom.hidden > 0))
    return placed(talk, { at: target, hidden: Math.max(0, height(target) - talkRows) })
  let above = height(bottom.at) - bottom.hidden
  for (let at = bottom.at - 1; at >= target; at--) above += height(at)
  return above <= talkRows ? talk : scrolled(state, talk, above - talkRows)
}

/** How many rows of the conversation lie above the screen, as far as it was read; counted no further than `most`. */
export function rowsAbove(state: ChatState, talk: Talk, most: number): number {
  const { columns, talkRows } = layoutOf(state)
  const bottom = bottomOf(talk)
  let rows = -bottom.hidden
  for (let at = bottom.at; at >= 0 && rows < talkRows + most; at--) rows += heightAt(state, talk, at, columns)
  return Math.max(0, rows - talkRows)
}
