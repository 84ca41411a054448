import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusters, fit, truncate, widthOf, wrap } from '../../src/chat/width.js'

const FAMILY = '👩‍👩‍👧'
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.constantFrom(' ', '\n', '\t', '你', FAMILY, 'e\u0301'),
  ),
})

describe('cells', () => {
  test.each([
    ['Hello', 5],
    ['你好', 4],
    ['e\u0301', 1],
    ['👍🏽', 2],
    [FAMILY, 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['한국', 4],
    ['ｶﾞ', 2],
    ['\u200b', 0],
    ['مرحبا', 5],
    ['a\tb', 3],
    ['', 0],
  ])('%j takes %i', (said, cells) => {
    expect(widthOf(said)).toBe(cells)
  })

  test('a cluster is one letter, and none is longer than anybody needs', () => {
    expect(clusters(`a${FAMILY}e\u0301`)).toEqual(['a', FAMILY, 'e\u0301'])
    const [tower = ''] = clusters(`e${'\u0301'.repeat(10_000)}`)
    expect(tower.length).toBeLessThan(50)
  })
})

describe('cut and filled', () => {
  test('what fits stays, what does not ends in an ellipsis', () => {
    expect(truncate('Hello', 5)).toBe('Hello')
    expect(truncate('Hello!', 5)).toBe('Hell…')
    expect(truncate('Hello!', 5, '...')).toBe('He...')
    expect(truncate('你好吗', 5)).toBe('你好…')
    expect(truncate('你好吗', 4)).toBe('你…')
    expect(truncate('Hello', 0)).toBe('')
    expect(fit('你好', 5)).toBe('你好 ')
    expect(fit('你好吗', 4)).toBe('你… ')
  })

  test('any text fits exactly', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (said, columns) => {
        const line = said.replaceAll('\n', ' ')
        expect(widthOf(truncate(line, columns))).toBeLessThanOrEqual(columns)
        expect(widthOf(fit(line, columns))).toBe(columns)
      }),
      { seed: 1 },
    )
  })
})

describe('wrapped', () => {
  test('between words, within words that are too long, at line feeds', () => {
    expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox'])
    expect(wrap('antidisestablishmentarianism', 10)).toEqual(['antidisest', 'ablishment', 'arianism'])
    expect(wrap('a\n\nb', 10)).toEqual(['a', '', 'b'])
    expect(wrap('你好你好你好', 5)).toEqual(['你好', '你好', '你好'])
    expect(wrap('Bob: 好的,八點見。好的', 11)).toEqual(['Bob: 好的,', '八點見。好', '的'])
    expect(wrap('見。'.repeat(4), 9)).toEqual(['見。見。', '見。見。'])
    expect(wrap('', 10)).toEqual([''])
    expect(wrap('  indented', 20)).toEqual(['  indented'])
    expect(wrap('a\tb', 20)).toEqual(['a    b'])
  })

  test('no line is too wide, and no letter is lost', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 30 }), (said, columns) => {
        const lines = wrap(said, columns)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
        const letters = (written: string): string => written.replaceAll(/\s/g, '')
        expect(letters(lines.join(''))).toBe(letters(said))
      }),
      { seed: 2 },
    )
  })
})
