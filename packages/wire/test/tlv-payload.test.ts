import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../src/index.js'
import { decodeTlvPayload, encodeTlvPayload } from '../src/tlv/index.js'
import { codeOf } from './support/errors.js'

const decode = (hex: string) => decodeTlvPayload(fromHex(hex)).map(({ tag, value }) => [tag, toHex(value)])

describe('decodeTlvPayload', () => {
  test.each<[string, string, [number, string][]]>([
    ['empty', '', []],
    ['one field', '0102abcd', [[1, 'abcd']]],
    ['a value of no bytes', '0500', [[5, '']]],
    ['tag 0', '000101', [[0, '01']]],
    [
      'the same tag twice, in order',
      '010101010102',
      [
        [1, '01'],
        [1, '02'],
      ],
    ],
    ['a length longer than needed', '01818000aa', [[1, 'aa']]],
    ['four bytes of length for 0', '0180808000', [[1, '']]],
  ])('%s', (_, hex, fields) => {
    expect(decode(hex)).toEqual(fields)
  })

  test.each([
    ['a tag alone', '01', 'varint'],
    ['a length without end', '0180', 'varint'],
    ['a length of five bytes', '018080808000', 'varint'],
    ['a value cut off', '0102ab', 'truncated'],
    ['the largest length', '01ffffff7f', 'truncated'],
    ['garbage behind a field', '010101ff', 'varint'],
  ])('refuses %s', (_, hex, code) => {
    expect(codeOf(() => decodeTlvPayload(fromHex(hex)))).toBe(code)
  })
})

describe('encodeTlvPayload', () => {
  test('is undone by the decoder, in the shortest form', () => {
    const field = fc.record({ tag: fc.nat(255), value: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const payload = encodeTlvPayload(fields)
        expect(decodeTlvPayload(payload)).toEqual(fields)
        expect(payload.length).toBe(
          fields.reduce((sum, { value }) => sum + 2 + (value.length > 127 ? 1 : 0) + value.length, 0),
        )
      }),
      { seed: 1 },
    )
  })

  test('refuses what does not fit', () => {
    expect(codeOf(() => encodeTlvPayload([{ tag: 256, value: new Uint8Array() }]))).toBe('out-of-range')
    const huge = new Uint8Array(2 ** 28)
    expect(codeOf(() => encodeTlvPayload([{ tag: 1, value: huge }]))).toBe('out-of-range')
  })
})
