import { expect, test } from 'vitest'
import { TokenBucket } from '../src/token-bucket.js'

test('a burst, then the rate', () => {
  const bucket = new TokenBucket(10, 3, 0)
  const taken = (nowMs: number) => {
    let count = 0
    while (bucket.take(nowMs)) count++
    return count
  }
  expect(taken(0)).toBe(3)
  expect(taken(99)).toBe(0)
  expect(taken(100)).toBe(1)
  expect(taken(350)).toBe(2)
  expect(taken(1_000_000)).toBe(3)
})

test('a clock set back neither gives nor locks', () => {
  const bucket = new TokenBucket(1, 1, 1_000_000)
  expect(bucket.take(1_000_000)).toBe(true)
  expect(bucket.take(0)).toBe(false)
  expect(bucket.take(1000)).toBe(true)
})

test('without an end to the rate everything passes', () => {
  const bucket = new TokenBucket(Infinity, Infinity, 0)
  for (let nowMs = 0; nowMs < 100; nowMs++) expect(bucket.take(nowMs)).toBe(true)
})
