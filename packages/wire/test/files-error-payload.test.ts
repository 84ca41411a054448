import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFilesError, encodeFilesError } from '../src/files/index.js'
import { fromHex } from '../src/index.js'
import { codeOf } from './support/errors.js'

test('a text is decoded as it was encoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (message) => {
      expect(decodeFilesError(encodeFilesError(message))).toBe(message)
    }),
    { seed: 1 },
  )
})

test.each([
  ['', ''],
  ['00', ''],
  ['0000', ''],
  ['0002 61', ''],
  ['ffff 61', ''],
  ['0001 61 62', 'a'],
  ['0001 ff', '\ufffd'],
])('%s is read as %j', (hex, message) => {
  expect(decodeFilesError(fromHex(hex.replaceAll(' ', '')))).toBe(message)
})

test('any payload is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
      expect(typeof decodeFilesError(payload)).toBe('string')
    }),
    { seed: 2 },
  )
})

test('a text that its length cannot say is refused', () => {
  expect(encodeFilesError('x'.repeat(65_535))).toHaveLength(65_537)
  expect(codeOf(() => encodeFilesError('x'.repeat(65_536)))).toBe('length')
})
