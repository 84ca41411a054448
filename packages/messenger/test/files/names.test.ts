import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_FILE_NAME_BYTES, makeUnique, numberedName, safeFileName } from '../../src/files/names.js'

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

describe('a received name', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Übersicht 2024 (1).tar.gz', 'Übersicht 2024 (1).tar.gz'],
    ['日本語.txt', '日本語.txt'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\windows\\system.ini', 'system.ini'],
    ['/absolute/file', 'file'],
    ['C:\\x\\y.txt', 'y.txt'],
    ['C:stream', 'C_stream'],
    ['a/..', 'unnamed'],
    ['..', 'unnamed'],
    ['.', 'unnamed'],
    ['', 'unnamed'],
    ['   ', 'unnamed'],
    ['...', 'unnamed'],
    ['folder/', 'unnamed'],
    ['.bashrc', 'bashrc'],
    [' .hidden', 'hidden'],
    ['name.', 'name'],
    ['name. . ', 'name'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['nul.tar.gz', '_nul.tar.gz'],
    ['aux .txt', '_aux .txt'],
    ['COM1', '_COM1'],
    ['lpt9.doc', '_lpt9.doc'],
    ['COM¹.doc', '_COM¹.doc'],
    ['CONSOLE.txt', 'CONSOLE.txt'],
    ['COM10', 'COM10'],
    ['a\u0000b\nc\r\td\u007f\u0085.txt', 'abcd.txt'],
    ['photo\u202egnp.exe', 'photognp.exe'],
    ['\u2066x\u2069\u200f\ufeff.txt', 'x.txt'],
    ['a\u2028b\u2029c', 'abc'],
    ['what?<is>"this"|*:.txt', 'what__is__this____.txt'],
    ['e\u0301.txt', 'é.txt'],
    ['half\ud800.txt', 'half\ufffd.txt'],
  ])('%j is called %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe)
  })

  test('is cut in front of its extension, between characters', () => {
    const long = safeFileName(`${'é'.repeat(150)}.jpeg`)
    expect(long).toBe(`${'é'.repeat(97)}.jpeg`)
    expect(bytesOf(long)).toBe(199)
    expect(safeFileName(`${'x'.repeat(300)}`)).toBe('x'.repeat(MAX_FILE_NAME_BYTES))
    // What looks like an extension and is not is cut as well.
    expect(safeFileName(`a.${'x'.repeat(300)}`)).toHaveLength(MAX_FILE_NAME_BYTES)
    expect(safeFileName(`${'x'.repeat(195)}    .txt`)).toBe(`${'x'.repeat(195)}.txt`)
    expect(safeFileName(`con.${'x'.repeat(300)}`)).toHaveLength(MAX_FILE_NAME_BYTES)
  })
})

/** Names with what is dangerous in them more often than chance would put it there. */
const hostileName = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom(
        '/',
        '\\',
        '..',
        '.',
        ' ',
        'con',
        'NUL',
        'COM1',
        '\u202e',
        '\u0000',
        ':',
        '\ud800',
        'é',
        'x'.repeat(199),
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

test('any name gives one that is safe', () => {
  fc.assert(
    fc.property(hostileName, (name) => {
      const safe = safeFileName(name)
      expect(safe).not.toBe('')
      expect(bytesOf(safe)).toBeLessThanOrEqual(MAX_FILE_NAME_BYTES)
      expect(safe).not.toMatch(/[/\\<>:"|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(safe).not.toMatch(/^[.\s]|[.\s]$/u)
      expect(safe).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)\s*(?:\.|$)/iu)
      expect(safeFileName(safe)).toBe(safe)
    }),
    { seed: 1, numRuns: 2_000 },
  )
})

test('a safe name with a number is one that no name before it was', () => {
  fc.assert(
    fc.property(hostileName, fc.nat(9_999), fc.nat(9_999), (name, one, other) => {
      const safe = safeFileName(name)
      expect(numberedName(safe, one) === numberedName(safe, other)).toBe(one === other)
      expect(numberedName(safe, one)).not.toBe(safe)
    }),
    { seed: 2 },
  )
})

test.each([
  ['report.pdf', 'report (3).pdf'],
  ['a.tar.gz', 'a.tar (3).gz'],
  ['README', 'README (3)'],
])('the third %s is %s', (name, numbered) => {
  expect(numberedName(name, 3)).toBe(numbered)
})

describe('a name that nothing has', () => {
  const taken = (): Error => Object.assign(new Error('taken'), { code: 'EEXIST' })

  test('is the first that can be made', async () => {
    const there = new Set(['/f/a.txt', '/f/a (1).txt'])
    const make = async (path: string): Promise<void> => {
      if (there.has(path)) throw taken()
      there.add(path)
    }
    expect(await makeUnique('/f/a.txt', make)).toBe('/f/a (2).txt')
    expect(await makeUnique('/f/a.txt', make)).toBe('/f/a (3).txt')
    expect(await makeUnique('/f/b.txt', make)).toBe('/f/b.txt')
  })

  test('is not looked for after any other failure, nor for ever', async () => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    await expect(makeUnique('/f/a', () => Promise.reject(full))).rejects.toBe(full)
    let tried = 0
    const never = (): Promise<void> => {
      tried++
      return Promise.reject(taken())
    }
    await expect(makeUnique('/f/a', never)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(tried).toBe(10_000)
  })
})
