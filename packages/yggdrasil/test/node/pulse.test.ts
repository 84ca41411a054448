import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { Pulse } from '../../src/node/pulse.js'

test('a machine that throws is told of, is asked again a second later, and works on when it can', () => {
  const clock = createClock()
  const thrown: unknown[] = []
  let isBroken = true
  let advanced = 0
  let checked = 0
  const machine = {
    nextDeadlineMs: 10,
    advance(nowMs: number) {
      advanced++
      if (isBroken) throw new RangeError('our own mistake')
      machine.nextDeadlineMs = nowMs + 100
    },
  }
  const pulse = new Pulse(
    machine,
    clock,
    () => checked++,
    (error) => thrown.push(error),
  )
  pulse.settle()
  for (let ms = 0; ms < 2500; ms += 10) {
    clock.advance(10)
    pulse.settle()
  }
  expect(thrown).toEqual(Array.from({ length: 3 }, () => new RangeError('our own mistake')))
  expect([advanced, checked]).toEqual([3, 0])
  isBroken = false
  for (let ms = 0; ms < 2000; ms += 10) clock.advance(10)
  expect(thrown).toHaveLength(3)
  expect(checked).toBeGreaterThan(10)
  pulse.stop()
})

test('what is told after an advance may throw as well', () => {
  const clock = createClock()
  const thrown: unknown[] = []
  const machine = { nextDeadlineMs: 0, advance: (nowMs: number) => void (machine.nextDeadlineMs = nowMs + 100) }
  const pulse = new Pulse(
    machine,
    clock,
    () => {
      throw new RangeError('our own mistake')
    },
    (error) => thrown.push(error),
  )
  pulse.settle()
  clock.advance(1)
  expect(thrown).toHaveLength(1)
  pulse.stop()
})
