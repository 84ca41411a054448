import { expect, test } from 'vitest'
import { Patience } from '../src/patience.js'
import { whenAborted } from '../src/stop.js'

const never = new AbortController().signal

test('it ends when its time is up', async () => {
  using patience = new Patience(never)
  patience.limit(600_000)
  patience.limit(20)
  await whenAborted(patience.signal)
  expect(patience.end()).toBe('not within 20 ms')
})

test('it ends when the person wants it to, with or without a limit', () => {
  for (const limitMs of [undefined, 600_000]) {
    const stop = new AbortController()
    using patience = new Patience(stop.signal)
    if (limitMs !== undefined) patience.limit(limitMs)
    expect(patience.signal.aborted).toBe(false)
    stop.abort()
    expect([patience.signal.aborted, patience.end()]).toEqual([true, 'stopped before'])
  }
})
