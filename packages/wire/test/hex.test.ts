import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equalBytes, fromHex, toHex } from '../src/index.js'
import { codeOf } from './support/errors.js'

test('bytes to hex and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toHex(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('hex'))
      expect(fromHex(text)).toEqual(bytes)
      expect(fromHex(text.toUpperCase())).toEqual(bytes)
    }),
    { seed: 1 },
  )
})

test.each([
  ['a', 'length'],
  ['0g', 'out-of-range'],
  ['0x', 'out-of-range'],
  [' 1', 'out-of-range'],
  ['1 ', 'out-of-range'],
  ['/0', 'out-of-range'],
  ['@`', 'out-of-range'],
  ['\u0660\u0661', 'out-of-range'],
])('%j is refused', (text, code) => {
  expect(codeOf(() => fromHex(text))).toBe(code)
})

test('equalBytes', () => {
  expect(equalBytes(fromHex('0102'), fromHex('0102'))).toBe(true)
  expect(equalBytes(fromHex('0102'), fromHex('0103'))).toBe(false)
  expect(equalBytes(fromHex('0102'), fromHex('010203'))).toBe(false)
  expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
})
