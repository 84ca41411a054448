import type { Frame, Row, Style } from '../view/frame.js'
import { clusters, isPlain, widthOf } from '../width.js'

const ESC = '\u001b['
const COLOURS = { red: 31, green: 32, yellow: 33, cyan: 36, magenta: 35 } as const

/**
 * Turns frames into what a terminal has to be told: only rows that changed, each at its own place, so that nothing
 * flickers, a slow line stays quick, and a letter that the terminal draws wider than we think moves nothing else.
 */
export class Painter {
  readonly #colours: boolean
  /** What stands on the screen; empty = not known. */
  #rows: string[] = []
  #cursor = ''
  #columns = 0

  constructor(options: { colours: boolean }) {
    this.#colours = options.colours
  }

  /** The screen may hold anything: the next frame is drawn in full. */
  forget(): void {
    this.#rows = []
    this.#cursor = ''
  }

  /** @returns what to write to bring the screen to this frame; empty when it is there */
  paint(frame: Frame, columns: number): string {
    const rows = frame.rows.map((row) => this.#rowText(row, columns))
    const isNew = this.#rows.length !== rows.length || this.#columns !== columns
    const changed = rows
      .map((text, at) => (!isNew && text === this.#rows[at] ? '' : `${ESC}${at + 1};1H${text}`))
      .join('')
    const { cursor } = frame
    const place = cursor === undefined ? `${ESC}?25l` : `${ESC}${cursor.row + 1};${cursor.column + 1}H${ESC}?25h`
    if (changed === '' && place === this.#cursor) return ''
    this.#rows = rows
    this.#cursor = place
    this.#columns = columns
    // The cursor does not run about while rows are drawn.
    return `${ESC}?25l${isNew ? `${ESC}0m${ESC}2J` : ''}${changed}${place}`
  }

  #rowText(row: Row, columns: number): string {
    let text = ''
    let cells = 0
    let styled = false
    for (const span of row) {
      if (span.text === '') continue
      const codes = this.#codes(span.style)
      if (styled || codes !== '') text += `${ESC}${codes === '' ? '0' : `0;${codes}`}m`
      styled = codes !== ''
      for (const piece of pieces(span.text)) {
        const width = widthOf(piece.text)
        // Where the terminal draws it narrower than we think, nothing old must be seen beside it.
        if (!piece.certain) text += `${' '.repeat(width)}${ESC}${cells + 1}G`
        text += piece.text
        cells += width
        // What follows begins where we mean it.
        if (!piece.certain && cells < columns) text += `${ESC}${cells + 1}G`
      }
    }
    if (styled) text += `${ESC}0m`
    // In the last column the cursor stands on the letter: erasing there would take it away.
    return cells < columns ? `${text}${ESC}K` : text
  }

  #codes(style: Style | undefined): string {
    if (style === undefined) return ''
    const codes = [style.bold ? 1 : 0, style.dim ? 2 : 0, style.inverse ? 7 : 0]
    if (this.#colours && style.colour !== undefined) codes.push(COLOURS[style.colour])
    return codes.filter((code) => code !== 0).join(';')
  }
}

/** Terminals agree how wide single letters are, and not how wide what is made of several code units is. */
interface Piece {
  readonly text: string
  readonly certain: boolean
}

/** Runs of letters that are certain, and the others one by one. */
function pieces(text: string): Piece[] {
  if (isPlain(text)) return [{ text, certain: true }]
  const found: Piece[] = []
  let run = ''
  const endRun = (): void => {
    if (run !== '') found.push({ text: run, certain: true })
    run = ''
  }
  for (const cluster of clusters(text)) {
    if (cluster.length === 1) run += cluster
    else {
      endRun()
      found.push({ text: cluster, certain: false })
    }
  }
  endRun()
  return found
}
