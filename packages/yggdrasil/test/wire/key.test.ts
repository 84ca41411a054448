import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isYggdrasilError, YggdrasilError } from '../../src/error.js'
import { compareKeys, formatKey, isKeyAt, keyId, keyOfId, parseKey } from '../../src/key.js'
import { codeOf, concat, keys } from './support/bytes.js'

test('a key is the same as the key of a map, there and back', () => {
  fc.assert(
    fc.property(keys, keys, fc.nat({ max: 9 }), (a, b, offset) => {
      expect(keyOfId(keyId(a))).toEqual(a)
      expect(keyId(concat(new Uint8Array(offset), a, b), offset)).toBe(keyId(a))
      expect(keyId(a) === keyId(b)).toBe(compareKeys(a, b) === 0)
    }),
    { seed: 1 },
  )
})

test('keys are ordered byte by byte, unsigned', () => {
  const low = new Uint8Array(32).fill(0x7f)
  const high = new Uint8Array(32).fill(0x80)
  expect(compareKeys(low, high)).toBeLessThan(0)
  expect(compareKeys(high, low)).toBeGreaterThan(0)
  expect(compareKeys(high, high.slice())).toBe(0)
  const last = high.slice()
  last[31] = 0x81
  expect(compareKeys(high, last)).toBeLessThan(0)
})

test('a key is found inside other bytes', () => {
  const key = new Uint8Array(32).fill(7)
  const bytes = concat(Uint8Array.of(1, 2), key)
  expect(isKeyAt(bytes, 2, key)).toBe(true)
  expect(isKeyAt(bytes, 1, key)).toBe(false)
  expect(isKeyAt(bytes, 3, key)).toBe(false)
})

test('what callers give is a key or refused', () => {
  const key = new Uint8Array(32).fill(0xab)
  expect(parseKey('AB'.repeat(32))).toEqual(key)
  expect(formatKey(parseKey(key))).toBe('ab'.repeat(32))
  const copy = parseKey(key)
  copy[0] = 0
  expect(key[0]).toBe(0xab)
  for (const wrong of ['', 'ab'.repeat(31), 'zz'.repeat(32), `0x${'ab'.repeat(31)}`, new Uint8Array(31)]) {
    expect(codeOf(() => parseKey(wrong))).toBe('bad-key')
  }
  for (const wrong of [undefined, null, 32, {}]) expect(codeOf(() => parseKey(wrong as never))).toBe('bad-key')
})

test('an error is known by its name, and blames', () => {
  expect(new YggdrasilError('malformed', 'x')).toMatchObject({ name: 'YggdrasilError', blame: 'remote' })
  expect(new YggdrasilError('too-large', 'x', { blame: 'local' }).blame).toBe('local')
  const cause = new Error('y')
  expect(new YggdrasilError('link', 'x', { cause })).toMatchObject({ cause, blame: 'transport' })
  expect(isYggdrasilError(new YggdrasilError('timeout', 'x'))).toBe(true)
  expect(isYggdrasilError(new Error('x'))).toBe(false)
  expect(isYggdrasilError(undefined)).toBe(false)
})
