import { describe, expect, test } from 'vitest'
import type { Value } from '../src/index.js'
import { bindAll, normaliseRow } from '../src/value.js'

describe('bindAll', () => {
  test('whole numbers become bigints, everything else stays what it is', () => {
    const bytes = Uint8Array.of(1)
    expect(bindAll([1, -0, 1.5, 2 ** 53, 7n, 'x', null, bytes], 8)).toEqual([
      1n,
      0n,
      1.5,
      2 ** 53,
      7n,
      'x',
      null,
      bytes,
    ])
    expect(bindAll([bytes], 1)[0]).toBe(bytes)
  })

  test('text becomes what every library reads back', () => {
    expect(bindAll(['a\0\0b', '\ud800', 'x\udfff\ud800y', 'ok 🌱'], 4)).toEqual([
      'a\ufffd\ufffdb',
      '\ufffd',
      'x\ufffd\ufffdy',
      'ok 🌱',
    ])
  })

  test('says which parameter does not fit', () => {
    expect(() => bindAll([1, undefined as unknown as Value], 2)).toThrow('as parameter 2, got undefined')
    expect(() => bindAll([2n ** 63n], 1)).toThrow('got 9223372036854775808')
    expect(() => bindAll([Number.NaN], 1)).toThrow('got NaN')
    expect(() => bindAll([], 1)).toThrow('expected 1 parameters, got 0')
  })
})

describe('normaliseRow', () => {
  test('bytes of any kind become plain Uint8Arrays', () => {
    const buffer = Buffer.from([9, 1, 2, 9]).subarray(1, 3)
    const row = normaliseRow({ a: buffer, b: Uint8Array.of(3).buffer, c: null, d: 'x', e: 5n, f: 1.5 })
    expect(row).toStrictEqual({ a: Uint8Array.of(1, 2), b: Uint8Array.of(3), c: null, d: 'x', e: 5n, f: 1.5 })
    expect(Buffer.isBuffer(row['a'])).toBe(false)
  })

  test('a number that may be rounded is refused, infinity is what it is', () => {
    for (const value of [2 ** 53, -(2 ** 53), 1e300]) {
      expect(() => normaliseRow({ a: value })).toThrow(expect.objectContaining({ code: 'out-of-range' }))
    }
    expect(normaliseRow({ a: Number.POSITIVE_INFINITY, b: 2 ** 53 - 1 })).toEqual({
      a: Number.POSITIVE_INFINITY,
      b: 2 ** 53 - 1,
    })
  })
})
