import { expect, test } from 'vitest'
import { base64Url, fromBase64Url, plain } from '../src/native/plain.js'
import { SeededBytes } from './helpers.js'

test('base64url of any length comes back, as Buffer does it', () => {
  const random = new SeededBytes(13)
  for (let length = 0; length < 100; length++) {
    const bytes = random.bytes(length)
    expect(base64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    expect(fromBase64Url(base64Url(bytes))).toEqual(bytes)
  }
  const every = Uint8Array.from({ length: 256 }, (_, at) => at)
  expect(fromBase64Url(base64Url(every))).toEqual(every)
})

test('what is plain is a Uint8Array of its own', () => {
  const pooled = Buffer.from('hello')
  expect(Object.getPrototypeOf(plain(pooled))).toBe(Uint8Array.prototype)
  expect(plain(pooled)).toEqual(new TextEncoder().encode('hello'))
  expect(plain(pooled).buffer).not.toBe(pooled.buffer)
})
