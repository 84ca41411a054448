import { lastIndex } from './arrays.js'
import { clusters, isPlain, widthOf } from './width.js'

/** A text being written, and where in it the next letter goes. */
export interface Draft {
  readonly text: string
  /** Index into `text`, between two clusters. */
  readonly cursor: number
}

export const EMPTY_DRAFT: Draft = { text: '', cursor: 0 }

export function draftOf(text: string): Draft {
  return { text, cursor: text.length }
}

/** Typed or pasted text as it may stand in a message: line feeds and tabs stay, other control characters go. */
export function cleanInput(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{Cc}\n\t]/gu, '')
}

export function insert({ text, cursor }: Draft, added: string): Draft {
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length }
}

/** Whatever may be one cluster fits in so many units around the cursor. */
const REACH_UNITS = 128

/** Where the cluster before the cursor begins. */
function before({ text, cursor }: Draft): number {
  const from = Math.max(0, cursor - REACH_UNITS)
  return cursor - (units(text.slice(from, cursor)).at(-1) ?? 0)
}

/** Where the cluster behind the cursor ends. */
function after({ text, cursor }: Draft): number {
  return cursor + (units(text.slice(cursor, cursor + REACH_UNITS))[0] ?? 0)
}

const segmenter = new Intl.Segmenter()

/** Lengths of the clusters, uncut. */
function units(text: string): number[] {
  if (isPlain(text)) return Array.from(text, () => 1)
  return Array.from(segmenter.segment(text), ({ segment }) => segment.length)
}

function cut({ text }: Draft, from: number, to: number): Draft {
  return { text: text.slice(0, from) + text.slice(to), cursor: from }
}

function lineStart({ text, cursor }: Draft): number {
  return text.lastIndexOf('\n', cursor - 1) + 1
}

function lineEnd({ text, cursor }: Draft): number {
  const end = text.indexOf('\n', cursor)
  return end < 0 ? text.length : end
}

/** Over spaces, then over what is no space. */
function wordStart({ text, cursor }: Draft): number {
  let at = cursor
  while (at > 0 && /\s/.test(text[at - 1] ?? '')) at--
  while (at > 0 && !/\s/.test(text[at - 1] ?? '')) at--
  return at
}

function wordEnd({ text, cursor }: Draft): number {
  let at = cursor
  while (at < text.length && /\s/.test(text[at] ?? '')) at++
  while (at < text.length && !/\s/.test(text[at] ?? '')) at++
  return at
}

/** What can be done to a draft, by name. Commands that change nothing return the same draft. */
export const EDITS = {
  left: (draft: Draft): Draft => ({ ...draft, cursor: before(draft) }),
  right: (draft: Draft): Draft => ({ ...draft, cursor: after(draft) }),
  wordLeft: (draft: Draft): Draft => ({ ...draft, cursor: wordStart(draft) }),
  wordRight: (draft: Draft): Draft => ({ ...draft, cursor: wordEnd(draft) }),
  lineStart: (draft: Draft): Draft => ({ ...draft, cursor: lineStart(draft) }),
  lineEnd: (draft: Draft): Draft => ({ ...draft, cursor: lineEnd(draft) }),
  backspace: (draft: Draft): Draft => cut(draft, before(draft), draft.cursor),
  delete: (draft: Draft): Draft => cut(draft, draft.cursor, after(draft)),
  deleteWord: (draft: Draft): Draft => cut(draft, wordStart(draft), draft.cursor),
  deleteWordRight: (draft: Draft): Draft => cut(draft, draft.cursor, wordEnd(draft)),
  deleteToStart: (draft: Draft): Draft => cut(draft, lineStart(draft), draft.cursor),
  deleteToEnd: (draft: Draft): Draft => cut(draft, draft.cursor, lineEnd(draft)),
} as const

export type Edit = keyof typeof EDITS

/** A row of a draft on the screen: from where to where in the text it goes. */
export interface DraftRow {
  readonly start: number
  readonly end: number
}

/** Lines longer than this are shown around the cursor only. */
const MAX_LINE_UNITS = 5_000

/**
 * The rows around the cursor, at most so many, and where the cursor is in them. Rows break where they are full, so that
 * every letter has its place.
 */
export function draftWindow(
  { text, cursor }: Draft,
  columns: number,
  maxRows: number,
): { rows: DraftRow[]; row: number; column: number } {
  const from = lineStart({ text, cursor })
  const to = lineEnd({ text, cursor })
  const rows = rowsOf(
    text,
    Math.max(from, cursor - MAX_LINE_UNITS),
    Math.min(to, cursor + MAX_LINE_UNITS),
    columns,
    cursor,
  )
  let row = lastIndex(rows, ({ start }) => start <= cursor)
  const column = widthOf(text.slice(rows[row]?.start ?? 0, cursor))
  let [first, last] = [from, to]
  while (rows.length - row < maxRows && last < text.length) {
    const start = last + 1
    last = lineEnd({ text, cursor: start })
    rows.push(...rowsOf(text, start, Math.min(last, start + MAX_LINE_UNITS), columns))
  }
  while (row < maxRows && first > 0) {
    const end = first - 1
    first = lineStart({ text, cursor: end })
    const above = rowsOf(text, Math.max(first, end - MAX_LINE_UNITS), end, columns)
    rows.unshift(...above)
    row += above.length
  }
  // The cursor's row is kept away from the edges while there is more beyond them.
  const top = Math.max(0, Math.min(row - Math.floor(maxRows / 2), rows.length - maxRows))
  return { rows: rows.slice(top, top + maxRows), row: row - top, column }
}

/** @param cursor - it needs a cell of its own: behind a full row it stands at the start of another */
function rowsOf(text: string, from: number, to: number, columns: number, cursor = -1): DraftRow[] {
  const rows: DraftRow[] = []
  let start = from
  let at = from
  let cells = 0
  for (const cluster of uncut(text.slice(from, to))) {
    const width = widthOf(cluster)
    if (cells + width > columns) {
      rows.push({ start, end: at })
      start = at
      cells = 0
    }
    at += cluster.length
    cells += width
  }
  rows.push({ start, end: at })
  if (cells >= columns && cursor === to) rows.push({ start: to, end: to })
  return rows
}

function uncut(text: string): string[] {
  return isPlain(text) ? clusters(text) : Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** The draft with the cursor a row up or down; undefined when there is none. */
export function moveRow(draft: Draft, by: -1 | 1, columns: number): Draft | undefined {
  const { rows, row, column } = draftWindow(draft, columns, 7)
  const target = rows[row + by]
  if (target === undefined) return undefined
  let cursor = target.start
  let cells = 0
  for (const cluster of uncut(draft.text.slice(target.start, target.end))) {
    const width = widthOf(cluster)
    if (cells + width > column) break
    cells += width
    cursor += cluster.length
  }
  return { ...draft, cursor }
}
