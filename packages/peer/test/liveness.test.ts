import { describe, expect, test } from 'vitest'
import { Liveness, type LivenessView } from '../src/liveness.js'
import { Machine } from './support/machine.js'

// What follows from silence is played through whole sessions in timers.test.ts and calls.test.ts; here is the rest.

const still: LivenessView = { oldestMs: undefined, isBlocked: false, isPaused: false, callState: 'idle' }
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
