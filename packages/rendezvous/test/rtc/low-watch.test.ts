import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { LowWatch } from '../../src/rtc/low-watch.js'
import { FakeChannel, TellingChannel } from '../support/fake-channel.js'

test('a channel that tells is listened to', () => {
  const [channel, clock] = [new TellingChannel(), createClock()]
  let lows = 0
  const watch = new LowWatch(channel, 1000, clock, () => lows++)
  channel.bufferedAmount = 999
  watch.look()
  expect(channel.onbufferedamountlow).toBeNull()
  channel.bufferedAmount = 1000
  watch.look()
  expect([channel.bufferedAmountLowThreshold, clock.nextDueMs]).toEqual([500, undefined])
  channel.onbufferedamountlow?.()
  channel.onbufferedamountlow?.()
  expect(lows).toBe(1)
})

test('one that does not is looked at, until it is low or closed', () => {
  const [channel, clock] = [new FakeChannel(), createClock()]
  let lows = 0
  const watch = new LowWatch(channel, 1000, clock, () => lows++)
  channel.bufferedAmount = 1000
  watch.look()
  watch.look()
  channel.bufferedAmount = 501
  clock.advance(10)
  expect(lows).toBe(0)
  channel.bufferedAmount = 500
  clock.advance(1)
  expect([lows, clock.nextDueMs]).toEqual([1, undefined])

  channel.bufferedAmount = 1000
  watch.look()
  channel.close()
  clock.advance(10)
  expect([lows, clock.nextDueMs]).toEqual([1, undefined])
})
