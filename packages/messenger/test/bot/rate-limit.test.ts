import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { rateLimit } from '../../src/bot/rate-limit.js'
import type { IncomingMessage } from '../../src/index.js'

function createLimit(options: { messages: number; perMs: number; maxPeople?: number }) {
  const clock = createClock(1_700_000_000_000)
  const told: [string, number][] = []
  const middleware = rateLimit({
    ...options,
    clock,
    onLimit: ({ from }, { retryAfterMs }) => told.push([from, Math.ceil(retryAfterMs)]),
  })
  /** Whether a message of this person gets through. */
  const send = async (from = 'ann'): Promise<boolean> => {
    let passed = false
    await middleware({ from } as IncomingMessage, async () => {
      passed = true
    })
    return passed
  }
  return { clock, told, send }
}

test('so many at once, then one by one as time passes', async () => {
  const { clock, told, send } = createLimit({ messages: 3, perMs: 1_000 })
  const passed = []
  for (let i = 0; i < 5; i++) passed.push(await send())
  expect(passed).toEqual([true, true, true, false, false])
  expect(told).toEqual([['ann', 334]])
  clock.advance(334)
  expect([await send(), await send()]).toEqual([true, false])
  // It was let through in between, so it is worth telling again.
  expect(told).toHaveLength(2)
  clock.advance(10_000)
  expect([await send(), await send(), await send(), await send()]).toEqual([true, true, true, false])
})

test('everybody has a limit of their own', async () => {
  const { told, send } = createLimit({ messages: 1, perMs: 1_000 })
  expect([await send('ann'), await send('ben'), await send('ann')]).toEqual([true, true, false])
  expect(told.map(([from]) => from)).toEqual(['ann'])
})

test('fractions do not add up to a message less', async () => {
  for (const messages of [3, 7, 10, 30, 600]) {
    const { send } = createLimit({ messages, perMs: 1_000 })
    const passed = []
    for (let i = 0; i < messages + 1; i++) passed.push(await send())
    expect(passed.filter(Boolean)).toHaveLength(messages)
  }
})

test('only so many people are remembered: the one not heard of longest is forgotten', async () => {
  const { send } = createLimit({ messages: 1, perMs: 1_000, maxPeople: 2 })
  expect([await send('ann'), await send('ben'), await send('ann'), await send('cat')]).toEqual([
    true,
    true,
    false,
    true,
  ])
  expect([await send('ann'), await send('ben')]).toEqual([false, true])
})

test('limits that let nobody through are refused', () => {
  for (const wrong of [{ messages: 0 }, { messages: Number.NaN }, { perMs: -1 }, { maxPeople: 0 }])
    expect(() => rateLimit({ messages: 1, perMs: 1, ...wrong })).toThrow(RangeError)
})
