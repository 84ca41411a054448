import { expect, test } from 'vitest'
import { decodeFilesInit, encodeFilesInit, FILES_INIT, FILES_INIT_BYTES } from '../src/files/index.js'
import { fromHex, toHex } from '../src/index.js'
import { codeOf } from './support/errors.js'

test('there is one opening', () => {
  expect(toHex(encodeFilesInit())).toBe('0100')
  expect(encodeFilesInit()).toHaveLength(FILES_INIT_BYTES)
  expect(decodeFilesInit(fromHex('0100'))).toEqual(FILES_INIT)
})

test.each([
  ['', 'truncated'],
  ['01', 'truncated'],
  ['010000', 'trailing'],
  ['0000', 'unexpected-type'],
  ['0101', 'unexpected-type'],
] as const)('%s is refused', (hex, code) => {
  expect(codeOf(() => decodeFilesInit(fromHex(hex)))).toBe(code)
})

test('the encoder refuses another version or protocol', () => {
  expect(codeOf(() => encodeFilesInit({ version: 2, protocol: 0 }))).toBe('unexpected-type')
  expect(codeOf(() => encodeFilesInit({ version: 1, protocol: 1 }))).toBe('unexpected-type')
})
