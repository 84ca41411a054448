import { expect, test } from 'vitest'
import { TokenBucket } from '../src/token-bucket.js'

test('so many at once, then so many a second', () => {
  const bucket = new TokenBucket(10)
  const taken = (nowMs: number): number => {
    let count = 0
    while (bucket.take(nowMs)) count++
    return count
  }
  expect(taken(0)).toBe(10)
  expect(taken(99)).toBe(0)
  expect(taken(100)).toBe(1)
  expect(taken(650)).toBe(5)
  expect(taken(3_600_000)).toBe(10)
})

test('asking in vain costs nothing', () => {
  const bucket = new TokenBucket(2)
  bucket.take(0)
  bucket.take(0)
  for (let nowMs = 0; nowMs < 500; nowMs += 10) expect(bucket.take(nowMs)).toBe(false)
  expect(bucket.take(500)).toBe(true)
})

test('parts of a token', () => {
  const bucket = new TokenBucket(1)
  let count = 0
  while (bucket.take(0, 0.25)) count++
  expect(count).toBe(4)
})
