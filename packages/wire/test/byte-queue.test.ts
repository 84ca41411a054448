import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteQueue, fromHex, toHex } from '../src/index.js'
import { codeOf } from './support/errors.js'

test('bytes come out as they went in, whatever the pieces', () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 700 }), fc.nat(900))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue()
      let model: number[] = []
      for (const each of steps) {
        if (typeof each !== 'number') {
          queue.push(each)
          model.push(...each)
          each.fill(0xee)
        } else if (each > model.length) {
          expect(codeOf(() => queue.take(each))).toBe('truncated')
        } else {
          expect(queue.peek(each).byteLength).toBe(each)
          expect([...queue.take(each)]).toEqual(model.slice(0, each))
          model = model.slice(each)
        }
        expect(queue.size).toBe(model.length)
      }
      expect([...queue.take(queue.size)]).toEqual(model)
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('a chunk that does not fit behind a half-read one finds room', () => {
  const queue = new ByteQueue()
  queue.push(new Uint8Array(200).fill(1))
  queue.drop(150)
  queue.push(new Uint8Array(250).fill(2))
  expect(toHex(queue.take(300))).toBe('01'.repeat(50) + '02'.repeat(250))
})

test('what is left is moved to the front when that makes room', () => {
  const queue = new ByteQueue()
  queue.push(new Uint8Array(250).fill(1))
  queue.drop(200)
  const room = queue.peek(1).buffer
  queue.push(new Uint8Array(100).fill(2))
  expect(queue.peek(1).buffer).toBe(room)
  expect(toHex(queue.take(150))).toBe('01'.repeat(50) + '02'.repeat(100))
})

test('peek looks without taking, drop takes without looking', () => {
  const queue = new ByteQueue()
  queue.push(fromHex('0011223344'))
  expect(queue.peek(4).getUint32(0)).toBe(0x0011_2233)
  queue.drop(2)
  expect(queue.peek(2).getUint16(0)).toBe(0x2233)
  expect(toHex(queue.take(3))).toBe('223344')
  expect(codeOf(() => queue.peek(1))).toBe('truncated')
  expect(codeOf(() => queue.drop(1))).toBe('truncated')
})

test('what was taken belongs to the caller', () => {
  const queue = new ByteQueue()
  queue.push(fromHex('0102'))
  const taken = queue.take(2)
  queue.push(fromHex('0304'))
  expect(toHex(taken)).toBe('0102')
})

test('an empty queue gives its room back', () => {
  const queue = new ByteQueue()
  queue.push(new Uint8Array(5_000_000))
  queue.drop(5_000_000)
  expect(queue.size).toBe(0)
  queue.push(fromHex('01'))
  expect(queue.peek(1).buffer.byteLength).toBeLessThan(1000)
})
