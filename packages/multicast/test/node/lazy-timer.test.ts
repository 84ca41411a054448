import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { LazyTimer } from '../../src/node/lazy-timer.js'

function timer(): { arm: (deadlineMs: number) => void; deadline: (ms: number) => void; stop: () => void } & {
  readonly clock: ReturnType<typeof createClock>
  readonly fired: number[]
} {
  const clock = createClock()
  const fired: number[] = []
  let deadlineMs = Number.POSITIVE_INFINITY
  const lazy = new LazyTimer(clock, (nowMs) => {
    fired.push(nowMs)
    return deadlineMs
  })
  return {
    clock,
    fired,
    arm: (ms) => lazy.arm(ms, clock.nowMs()),
    deadline: (ms) => {
      deadlineMs = ms
    },
    stop: () => lazy.stop(),
  }
}

test('it fires at the deadline, and again at the next one', () => {
  const { clock, fired, arm, deadline } = timer()
  arm(100)
  deadline(250)
  clock.advance(99)
  expect(fired).toEqual([])
  clock.advance(1)
  expect(fired).toEqual([100])
  deadline(Number.POSITIVE_INFINITY)
  clock.advance(1000)
  expect(fired).toEqual([100, 250])
  expect(clock.nextDueMs).toBeUndefined()
})

test('a deadline that moves away costs nothing until it fires; one that comes nearer counts at once', () => {
  const { clock, fired, arm, deadline } = timer()
  arm(100)
  for (let ms = 101; ms < 2000; ms++) arm(ms)
  expect(clock.nextDueMs).toBe(100)
  deadline(2000)
  clock.advance(150)
  expect(fired).toEqual([100])
  expect(clock.nextDueMs).toBe(2000)
  arm(160)
  expect(clock.nextDueMs).toBe(160)
  // What is overdue fires in the next turn.
  arm(-5)
  expect(clock.nextDueMs).toBe(150)
})

test('it stops for good, from inside too', () => {
  const clock = createClock()
  const lazy: LazyTimer = new LazyTimer(clock, () => {
    lazy.stop()
    return 5
  })
  lazy.arm(1, 0)
  clock.advance(1)
  expect(clock.nextDueMs).toBeUndefined()
  const { clock: other, fired, arm, stop } = timer()
  arm(10)
  stop()
  arm(5)
  other.advance(20)
  expect(fired).toEqual([])
})
