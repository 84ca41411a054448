import { truncate, widthOf } from '../width.js'

/** Attributes of text. Bold, dim and inverse are no colours: they stay where colours are not wanted. */
export interface Style {
  readonly bold?: boolean
  readonly dim?: boolean
  readonly inverse?: boolean
  readonly colour?: 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'
}

/** A piece of a row in one style: harmless text, without line feeds. */
export interface Span {
  readonly text: string
  readonly style?: Style
}

/** One line of the screen, from the left; what is missing to its width is empty. */
export type Row = readonly Span[]

/** A whole screen. */
export interface Frame {
  readonly rows: readonly Row[]
  /** Where letters typed appear; undefined = nowhere. Both from 0. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined
}

export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style }
}

export function rowWidth(row: Row): number {
  return row.reduce((cells, { text }) => cells + widthOf(text), 0)
}

/** The row in exactly so many cells; what fills it takes the style. */
export function fitRow(row: Row, columns: number, ellipsis: string, fill?: Style): Row {
  const spans: Span[] = []
  let left = columns
  for (const { text, style } of row) {
    if (left <= 0) break
    const cut = truncate(text, left, ellipsis)
    left -= widthOf(cut)
    spans.push(span(cut, style))
    if (cut !== text) break
  }
  if (left > 0) spans.push(span(' '.repeat(left), fill))
  return spans
}

/** Something at the left and something at the right end; the left gives way. */
export function spread(left: Row, right: Row, columns: number, ellipsis: string, fill?: Style): Row {
  const width = rowWidth(right)
  if (width === 0 || width + 4 > columns) return fitRow(left, columns, ellipsis, fill)
  return [...fitRow(left, columns - width, ellipsis, fill), ...right]
}
