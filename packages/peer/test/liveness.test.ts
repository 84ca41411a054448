import { describe, expect, test } from 'vitest'
import { Liveness, type LivenessView } from '../src/liveness.js'
import { Machine } from './support/machine.js'

// What follows from silence is played through whole sessions in timers.test.ts and calls.test.ts; here is the rest.

const still: LivenessView = {
  oldestMs: undefined,
  outstandingBytes: 0,
  isBlocked: false,
  isPaused: false,
  callState: 'idle',
  dataOut: undefined,
  dataIsIn: false,
}
const liveness = (generation: 'classic' | 'overlay'): Liveness =>
  new Liveness(new Machine({ role: 'initiator', generation, timers: { pingJitterMs: 0 } }).context, 0)

describe('liveness', () => {
  test('the deadline is when something is due, and not before', () => {
    for (const generation of ['classic', 'overlay'] as const) {
      for (const view of [
        still,
        { ...still, oldestMs: 5 },
        { ...still, isBlocked: true },
        { ...still, isPaused: true },
      ]) {
        const life = liveness(generation)
        const deadlineMs = life.deadlineMs(view)
        expect(life.due(view, deadlineMs - 1)).toBeUndefined()
        expect(life.due(view, deadlineMs)).toBeDefined()
      }
    }
  })

  test('what is due, by generation and cause', () => {
    expect(liveness('classic').due(still, 120_000)).toBe('idle')
    expect(liveness('classic').due({ ...still, oldestMs: 0 }, 20_000)).toBe('dead')
    expect(liveness('overlay').due({ ...still, oldestMs: 0 }, 20_000)).toBe('ping')
    expect(liveness('overlay').due(still, 45_000)).toBe('ping')
    expect(liveness('overlay').due({ ...still, callState: 'calling' }, 60_000)).toBe('call')
    expect(liveness('overlay').due({ ...still, isBlocked: true }, 600_000)).toBe('dead')
  })

  test('a large message has the time it takes on the slowest link, and no more than systems buffer', () => {
    for (const [outstandingBytes, extraMs] of [
      [64 * 1024, 0],
      [1_638_400, 100_000],
      [100_000_000, (1000 * 4 * 1024 * 1024) / 16_384],
    ] as const) {
      const view = { ...still, oldestMs: 0, outstandingBytes }
      expect(liveness('classic').due(view, 20_000 + extraMs - 1)).toBeUndefined()
      expect(liveness('classic').due(view, 20_000 + extraMs)).toBe('dead')
      const asked = liveness('overlay')
      asked.pinged('idle', 0)
      expect(asked.due(view, 7_000 + extraMs - 1)).not.toBe('dead')
      expect(asked.due(view, 7_000 + extraMs)).toBe('dead')
    }
  })

  test('a frame that keeps coming puts the idle end off, but not for ever', () => {
    const life = liveness('classic')
    for (let nowMs = 0; nowMs <= 300_000; nowMs += 1_000) {
      expect(life.due(still, nowMs)).toBeUndefined()
      life.heard(nowMs)
      life.handled(true, nowMs)
    }
    expect(life.due(still, 420_000)).toBe('idle')
    life.heard(419_000)
    life.handled(false, 419_000)
    expect(life.due(still, 420_000), 'a frame counts, not the end of one').toBe('idle')
    life.active(419_000)
    expect(life.due(still, 420_000)).toBeUndefined()
    let endMs = 419_000
    for (let nowMs = endMs; life.due(still, nowMs) === undefined; nowMs += 60_000) {
      life.heard(nowMs)
      life.handled(true, nowMs)
      endMs = nowMs
    }
    expect(endMs - 419_000).toBeGreaterThan(1_000_000)
    expect(endMs - 419_000).toBeLessThan(1_400_000)
  })

  test('a write that gets on by pieces is alive', () => {
    const life = liveness('classic')
    const view = { ...still, oldestMs: 0, isBlocked: true }
    for (let nowMs = 100_000; nowMs <= 1_000_000; nowMs += 100_000) {
      expect(life.due(view, nowMs)).toBeUndefined()
      life.unstuck(nowMs)
    }
    expect(life.due(view, 1_120_000)).toBe('dead')
  })

  test('a PONG answers for what was written long enough before its PING', () => {
    const life = liveness('overlay')
    expect(life.ponged(1), 'nobody asked').toBeUndefined()
    life.pinged('idle', 50_000)
    expect(life.ponged(50_100)).toBe(30_000)
    expect(life.ponged(50_200), 'once').toBeUndefined()
    life.unstuck(90_000)
    life.pinged('idle', 100_000)
    expect(life.ponged(100_100), 'it was still in our own buffers').toBeUndefined()
  })
})
