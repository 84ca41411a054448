import { createClock } from '@mimirjs/transport/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeadlineWheel, NOT_WAITING, type Waiting } from '../src/deadline-wheel.js'

class Sleeper implements Waiting {
  wheelTick: number = NOT_WAITING
  nextDeadlineMs: number | undefined
  readonly wokenMs: number[] = []
  readonly #onTick: (nowMs: number) => void

  constructor(deadlineMs: number | undefined, onTick: (nowMs: number) => void = () => {}) {
    this.nextDeadlineMs = deadlineMs
    this.#onTick = onTick
  }

  tick(nowMs: number): void {
    this.wokenMs.push(nowMs)
    this.nextDeadlineMs = undefined
    this.#onTick(nowMs)
  }
}

describe('deadline wheel', () => {
  test('nobody is woken early, nobody more than 50 ms late', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { minLength: 1, maxLength: 60 }), fc.nat(500), (deadlines, startMs) => {
        const clock = createClock(startMs)
        const wheel = new DeadlineWheel(clock)
        const sleepers = deadlines.map((ms) => new Sleeper(startMs + ms))
        for (const sleeper of sleepers) wheel.update(sleeper)
        clock.advance(20_100)
        for (const [index, { wokenMs }] of sleepers.entries()) {
          expect(wokenMs).toHaveLength(1)
          const lateMs = wokenMs[0]! - (startMs + deadlines[index]!)
          expect(lateMs).toBeGreaterThanOrEqual(0)
          expect(lateMs).toBeLessThan(50)
        }
        expect(clock.nextDueMs).toBeUndefined()
      }),
      { seed: 3 },
    )
  })

  test('a deadline that moves later costs nothing and is met', () => {
    const clock = createClock()
    const wheel = new DeadlineWheel(clock)
    const sleeper = new Sleeper(100)
    wheel.update(sleeper)
    const place = sleeper.wheelTick
    for (let ms = 200; ms <= 1_000; ms += 100) {
      sleeper.nextDeadlineMs = ms
      wheel.update(sleeper)
      expect(sleeper.wheelTick).toBe(place)
    }
    clock.advance(999)
    expect(sleeper.wokenMs).toEqual([])
    clock.advance(1)
    expect(sleeper.wokenMs).toEqual([1_000])
  })

  test('a deadline that moves earlier is met', () => {
    const clock = createClock()
    const wheel = new DeadlineWheel(clock)
    const sleeper = new Sleeper(10_000)
    wheel.update(sleeper)
    sleeper.nextDeadlineMs = 500
    wheel.update(sleeper)
    clock.advance(500)
    expect(sleeper.wokenMs).toEqual([500])
  })

  test('a deadline that stays in the past is met again and again, but not in a loop', () => {
    const clock = createClock()
    const wheel = new DeadlineWheel(clock)
    const stuck: Sleeper = new Sleeper(100, () => {
      stuck.nextDeadlineMs = 100
    })
    wheel.update(stuck)
    clock.advance(299)
    expect(stuck.wokenMs).toEqual([100, 150, 200, 250])
  })

  test('one timer for all, none when nobody waits', () => {
    const clock = createClock()
    const wheel = new DeadlineWheel(clock)
    const sleepers = Array.from({ length: 100 }, (_, at) => new Sleeper(1_000 + at))
    for (const sleeper of sleepers) wheel.update(sleeper)
    expect(clock.nextDueMs).toBe(1_000)
    for (const sleeper of sleepers) wheel.remove(sleeper)
    expect(clock.nextDueMs).toBeUndefined()
    wheel.remove(sleepers[0]!)
    wheel.update(new Sleeper(undefined))
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('whoever is woken may wait again, or send others away', () => {
    const clock = createClock()
    const wheel = new DeadlineWheel(clock)
    const victim = new Sleeper(130)
    const again: Sleeper = new Sleeper(101, (nowMs) => {
      wheel.remove(victim)
      if (nowMs < 1_000) again.nextDeadlineMs = nowMs + 300
    })
    wheel.update(again)
    wheel.update(victim)
    clock.advance(5_000)
    expect(again.wokenMs).toEqual([150, 450, 750, 1_050])
    expect(victim.wokenMs).toEqual([])
    wheel.close()
    expect(clock.nextDueMs).toBeUndefined()
  })
})
