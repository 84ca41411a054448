import { harmlessText } from '../../harmless.js'
import type { ChatState, EntryKey } from '../model/state.js'
import { entryOf, openTalk } from '../model/talk.js'
import { wrap } from '../width.js'

/** A text of the greatest length is cut here: wrapping all of it would hold up the keyboard. */
const MAX_VIEWED_UNITS = 262_144

let last: { key: string; rows: readonly string[] } | undefined

/** One message as a whole, in lines of the screen's width. */
export function viewedRows(state: ChatState, key: EntryKey): readonly string[] {
  const text = entryOf(openTalk(state), key)?.text ?? ''
  const columns = state.columns - 2
  const signature = `${state.open} ${key} ${columns} ${text.length}`
  if (last?.key === signature) return last.rows
  const cut = text.length > MAX_VIEWED_UNITS
  const shown = harmlessText(cut ? text.slice(0, MAX_VIEWED_UNITS) : text)
  const rows = [
    ...wrap(shown, columns),
    ...(cut ? [`(the first ${MAX_VIEWED_UNITS} of ${text.length} characters)`] : []),
  ]
  last = { key: signature, rows }
  return rows
}
