import { describe, expect, test } from 'vitest'
import { type Clock, steadyClock, wallClock } from '../src/index.js'

describe.each<[string, Clock]>([
  ['steadyClock', steadyClock],
  ['wallClock', wallClock],
])('%s', (_, clock) => {
  test('shows milliseconds since 1970', () => {
    const before = Date.now()
    // The steady clock began with the time of day and may have drifted from it since.
    expect(Math.abs(clock.nowMs() - before)).toBeLessThan(60_000)
  })

  test('calls back unless cancelled', async () => {
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(() => expect.unreachable(), 1)
      cancel()
      cancel()
      clock.schedule(resolve, 2)
    })
  })
})
