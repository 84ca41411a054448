import { harmlessText } from '../../harmless.js'
import type { ChatEntry } from '../backend.js'
import type { ChatState, EntryKey } from '../model/state.js'
import { entryOf, openTalk } from '../model/talk.js'
import { wrap } from '../width.js'

/** A text of the greatest length is cut here: wrapping all of it would hold up the keyboard. */
const MAX_VIEWED_UNITS = 262_144

const wrapped = new WeakMap<ChatEntry, { columns: number; rows: readonly string[] }>()

/** One message as a whole, in lines of the screen's width. */
export function viewedRows(state: ChatState, key: EntryKey): readonly string[] {
  const entry = entryOf(openTalk(state), key)
  if (entry === undefined) return []
  const columns = state.columns - 2
  const known = wrapped.get(entry)
  if (known?.columns === columns) return known.rows
  const { text } = entry
  const cut = text.length > MAX_VIEWED_UNITS
  const shown = harmlessText(cut ? text.slice(0, MAX_VIEWED_UNITS) : text)
  const note = cut ? [`(the first ${MAX_VIEWED_UNITS} of ${text.length} characters)`] : []
  const rows = [...wrap(shown, columns), ...note]
  wrapped.set(entry, { columns, rows })
  return rows
}
