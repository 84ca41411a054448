import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { watchSignals, whenAborted } from '../src/stop.js'

test('the first signal asks to stop, the second forces it', async () => {
  const signals = new EventEmitter()
  const stop = watchSignals(signals)
  expect(stop.requested.aborted).toBe(false)
  signals.emit('SIGINT')
  await whenAborted(stop.requested)
  expect(stop.forced.aborted).toBe(false)
  signals.emit('SIGTERM')
  await whenAborted(stop.forced)
  stop.dispose()
  expect(signals.eventNames()).toEqual([])
})
