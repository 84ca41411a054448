import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanInput, type Draft, draftWindow, EDITS, type Edit, insert, moveRow } from '../../src/chat/editor.js'
import { widthOf } from '../../src/chat/width.js'

/** A draft written with `|` for the cursor. */
function draft(marked: string): Draft {
  return { text: marked.replace('|', ''), cursor: marked.indexOf('|') }
}

function marked({ text, cursor }: Draft): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

describe('edits', () => {
  const cases: readonly [Edit, string, string][] = [
    ['left', 'ab|c', 'a|bc'],
    ['left', '|abc', '|abc'],
    ['right', 'a|bc', 'ab|c'],
    ['right', 'abc|', 'abc|'],
    ['left', 'a👩‍👩‍👧|', 'a|👩‍👩‍👧'],
    ['right', '|e\u0301x', 'e\u0301|x'],
    ['right', 'a|\nb', 'a\n|b'],
    ['wordLeft', 'one two|', 'one |two'],
    ['wordLeft', 'one  |two', '|one  two'],
    ['wordRight', 'one| two three', 'one two| three'],
    ['lineStart', 'one\ntwo|', 'one\n|two'],
    ['lineEnd', 'o|ne\ntwo', 'one|\ntwo'],
    ['backspace', 'a🇩🇪|b', 'a|b'],
    ['backspace', '|b', '|b'],
    ['delete', 'a|👍🏽b', 'a|b'],
    ['deleteWord', 'one two |three', 'one |three'],
    ['deleteWordRight', 'one| two three', 'one| three'],
    ['deleteToStart', 'one\ntwo| three', 'one\n| three'],
    ['deleteToEnd', 'one\ntwo| three\nfour', 'one\ntwo|\nfour'],
  ]
  test.each(cases)('%s: %j becomes %j', (edit, before, after) => {
    expect(marked(EDITS[edit](draft(before)))).toBe(after)
  })

  test('letters go where the cursor is', () => {
    expect(marked(insert(draft('a|c'), 'b'))).toBe('ab|c')
  })

  test('what is pasted keeps lines and tabs and nothing else that a terminal obeys', () => {
    expect(cleanInput('a\r\nb\rc\n\td\u001b[31me\u0007\u009bf\u0000')).toBe('a\nb\nc\n\td[31mef')
  })

  test('whatever is done, the cursor stands between two letters of the text', () => {
    const commands = fc.array(
      fc.oneof(fc.constantFrom(...(Object.keys(EDITS) as Edit[])), fc.constantFrom('你', '👩‍👩‍👧', 'x', ' ', '\n')),
    )
    fc.assert(
      fc.property(commands, (list) => {
        let now: Draft = { text: '', cursor: 0 }
        for (const command of list) now = command in EDITS ? EDITS[command as Edit](now) : insert(now, command)
        expect(now.cursor).toBeGreaterThanOrEqual(0)
        expect(now.cursor).toBeLessThanOrEqual(now.text.length)
        // Half a letter would be a lone surrogate.
        expect(() => encodeURIComponent(now.text.slice(0, now.cursor))).not.toThrow()
      }),
      { seed: 1 },
    )
  })
})

describe('rows', () => {
  const shown = (at: Draft, columns: number, rows: number): { texts: string[]; row: number; column: number } => {
    const window = draftWindow(at, columns, rows)
    return {
      texts: window.rows.map(({ start, end }) => at.text.slice(start, end)),
      row: window.row,
      column: window.column,
    }
  }

  test('full rows break, the cursor behind a full row has one of its own', () => {
    expect(shown(draft('abcdef|'), 4, 5)).toEqual({ texts: ['abcd', 'ef'], row: 1, column: 2 })
    expect(shown(draft('abcd|'), 4, 5)).toEqual({ texts: ['abcd', ''], row: 1, column: 0 })
    expect(shown(draft('你好|吗'), 5, 5)).toEqual({ texts: ['你好', '吗'], row: 1, column: 0 })
    expect(shown(draft('|'), 4, 5)).toEqual({ texts: [''], row: 0, column: 0 })
    expect(shown(draft('a\n|\nb'), 4, 5)).toEqual({ texts: ['a', '', 'b'], row: 1, column: 0 })
  })

  test('of many rows those around the cursor', () => {
    const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`)
    const text = lines.join('\n')
    const at = { text, cursor: text.indexOf('line 25') + 3 }
    expect(shown(at, 20, 5)).toEqual({ texts: lines.slice(23, 28), row: 2, column: 3 })
    expect(shown({ text, cursor: 0 }, 20, 5)).toEqual({ texts: lines.slice(0, 5), row: 0, column: 0 })
    expect(shown({ text, cursor: text.length }, 20, 5)).toEqual({ texts: lines.slice(45), row: 4, column: 7 })
  })

  test('up and down keep the column where they can', () => {
    expect(marked(moveRow(draft('abcdef\ngh|'), -1, 20)!)).toBe('ab|cdef\ngh')
    expect(marked(moveRow(draft('abcd|ef\ngh'), 1, 20)!)).toBe('abcdef\ngh|')
    expect(marked(moveRow(draft('abcdef|'), -1, 4)!)).toBe('ab|cdef')
    expect(moveRow(draft('ab|c\nd'), -1, 20)).toBeUndefined()
    expect(moveRow(draft('abc\nd|'), 1, 20)).toBeUndefined()
  })

  test('the cursor is always inside the window', () => {
    const drafts = fc.record({
      text: fc.string({ unit: fc.constantFrom('a', '你', '\n', '👍🏽') }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(
        drafts,
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        ({ text, share }, columns, most) => {
          const letters = [...new Intl.Segmenter().segment(text)].map(({ index }) => index).concat(text.length)
          const cursor = letters[Math.floor(share * (letters.length - 1))]!
          const { rows, row, column } = draftWindow({ text, cursor }, columns, most)
          expect(rows.length).toBeLessThanOrEqual(most)
          expect(rows[row]).toBeDefined()
          expect(column).toBeLessThan(columns)
          for (const { start, end } of rows) expect(widthOf(text.slice(start, end))).toBeLessThanOrEqual(columns)
        },
      ),
      { seed: 3 },
    )
  })

  test('a text of the greatest length costs a key no more than a blink', () => {
    const text = 'wörd '.repeat(200_000)
    const startedMs = performance.now()
    for (const cursor of [0, 500_000, text.length]) draftWindow({ text, cursor }, 78, 6)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })
})
