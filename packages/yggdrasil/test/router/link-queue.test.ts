import { createRandom } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { LinkQueue } from '../../src/router/link-queue.js'

function drain(queue: LinkQueue): number[] {
  const first: number[] = []
  for (let frame = queue.shift(); frame !== undefined; frame = queue.shift()) first.push(frame[0]!)
  return first
}

function frame(number: number, bytes = 100): Uint8Array {
  return new Uint8Array(bytes).fill(number)
}

test('frames leave in the order they came, whosever they are', () => {
  const queue = new LinkQueue(10_000)
  queue.push(frame(1), 'a', 'x')
  queue.push(frame(2), 'b', 'y')
  queue.push(frame(3), 'a', 'x')
  queue.push(frame(4), 'b', 'x')
  expect(queue.bytes).toBe(400)
  expect(drain(queue)).toEqual([1, 2, 3, 4])
  expect(queue.bytes).toBe(0)
  expect(queue.shift()).toBeUndefined()
})

test('above the limit the oldest of the largest source of the largest destination goes', () => {
  const queue = new LinkQueue(1000)
  queue.push(frame(1, 300), 'a', 'x')
  queue.push(frame(2, 100), 'b', 'x')
  queue.push(frame(3, 300), 'a', 'x')
  // Larger than any flow to x, but x has more in all.
  expect(queue.push(frame(4, 300), 'c', 'y')).toBe(0)
  expect(queue.push(frame(5, 100), 'd', 'z')).toBe(1)
  expect(drain(queue)).toEqual([2, 3, 4, 5])
})

test('one flow cannot push out another', () => {
  const queue = new LinkQueue(1000)
  queue.push(frame(1), 'quiet', 'x')
  for (let count = 0; count < 100; count++) queue.push(frame(2), 'loud', 'y')
  expect(queue.bytes).toBe(1000)
  expect(drain(queue)).toEqual([1, 2, 2, 2, 2, 2, 2, 2, 2, 2])
})

test('a lone frame stays however large it is', () => {
  const queue = new LinkQueue(1000)
  expect(queue.push(frame(1, 1004), 'a', 'x')).toBe(0)
  expect(queue.push(frame(2, 10), 'b', 'y')).toBe(1)
  expect(drain(queue)).toEqual([2])
})

test('any sequence of pushes and shifts agrees with a plain list', () => {
  const random = createRandom(3)
  for (let round = 0; round < 20; round++) {
    const limit = 40_000 + random.integer(240_000)
    const queue = new LinkQueue(limit)
    const model: { number: number; bytes: number; source: string; dest: string }[] = []
    for (let number = 0; number < 200; number++) {
      if (random.chance(0.3)) {
        expect(queue.shift()?.[0]).toBe(model.shift()?.number)
        continue
      }
      const item = {
        number,
        // So long that two flows are hardly ever equal: which of them goes then is nobody's business.
        bytes: 1 + random.integer(40_000),
        source: `s${random.integer(4)}`,
        dest: `d${random.integer(4)}`,
      }
      model.push(item)
      const dropped = queue.push(frame(number, item.bytes), item.source, item.dest)
      let expected = 0
      while (sum(model) > limit && model.length > 1) {
        model.splice(model.indexOf(victim(model)), 1)
        expected++
      }
      expect(dropped).toBe(expected)
      expect(queue.bytes).toBe(sum(model))
    }
    expect(drain(queue)).toEqual(model.map(({ number }) => number))
  }
})

type Item = { readonly number: number; readonly bytes: number; readonly source: string; readonly dest: string }

function sum(items: readonly Item[]): number {
  return items.reduce((bytes, item) => bytes + item.bytes, 0)
}

/** The oldest of the largest flow. */
function victim(items: readonly Item[]): Item {
  const dest = largestGroup(items, ({ dest: id }) => id)
  return largestGroup(dest, ({ source }) => source)[0]!
}

function largestGroup(items: readonly Item[], name: (item: Item) => string): Item[] {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(name(item), [...(groups.get(name(item)) ?? []), item])
  return [...groups.values()].reduce((best, group) => (sum(group) > sum(best) ? group : best))
}
