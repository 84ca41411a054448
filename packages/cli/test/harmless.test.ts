import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { harmlessJson, harmlessLine, harmlessText } from '../src/harmless.js'

// What a terminal obeys or what changes the order of letters; built, so that this file stays readable.
const CONTROLS = [
  ...Array.from({ length: 32 }, (_, code) => code),
  ...Array.from({ length: 33 }, (_, at) => 0x7f + at),
  0x061c,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202a,
  0x202b,
  0x202c,
  0x202d,
  0x202e,
  0x2066,
  0x2067,
  0x2068,
  0x2069,
]
const text = fc.array(fc.oneof(fc.constantFrom(...CONTROLS.map((code) => String.fromCodePoint(code))), fc.string()))

describe('text of others on a terminal', () => {
  test('every control character becomes visible', () => {
    for (const code of CONTROLS) {
      const character = String.fromCodePoint(code)
      const shown = harmlessText(`a${character}b`)
      if (character === '\n' || character === '\t') expect(shown).toBe(`a${character}b`)
      else expect(shown).toBe(`a\\u${code.toString(16).padStart(4, '0')}b`)
    }
  })

  test('Windows line ends are line ends', () => {
    expect(harmlessText('one\r\ntwo\rthree')).toBe('one\ntwo\\u000dthree')
  })

  test('letters, emoji and their joiners stay', () => {
    const said = 'Grüße, 你好, مرحبا, 👩‍👩‍👧, e\u0301'
    expect(harmlessText(said)).toBe(said)
    expect(harmlessLine(said)).toBe(said)
  })

  test('nothing harmful is left of any text', () => {
    const harmful = new Set(CONTROLS.filter((code) => code !== 9 && code !== 10))
    fc.assert(
      fc.property(text, (pieces) => {
        for (const character of harmlessText(pieces.join('')))
          expect(harmful.has(character.codePointAt(0)!)).toBe(false)
        expect(harmlessLine(pieces.join(''))).not.toMatch(/[\n\t]/)
      }),
      { seed: 1 },
    )
  })

  test('JSON stays on one line, means the same and holds nothing harmful', () => {
    fc.assert(
      fc.property(text, (pieces) => {
        const value = { text: pieces.join('') }
        const json = harmlessJson(value)
        expect(JSON.parse(json)).toEqual(value)
        for (const character of json) expect(CONTROLS).not.toContain(character.codePointAt(0))
      }),
      { seed: 2 },
    )
  })
})
