import { describe, expect, test } from 'vitest'
import { createClock } from '../../src/testing/index.js'

describe('hand-turned clock', () => {
  test('timers run when due, in order, each at its own time', () => {
    const clock = createClock(1_000)
    const seen: string[] = []
    const at = (name: string, delayMs: number) => clock.schedule(() => seen.push(`${name}@${clock.nowMs()}`), delayMs)
    at('late', 30)
    at('first', 10)
    at('second', 10)
    at('never', 20)()
    expect(clock.nextDueMs).toBe(1_010)
    clock.advance(9)
    expect(seen).toEqual([])
    clock.advance(1)
    expect(seen).toEqual(['first@1010', 'second@1010'])
    clock.advance(100)
    expect(seen).toEqual(['first@1010', 'second@1010', 'late@1030'])
    expect(clock.nowMs()).toBe(1_110)
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('a timer set by a timer runs in the same advance if it is due', () => {
    const clock = createClock()
    const seen: number[] = []
    const again = (): void => {
      seen.push(clock.nowMs())
      clock.schedule(again, 10)
    }
    again()
    clock.advance(35)
    expect(seen).toEqual([0, 10, 20, 30])
  })

  test('schedule gives back how to cancel', () => {
    const clock = createClock()
    const seen: string[] = []
    const cancel = clock.schedule(() => seen.push('cancelled'), 5)
    clock.schedule(() => seen.push('ran'), 5)
    cancel()
    cancel()
    clock.advance(5)
    expect(seen).toEqual(['ran'])
  })
})
