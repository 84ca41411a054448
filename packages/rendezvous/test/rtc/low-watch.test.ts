import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { LowWatch } from '../../src/rtc/low-watch.js'
import { FakeChannel, TellingChannel } from '../support/fake-channel.js'

test('a channel that tells is listened to', () => {
  const [channel, clock] = [new TellingChannel(), createClock()]
  let lows = 0
  const watch = new LowWatch(channel, 1000, clock, () => lows++)
  channel.bufferedAmount = 999
  watch.sent(1500)
  expect([channel.onbufferedamountlow, watch.bufferedBytes]).toEqual([null, 999])
  channel.bufferedAmount = 1000
  watch.sent(1)
  expect([channel.bufferedAmountLowThreshold, clock.nextDueMs]).toEqual([500, undefined])
  watch.sent(1)
  expect(watch.bufferedBytes).toBe(1001)
  channel.bufferedAmount = 400
  channel.onbufferedamountlow?.()
  channel.onbufferedamountlow?.()
  expect([lows, watch.bufferedBytes]).toEqual([1, 400])
})

test('one that does not is looked at, until it is low or closed', () => {
  const [channel, clock] = [new FakeChannel(), createClock()]
  let lows = 0
  const watch = new LowWatch(channel, 1000, clock, () => lows++)
  channel.bufferedAmount = 1000
  watch.sent(1000)
  watch.sent(1)
  channel.bufferedAmount = 501
  clock.advance(1)
  expect(lows).toBe(0)
  channel.bufferedAmount = 500
  clock.advance(1)
  expect([lows, clock.nextDueMs]).toEqual([1, undefined])

  channel.bufferedAmount = 1000
  watch.sent(1000)
  channel.close()
  clock.advance(10)
  expect([lows, clock.nextDueMs]).toEqual([1, undefined])
})

test('one that stands still is looked at ever more rarely; one that moves again at once', () => {
  const [channel, clock] = [new FakeChannel(), createClock()]
  const watch = new LowWatch(channel, 1000, clock, () => {})
  const pauses = (looks: number): number[] =>
    Array.from({ length: looks }, () => {
      const pauseMs = (clock.nextDueMs ?? Number.NaN) - clock.nowMs()
      clock.advance(pauseMs)
      return pauseMs
    })
  channel.bufferedAmount = 1000
  watch.sent(1000)
  expect(pauses(10)).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100, 100])
  channel.bufferedAmount = 900
  expect(pauses(4)).toEqual([100, 1, 2, 4])
})

test('it is asked only when what was sent since may have filled it', () => {
  let asked = 0
  class AskedChannel extends FakeChannel {
    constructor() {
      super()
      Object.defineProperty(this, 'bufferedAmount', { get: () => ++asked && 300 })
    }
  }
  const watch = new LowWatch(new AskedChannel(), 1000, createClock(), () => {})
  for (let sent = 0; sent < 900; sent += 100) watch.sent(100)
  expect([watch.bufferedBytes, asked]).toEqual([900, 0])
  watch.sent(100)
  expect([watch.bufferedBytes, asked]).toEqual([300, 1])
})
