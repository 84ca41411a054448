import stringWidth from 'string-width'

// How much room text takes on a terminal. A terminal shows clusters of code points in one or two cells each; which, is
// for the terminal to say, so the painter puts the cursor where it belongs behind everything that is not plain.

const segmenter = new Intl.Segmenter()
/** Printable ASCII: one cell each. */
const PLAIN = /^[\x20-\x7e]*$/
/** No cluster that anybody writes on purpose is longer; hostile ones would cost a terminal its breath. */
const MAX_CLUSTER_UNITS = 48

export function isPlain(text: string): boolean {
  return PLAIN.test(text)
}

/** What a terminal shows as one character each; over-long ones are cut. */
export function clusters(text: string): string[] {
  if (isPlain(text)) return text.split('')
  const found: string[] = []
  for (const { segment } of segmenter.segment(text)) found.push(segment.slice(0, MAX_CLUSTER_UNITS))
  return found
}

/** Cells of `text` on a terminal. A tab counts one: texts are shown with it replaced. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length
  let cells = 0
  for (const { segment } of segmenter.segment(text)) cells += clusterWidth(segment)
  return cells
}

/** Letters come again and again, and looking one up is costly. */
const widths = new Map<string, number>([['\t', 1]])
const MAX_WIDTHS = 4_096

function clusterWidth(cluster: string): number {
  const known = widths.get(cluster)
  if (known !== undefined) return known
  const width = stringWidth(cluster.slice(0, MAX_CLUSTER_UNITS), { countAnsiEscapeCodes: true })
  if (widths.size >= MAX_WIDTHS) {
    widths.clear()
    widths.set('\t', 1)
  }
  // A cluster of any length could be sent as a key.
  if (cluster.length <= MAX_CLUSTER_UNITS) widths.set(cluster, width)
  return width
}

/** The first cells of `text`; a cut is marked by an ellipsis, of three dots where the terminal knows no other. */
export function truncate(text: string, columns: number, ellipsis = '…'): string {
  if (columns <= 0) return ''
  if (isPlain(text) && text.length <= columns) return text
  const room = columns - widthOf(ellipsis)
  let cells = 0
  let kept = ''
  let fits = ''
  for (const cluster of clusters(text.slice(0, columns * MAX_CLUSTER_UNITS))) {
    const width = widthOf(cluster)
    if (cells + width > columns) return room < 0 ? '' : fits + ellipsis
    cells += width
    kept += cluster
    if (cells <= room) fits = kept
  }
  return kept
}

/** Exactly so many cells: cut, or filled with spaces. */
export function fit(text: string, columns: number, ellipsis = '…'): string {
  const cut = truncate(text, columns, ellipsis)
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)))
}

/**
 * Lines of at most `columns` cells, broken between words where there are any, at line feeds always. Tabs become spaces.
 */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line.replaceAll('\t', '    '), Math.max(2, columns)))
}

/**
 * Spaces, letters of scripts that are written without spaces, each with the marks that must not begin a line, and words.
 */
const WORDS =
  / +|[\u2e80-\u2fff\u3005-\u3007\u3021-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}][\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1b\uff1a\u300d\u300f\uff09\u3011\u300b\u3009,.!?;:)]*|[^ \u2e80-\u2fff\u3005-\u3007\u3021-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}]+/gu

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = []
  let current = ''
  let cells = 0
  for (const word of line.match(WORDS) ?? []) {
    const width = widthOf(word)
    if (cells + width <= columns) {
      current += word
      cells += width
      continue
    }
    // Spaces at which a line is broken are not shown.
    if (word.startsWith(' ')) {
      lines.push(current)
      current = ''
      cells = 0
      continue
    }
    if (cells > 0) {
      lines.push(current.trimEnd())
      current = ''
      cells = 0
    }
    for (const cluster of clusters(word)) {
      const one = widthOf(cluster)
      if (cells + one > columns) {
        lines.push(current)
        current = ''
        cells = 0
      }
      current += cluster
      cells += one
    }
  }
  lines.push(current)
  return lines
}
