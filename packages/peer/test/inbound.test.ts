import { expect, test } from 'vitest'
import { Inbound } from '../src/inbound.js'
import { DEFAULT_LIMITS } from '../src/limits.js'

const inbound = (inboundMessages: number, inboundBytes: number): Inbound =>
  new Inbound({ ...DEFAULT_LIMITS, inboundMessages, inboundBytes })

test('full by count, full by bytes', () => {
  const byCount = inbound(2, 1_000)
  expect([byCount.add(1n, 10), byCount.isFull, byCount.add(2n, 10), byCount.isFull]).toEqual([true, false, true, true])
  byCount.settle(1n)
  expect(byCount.isFull).toBe(false)
  const byBytes = inbound(10, 100)
  byBytes.add(1n, 99)
  expect(byBytes.isFull).toBe(false)
  byBytes.add(2n, 1)
  expect(byBytes.isFull).toBe(true)
})

test('an edit of an open message has the OK wait for both', () => {
  const open = inbound(3, 1_000)
  open.add(5n, 10)
  open.addEdit(5n, 20)
  open.addEdit(5n, 30)
  expect(open.isFull).toBe(true)
  expect([open.settle(5n), open.settle(5n), open.settle(5n), open.settle(5n)]).toEqual([false, false, true, false])
  expect(open.isFull).toBe(false)
})

test('each message is open once and settled once', () => {
  const open = inbound(10, 1_000)
  expect([open.add(5n, 1), open.add(5n, 1)]).toEqual([true, false])
  expect([open.settle(5n), open.settle(5n), open.settle(6n)]).toEqual([true, false, false])
  expect(open.add(5n, 1)).toBe(true)
})
