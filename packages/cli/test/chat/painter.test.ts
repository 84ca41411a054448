import headless from '@xterm/headless'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Painter } from '../../src/chat/terminal/painter.js'
import { type Frame, type Row, span } from '../../src/chat/view/frame.js'

const COLUMNS = 20

function frame(...lines: readonly (string | Row)[]): Frame {
  return { rows: lines.map((line) => (typeof line === 'string' ? [span(line)] : line)), cursor: { row: 0, column: 1 } }
}

/** What a terminal shows after being told this. */
async function shown(...written: readonly string[]): Promise<string[]> {
  const terminal = new headless.Terminal({ cols: COLUMNS, rows: 4, allowProposedApi: true })
  await new Promise<void>((done) => terminal.write(written.join(''), done))
  const rows = Array.from({ length: 4 }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true) ?? '')
  terminal.dispose()
  return rows.map((row) => row.trimEnd())
}

describe('frames on a terminal', () => {
  test('the first is drawn in full, of others only rows that changed, nothing when none did', () => {
    const painter = new Painter({ colours: true })
    const first = painter.paint(frame('one', 'two', 'three', 'four'), COLUMNS)
    const second = painter.paint(frame('one', 'TWO', 'three', 'four'), COLUMNS)
    expect(second).toContain('TWO')
    expect(second).not.toMatch(/one|three|four/)
    expect(painter.paint(frame('one', 'TWO', 'three', 'four'), COLUMNS)).toBe('')
    expect(painter.paint({ ...frame('one', 'TWO', 'three', 'four'), cursor: undefined }, COLUMNS)).not.toContain('one')
    painter.forget()
    expect(painter.paint(frame('one', 'TWO', 'three', 'four'), COLUMNS)).toContain('one')
    expect(first.length).toBeLessThan(200)
  })

  test('nothing of what was there before is left', async () => {
    const painter = new Painter({ colours: true })
    const long = frame('x'.repeat(COLUMNS), 'y'.repeat(COLUMNS), '你'.repeat(10), 'z'.repeat(COLUMNS))
    const written = [painter.paint(long, COLUMNS)]
    expect(await shown(...written)).toEqual([
      'x'.repeat(COLUMNS),
      'y'.repeat(COLUMNS),
      '你'.repeat(10),
      'z'.repeat(COLUMNS),
    ])
    written.push(painter.paint(frame('1', '', '你', 'z'.repeat(COLUMNS - 1)), COLUMNS))
    expect(await shown(...written)).toEqual(['1', '', '你', 'z'.repeat(COLUMNS - 1)])
  })

  test('a letter that the terminal draws wider or narrower moves nothing else', async () => {
    const painter = new Painter({ colours: true })
    // This terminal knows neither joined emoji nor emoji made of a sign: the first take six cells, the second one.
    const written = [painter.paint(frame('wwwwwwwwwwwwwwwwwwww', '', '', ''), COLUMNS)]
    written.push(painter.paint(frame('👩‍👩‍👧|❤️|end', '', '', ''), COLUMNS))
    const [row = ''] = await shown(...written)
    expect([row.indexOf('|end') > 0, row.includes('w')]).toEqual([true, false])
    const terminal = new headless.Terminal({ cols: COLUMNS, rows: 4, allowProposedApi: true })
    await new Promise<void>((done) => terminal.write(written.join(''), done))
    const cell = (column: number): string | undefined => terminal.buffer.active.getLine(0)?.getCell(column)?.getChars()
    expect([cell(2), cell(5), cell(6)]).toEqual(['|', '|', 'e'])
    terminal.dispose()
  })

  test('NO_COLOR leaves bold, dim and inverse', () => {
    const row: Row = [
      span('a', { colour: 'red', bold: true }),
      span('b', { inverse: true }),
      span('c', { colour: 'green' }),
    ]
    const text = new Painter({ colours: false }).paint(frame(row), COLUMNS)
    expect(text).toContain('\u001b[0;1ma')
    expect(text).toContain('\u001b[0;7mb')
    expect(text).not.toMatch(/;?3[0-9]m/)
    expect(new Painter({ colours: true }).paint(frame(row), COLUMNS)).toContain('\u001b[0;1;31ma')
  })

  test('any two frames: the screen is the second', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '你', 'é', '…'), maxLength: 10 })
    const lines = fc.tuple(line, line, line, line)
    await fc.assert(
      fc.asyncProperty(lines, lines, async (before, after) => {
        const painter = new Painter({ colours: true })
        const written = [painter.paint(frame(...before), COLUMNS), painter.paint(frame(...after), COLUMNS)]
        expect(await shown(...written)).toEqual(after.map((text) => text.trimEnd()))
      }),
      { seed: 1, numRuns: 50 },
    )
  })
})
