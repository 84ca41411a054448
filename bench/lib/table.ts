import type { Row } from './rows.js'

/** Below this share of its target a row counts as broken and not as noise. */
export const CHECK_SHARE = 0.8

const HEADINGS = ['row', 'value', 'unit', 'against', 'ratio', 'target', '']

/**
 * The rows as text columns: numbers to the right, everything else to the left.
 *
 * @param judged - say which targets are met; a smoke run cannot tell
 */
export function table(rows: readonly Row[], judged: boolean): string {
  const cells = [HEADINGS, ...rows.map((row) => cellsOf(row, judged))]
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column]!, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function isMiss(row: Row): boolean {
  return row.target !== undefined && row.ratio < row.target
}

export function isBroken(row: Row): boolean {
  return row.target !== undefined && row.ratio < row.target * CHECK_SHARE
}

function cellsOf(row: Row, judged: boolean): string[] {
  const target = row.target === undefined ? '' : String(row.target)
  const verdict = row.target === undefined || !judged ? '' : isMiss(row) ? 'MISS' : 'ok'
  return [row.id, figure(row.value), row.unit, figure(row.against), `${ratio(row.ratio)}x`, target, verdict]
}

function pad(cell: string, width: number, column: number): string {
  const isNumber = column === 1 || column === 3 || column === 4 || column === 5
  return isNumber ? cell.padStart(width) : cell.padEnd(width)
}

function figure(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function ratio(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
