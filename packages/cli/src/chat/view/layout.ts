import { clamp } from '../arrays.js'
import { draftWindow } from '../editor.js'
import type { ChatState } from '../model/state.js'
import { openTalk } from '../model/talk.js'

/** Which part of the screen is for what, in cells. */
export interface Layout {
  /** Of the list of people; 0 = there is no room for it. */
  readonly listColumns: number
  /** Of the conversation. */
  readonly columns: number
  /** Of the conversation, without its headline. */
  readonly talkRows: number
  readonly inputColumns: number
  readonly inputRows: number
  /** Too small for anything but saying so. */
  readonly tooSmall: boolean
}

export const MIN_COLUMNS = 30
export const MIN_ROWS = 8
const MAX_INPUT_ROWS = 6
/** Title, headline of the conversation, line above the input, status. */
const FIXED_ROWS = 4
/** Before the text: `> `. */
export const PROMPT_CELLS = 2

export function layoutOf(state: ChatState): Layout {
  const { columns, rows } = state
  const listColumns = columns < 56 ? 0 : clamp(Math.floor(columns * 0.26), 16, 28)
  const inputColumns = Math.max(1, columns - PROMPT_CELLS)
  const most = clamp(Math.floor(rows / 4), 1, MAX_INPUT_ROWS)
  const draft = openTalk(state)?.draft
  const inputRows = draft === undefined ? 1 : clamp(draftWindow(draft, inputColumns, most).rows.length, 1, most)
  return {
    listColumns,
    columns: columns - (listColumns === 0 ? 0 : listColumns + 1),
    talkRows: Math.max(1, rows - FIXED_ROWS - inputRows),
    inputColumns,
    inputRows,
    tooSmall: columns < MIN_COLUMNS || rows < MIN_ROWS,
  }
}
