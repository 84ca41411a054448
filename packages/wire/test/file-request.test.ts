import { describe, expect, test } from 'vitest'
import { fromHex, toHex, type WireErrorCode } from '../src/index.js'
import { decodeFrame, encodeFrame, type FileRangeFrame, type FileRequestFrame } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'

const HASH = 'f3877e8a3d98f809d9f844060fbea2864a4b66980a22ff22297014d0c168db2e'
const request: FileRequestFrame = { type: 'fileRequest', guid: -1n, name: 'a.txt', hash: HASH }
const part: FileRangeFrame = { ...request, type: 'fileRange', offset: 2 ** 40 + 7, maxBytes: 2 ** 53 - 1 }

test('a hash is read in either case and written in lower case', () => {
  const lower = encodeFrame(request, 'current')
  expect(toHex(encodeFrame({ ...request, hash: HASH.toUpperCase() }, 'current'))).toBe(toHex(lower))
  const upper = lower.slice()
  for (let at = upper.length - 64; at < upper.length; at++) if (upper[at]! >= 0x61) upper[at]! -= 0x20
  expect(decodeFrame(upper)).toEqual(request)
})

test('a name is text, however hostile', () => {
  for (const name of ['../../etc/passwd', 'C:\\autoexec.bat', '\u0000', '']) {
    expect(decodeFrame(encodeFrame({ ...request, name }, 'current'))).toEqual({ ...request, name })
  }
})

describe('what is refused, both ways', () => {
  test.each<[string, Partial<FileRequestFrame>, WireErrorCode]>([
    ['guid', { guid: 2n ** 63n }, 'out-of-range'],
    ['a long name', { name: 'n'.repeat(1_025) }, 'length'],
    ['a short hash', { hash: HASH.slice(1) }, 'out-of-range'],
    ['a hash with other letters', { hash: `g${HASH.slice(1)}` }, 'out-of-range'],
    ['a hash with a line break', { hash: `${HASH}\n` }, 'out-of-range'],
  ])('%s', (_, change, code) => {
    expect(codeOf(() => encodeFrame({ ...request, ...change }, 'current'))).toBe(code)
  })

  test('a hash of another length, before it has come', () => {
    const bytes = encodeFrame(request, 'current')
    for (const length of ['0000003f', '00000041', 'ffffffff']) {
      const cut = bytes.slice(0, bytes.length - 64)
      cut.set(fromHex(length), cut.length - 4)
      expect(codeOf(() => decodeFrame(cut))).toBe('length')
    }
  })

  test('a hash of other characters', () => {
    const bytes = encodeFrame(request, 'current')
    for (const byte of [0x67, 0x20, 0xff]) {
      const wrong = bytes.slice()
      wrong[wrong.length - 1] = byte
      expect(codeOf(() => decodeFrame(wrong))).toBe('out-of-range')
    }
  })
})

describe('a part of a file', () => {
  test('the layout', () => {
    const bytes = encodeFrame(part, 'current')
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    expect(view.getInt32(4)).toBe(30_002)
    expect(view.getBigInt64(8)).toBe(BigInt(bytes.length - 16))
    expect([view.getBigInt64(16), view.getBigInt64(24), view.getBigInt64(32)]).toEqual([
      -1n,
      2n ** 40n + 7n,
      2n ** 53n - 1n,
    ])
    expect(toHex(bytes.slice(40))).toBe(toHex(encodeFrame(request, 'current').slice(24)))
    expect(decodeFrame(bytes)).toEqual(part)
  })

  test('places that no file has are refused, both ways', () => {
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(codeOf(() => encodeFrame({ ...part, offset: bad }, 'current'))).toBe('out-of-range')
      expect(codeOf(() => encodeFrame({ ...part, maxBytes: bad }, 'current'))).toBe('out-of-range')
    }
    for (const bad of [-1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      for (const at of [24, 32]) {
        const bytes = encodeFrame(part, 'current').slice()
        new DataView(bytes.buffer).setBigInt64(at, bad)
        expect(
          codeOf(() => decodeFrame(bytes)),
          `${bad} at ${at}`,
        ).toBe('out-of-range')
      }
    }
  })

  test.each<[string, Partial<FileRangeFrame>, WireErrorCode]>([
    ['guid', { guid: 2n ** 63n }, 'out-of-range'],
    ['a long name', { name: 'n'.repeat(1_025) }, 'length'],
    ['a short hash', { hash: HASH.slice(1) }, 'out-of-range'],
  ])('%s', (_, change, code) => {
    expect(codeOf(() => encodeFrame({ ...part, ...change }, 'current'))).toBe(code)
  })
})
