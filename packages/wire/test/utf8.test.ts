import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readUtf8Lenient, readUtf8Strict, utf8ByteLength, writeUtf8 } from '../src/utf8.js'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.constant('\ufeffa'),
)
const lone = fc
  .array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 6 })
  .map((units) => String.fromCharCode(...units))

test('text is measured and written as TextEncoder does', () => {
  fc.assert(
    fc.property(fc.oneof(text, lone), fc.nat(3), (value, at) => {
      const expected = new TextEncoder().encode(value)
      const length = utf8ByteLength(value)
      expect(length).toBe(expected.length)
      const target = new Uint8Array(at + length + 1).fill(0xee)
      expect(writeUtf8(target, at, value, length)).toBe(at + length)
      expect(target).toEqual(Uint8Array.from([...new Array<number>(at).fill(0xee), ...expected, 0xee]))
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('the first and the last character of every length', () => {
  for (const code of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff]) {
    const character = String.fromCodePoint(code)
    expect(utf8ByteLength(character)).toBe(new TextEncoder().encode(character).length)
  }
})

test('text is read as it was written', () => {
  fc.assert(
    fc.property(
      text.filter((value) => !/\p{Surrogate}/u.test(value)),
      (value) => {
        const bytes = new TextEncoder().encode(value)
        expect(readUtf8Strict(bytes)).toBe(value)
        expect(readUtf8Lenient(bytes)).toBe(value)
      },
    ),
    { seed: 2, numRuns: 500 },
  )
})

test('bad bytes are refused or replaced', () => {
  for (const bytes of [[0xff], [0x41, 0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
    expect(readUtf8Strict(Uint8Array.from(bytes))).toBeUndefined()
    expect(readUtf8Lenient(Uint8Array.from(bytes))).toContain('\ufffd')
  }
})
