import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { Deadlines, type Scheduled } from '../../src/stream/deadlines.js'
import { ReceiveQueue } from '../../src/stream/receive-queue.js'
import { RoundTrip } from '../../src/stream/rtt.js'
import { SendBuffer } from '../../src/stream/send-buffer.js'
import { isPattern, pattern } from './support/pair.js'
import { joined } from './support/simulation.js'

describe('Deadlines', () => {
  function item(name: string): Scheduled & { readonly name: string } {
    return { name, dueMs: 0, heapIndex: -1 }
  }

  test('gives the earliest first, for many in any order', () => {
    const random = createRandom(1)
    const deadlines = new Deadlines<Scheduled>()
    const items = Array.from({ length: 500 }, () => item(''))
    for (let round = 0; round < 5000; round++) {
      const one = items[random.integer(500)]!
      if (random.chance(0.2)) deadlines.remove(one)
      else deadlines.atLatest(one, random.integer(1000))
      const scheduled = items.filter(({ heapIndex }) => heapIndex >= 0)
      if (round % 50 === 0) {
        expect(deadlines.nextMs).toBe(Math.min(...scheduled.map(({ dueMs }) => dueMs), Number.POSITIVE_INFINITY))
      }
    }
    let lastMs = 0
    for (let next = deadlines.takeDue(1000); next !== undefined; next = deadlines.takeDue(1000)) {
      expect(next.dueMs).toBeGreaterThanOrEqual(lastMs)
      lastMs = next.dueMs
    }
    expect(items.every(({ heapIndex }) => heapIndex === -1)).toBe(true)
  })

  test('a later deadline changes nothing, an earlier one does', () => {
    const deadlines = new Deadlines<Scheduled>()
    const [a, b] = [item('a'), item('b')]
    deadlines.atLatest(a, 100)
    deadlines.atLatest(b, 50)
    deadlines.atLatest(b, 500)
    expect(deadlines.nextMs).toBe(50)
    deadlines.atLatest(a, 10)
    expect(deadlines.takeDue(9)).toBeUndefined()
    expect(deadlines.takeDue(10)).toBe(a)
    deadlines.atLatest(a, Number.POSITIVE_INFINITY)
    deadlines.remove(a)
    expect(deadlines.takeDue(1000)).toBe(b)
    expect(deadlines.nextMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('SendBuffer', () => {
  test('gives any part of what was pushed and is not released, however it was cut', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = createRandom(seed)
      const buffer = new SendBuffer()
      let released = 0
      for (let round = 0; round < 300; round++) {
        const length = random.chance(0.7) ? 1 + random.integer(50) : 1 + random.integer(5000)
        buffer.push(pattern(length, buffer.endOffset))
        for (let reads = random.integer(4); reads > 0; reads--) {
          const offset = released + random.integer(buffer.endOffset - released)
          const size = 1 + random.integer(Math.min(16_384, buffer.endOffset - offset))
          const target = new Uint8Array(size + 2)
          buffer.copy(offset, size, target, 1)
          expect(isPattern(target.subarray(1, size + 1), size, offset)).toBe(true)
        }
        if (random.chance(0.3)) {
          released += random.integer(buffer.endOffset - released + 1)
          buffer.release(released)
        }
      }
      buffer.release(buffer.endOffset)
      expect(buffer.sizeBytes).toBe(0)
    }
  })

  test('keeps large chunks as they are: what the writer does to them shows', () => {
    const buffer = new SendBuffer()
    const chunk = new Uint8Array(5000)
    buffer.push(chunk)
    chunk[7] = 1
    const target = new Uint8Array(5000)
    buffer.copy(0, 5000, target, 0)
    expect(target[7]).toBe(1)
  })
})

describe('ReceiveQueue', () => {
  test('gives back what was pushed, in order', () => {
    const random = createRandom(2)
    const queue = new ReceiveQueue()
    const got: Uint8Array[] = []
    let pushed = 0
    while (pushed < 200_000) {
      const length = 1 + random.integer(random.chance(0.5) ? 20 : 20_000)
      queue.push(pattern(length, pushed))
      pushed += length
      while (random.chance(0.3)) {
        const chunk = queue.take()
        if (chunk !== undefined) got.push(chunk)
      }
    }
    for (let chunk = queue.take(); chunk !== undefined; chunk = queue.take()) got.push(chunk)
    expect(queue.sizeBytes).toBe(0)
    expect(isPattern(joined(got), pushed)).toBe(true)
  })
})

describe('RoundTrip', () => {
  test('follows the table of the protocol', () => {
    const roundTrip = new RoundTrip()
    expect(roundTrip.rtoMs).toBe(500)
    roundTrip.sample(100)
    expect([roundTrip.smoothedMs, roundTrip.variationMs, roundTrip.rtoMs]).toEqual([100, 50, 300])
    roundTrip.sample(180)
    expect([roundTrip.smoothedMs, roundTrip.variationMs, roundTrip.rtoMs]).toEqual([110, 57.5, 340])
    for (let count = 0; count < 100; count++) roundTrip.sample(1)
    expect(roundTrip.rtoMs).toBe(200)
    for (let count = 0; count < 100; count++) roundTrip.sample(60_000)
    expect(roundTrip.rtoMs).toBe(5000)
  })
})
