import { expect, test } from 'vitest'
import { RotatingMap } from '../src/rotating-map.js'

test('holds no more than its capacity, and keeps what is used', () => {
  const map = new RotatingMap<number, number>(10)
  map.set(-1, -1)
  for (let key = 0; key < 1000; key++) {
    map.set(key, key)
    expect(map.get(-1)).toBe(-1)
    expect(map.size).toBeLessThanOrEqual(10)
  }
  expect(map.get(999)).toBe(999)
  expect(map.get(0)).toBeUndefined()
})

test('setting a known key again takes no room', () => {
  const map = new RotatingMap<string, number>(4)
  map.set('a', 1)
  map.set('b', 1)
  for (let value = 0; value < 100; value++) map.set('b', value)
  expect([map.get('a'), map.get('b')]).toEqual([1, 99])
})
