import { createRandom } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { Repeats } from '../../src/router/repeats.js'

test('the same bytes within the interval are a repeat, others never', () => {
  const repeats = new Repeats(100)
  const bytes = Uint8Array.of(1, 2, 3)
  expect(repeats.isRepeat(bytes, 0)).toBe(false)
  expect(repeats.isRepeat(Uint8Array.of(1, 2, 4), 0)).toBe(false)
  expect(repeats.isRepeat(Uint8Array.of(1, 2), 0)).toBe(false)
  expect(repeats.isRepeat(bytes, 99)).toBe(true)
  // A repeat does not prolong the interval.
  expect(repeats.isRepeat(bytes, 100)).toBe(false)
  expect(repeats.isRepeat(bytes, 199)).toBe(true)
})

test('the bytes are copied', () => {
  const repeats = new Repeats(100)
  const bytes = Uint8Array.of(1, 2, 3)
  repeats.isRepeat(bytes, 0)
  bytes[0] = 9
  expect(repeats.isRepeat(Uint8Array.of(1, 2, 3), 1)).toBe(true)
})

test('under load something new is never taken for a repeat', () => {
  const random = createRandom(1)
  const repeats = new Repeats(1000)
  for (let count = 0; count < 5000; count++) expect(repeats.isRepeat(random.bytes(16), 0)).toBe(false)
})
