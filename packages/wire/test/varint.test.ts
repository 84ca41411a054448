import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  fromHex,
  MAX_VARINT,
  readVarint,
  toHex,
  varintByteLength,
  varintByteLengthAt,
  writeVarint,
} from '../src/index.js'
import { codeOf } from './support/errors.js'

test.each([
  [0, '00'],
  [1, '01'],
  [127, '7f'],
  [128, '8001'],
  [300, 'ac02'],
  [16_383, 'ff7f'],
  [16_384, '808001'],
  [2_097_151, 'ffff7f'],
  [2_097_152, '80808001'],
  [MAX_VARINT, 'ffffff7f'],
])('%d is %s', (value, hex) => {
  const target = new Uint8Array(hex.length / 2)
  expect(writeVarint(value, target, 0)).toBe(target.length)
  expect(toHex(target)).toBe(hex)
  expect(varintByteLength(value)).toBe(target.length)
  expect(readVarint(target)).toBe(value)
})

test('a varint is read as it was written', () => {
  fc.assert(
    fc.property(fc.nat(MAX_VARINT), fc.nat(4), (value, offset) => {
      const target = new Uint8Array(offset + 5).fill(0xff)
      const end = writeVarint(value, target, offset)
      expect(readVarint(target, offset)).toBe(value)
      expect(offset + varintByteLengthAt(target, offset)).toBe(end)
      expect(target.subarray(end).every((byte) => byte === 0xff)).toBe(true)
    }),
    { seed: 1 },
  )
})

test.each([
  ['8000', 0],
  ['a000', 32],
  ['ff808000', 127],
])('the longer form %s is taken', (hex, value) => {
  expect(readVarint(fromHex(hex))).toBe(value)
  expect(varintByteLengthAt(fromHex(hex), 0)).toBe(hex.length / 2)
})

test.each(['', '80', '8080', 'ffffff', '80808080', '8080808000', 'ffffffff7f'])('%j is refused', (hex) => {
  expect(codeOf(() => readVarint(fromHex(hex)))).toBe('varint')
})

test('nothing is read behind the end given', () => {
  expect(codeOf(() => readVarint(fromHex('8001'), 0, 1))).toBe('varint')
  expect(codeOf(() => readVarint(fromHex('01'), 1))).toBe('varint')
})

test('what does not fit is refused', () => {
  for (const bad of [-1, 0.5, MAX_VARINT + 1, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(codeOf(() => varintByteLength(bad))).toBe('out-of-range')
  }
  expect(codeOf(() => writeVarint(128, new Uint8Array(1), 0))).toBe('out-of-range')
})
