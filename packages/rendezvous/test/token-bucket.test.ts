import { expect, test } from 'vitest'
import { TokenBucket } from '../src/token-bucket.js'

/** How many can be taken at once. */
function drain(bucket: TokenBucket, nowMs: number): number {
  let taken = 0
  while (taken < 1000 && bucket.take(nowMs)) taken++
  return taken
}

test('a burst at first, then the rate, and never more than the burst', () => {
  const bucket = new TokenBucket(2, 5)
  expect(drain(bucket, 1_000)).toBe(5)
  expect(drain(bucket, 1_499)).toBe(0)
  expect(drain(bucket, 2_000)).toBe(2)
  expect(drain(bucket, 1_000_000)).toBe(5)
})

test('a clock that is set back gives nothing, and does not stop the rate until it has caught up', () => {
  const bucket = new TokenBucket(2, 5)
  expect(drain(bucket, 3_600_000)).toBe(5)
  expect(drain(bucket, 0)).toBe(0)
  expect(drain(bucket, 1_000)).toBe(2)
})

test('no limit is no limit', () => {
  const bucket = new TokenBucket(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  expect(drain(bucket, 0)).toBe(1_000)
  expect(drain(bucket, 0)).toBe(1_000)
})
