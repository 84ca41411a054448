import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeUvarint,
  encodeUvarint,
  isMinimalUvarint,
  uvarintBytes,
  uvarintEnd,
  uvarintNumber,
  uvarintValue,
  writeUvarint,
} from '../../src/wire/uvarint.js'
import { bytesOf, codeOf, u64 } from './support/bytes.js'

/** The definition, with nothing clever. */
function naive(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

const EDGES = [0n, 1n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 49n, 2n ** 53n - 1n, 2n ** 53n]
const LARGE = [2n ** 53n + 1n, 2n ** 56n - 1n, 2n ** 63n, 2n ** 64n - 1n]

test.each([...EDGES, ...LARGE])('%d is the same there and back', (value) => {
  expect(encodeUvarint(value)).toEqual(naive(value))
  expect(decodeUvarint(naive(value))).toBe(value)
  expect(uvarintBytes(value)).toBe(naive(value).length)
  if (value <= Number.MAX_SAFE_INTEGER) {
    expect(encodeUvarint(Number(value))).toEqual(naive(value))
    expect(uvarintNumber(naive(value), 0, naive(value).length)).toBe(Number(value))
  }
})

test('any value is the same there and back, exactly', () => {
  fc.assert(
    fc.property(u64, (value) => {
      expect(encodeUvarint(value)).toEqual(naive(value))
      expect(decodeUvarint(naive(value))).toBe(value)
    }),
    { seed: 1 },
  )
})

test('as a number it is the nearest one', () => {
  const bytes = naive(2n ** 64n - 1n)
  expect(uvarintNumber(bytes, 0, bytes.length)).toBe(2 ** 64)
})

test('it is read and written in the middle of other bytes', () => {
  const target = new Uint8Array(6).fill(0xee)
  expect(writeUvarint(300, target, 2)).toBe(4)
  expect(target).toEqual(bytesOf('eeeeac02eeee'))
  expect(uvarintEnd(target, 2)).toBe(4)
  expect(uvarintValue(target, 2, 4)).toBe(300n)
})

test('longer forms are read', () => {
  expect(decodeUvarint(bytesOf('8000'))).toBe(0n)
  expect(decodeUvarint(bytesOf('81808080808080808000'))).toBe(1n)
  expect(isMinimalUvarint(bytesOf('8000'), 0, 2)).toBe(false)
  expect(isMinimalUvarint(bytesOf('00'), 0, 1)).toBe(true)
  expect(isMinimalUvarint(bytesOf('ac02'), 0, 2)).toBe(true)
})

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['no last byte', 'ac'],
    ['nine bytes without a last one', '808080808080808080'],
    ['a tenth byte above 1', 'ffffffffffffffffff02'],
    ['a tenth byte that goes on', '8080808080808080808000'],
    ['a byte behind it', '0500'],
  ])('%s', (_, hex) => {
    expect(codeOf(() => decodeUvarint(bytesOf(hex)))).toBe('malformed')
  })

  test('an end before the last byte, though bytes follow', () => {
    expect(codeOf(() => uvarintEnd(bytesOf('ac02'), 0, 1))).toBe('malformed')
    expect(codeOf(() => uvarintEnd(bytesOf('ac02'), 2))).toBe('malformed')
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN, -1n, 2n ** 64n])('%d to encode', (value) => {
    expect(codeOf(() => encodeUvarint(value))).toBe('misuse')
  })
})
