import type { Messenger, RendezvousClock } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import type { Context } from '../src/context.js'
import { watchObstacles } from '../src/obstacles.js'
import { watchClock, wrongClock } from '../src/wrong-clock.js'

function messengerOf(clock: Partial<RendezvousClock> | undefined) {
  let happen: (clock: RendezvousClock) => void = () => {}
  const messenger = {
    on: (name: string, listener: typeof happen) => {
      if (name === 'clock') happen = listener
    },
    nearby: () => [],
    health: async () => ({ overlay: undefined, rendezvous: clock && { servers: [], ...clock } }),
  }
  return { messenger: messenger as unknown as Messenger, happen: (told: RendezvousClock) => happen(told) }
}

test.each([
  [undefined, undefined],
  [300_000, '5 min behind'],
  [-90_000, '90 s ahead'],
  [-7_200_000, '2 h ahead'],
])('servers that are %s ms ahead: our clock is %s', (clockOffsetMs, words) => {
  const said =
    words &&
    `the clock of this machine is ${words}, say the rendezvous servers: nobody is met through them until it is right`
  expect(wrongClock({ clockOffsetMs })).toBe(said)
})

test('is said once, also when it was wrong before anybody listened, and when it is right again', async () => {
  const { messenger, happen } = messengerOf({ clockOffsetMs: 300_000 })
  const told: [number | undefined, string][] = []
  watchClock(messenger, ({ clockOffsetMs }, text) => told.push([clockOffsetMs, text]))
  await expect.poll(() => told).toEqual([[300_000, expect.stringContaining('5 min behind')]])
  happen({ clockOffsetMs: 300_000 })
  happen({ clockOffsetMs: undefined })
  happen({ clockOffsetMs: undefined })
  expect(told.slice(1)).toEqual([[undefined, expect.stringContaining('right again')]])
})

test.each([[{}], [undefined]])('nothing is said of one that is right: %j', async (clock) => {
  const { messenger } = messengerOf(clock)
  const told: string[] = []
  watchClock(messenger, (_, text) => told.push(text))
  await messenger.health()
  expect(told).toEqual([])
})

test('is among what stands in the way of a message', async () => {
  const { messenger } = messengerOf({ clockOffsetMs: 300_000 })
  const context = { trackers: [], peers: [], rendezvous: ['wss://meet.example'], multicast: undefined }
  const why = watchObstacles(context as unknown as Context, messenger, { receiver: 'ab'.repeat(32), addresses: [] })
  expect(await why()).toContain('the clock of this machine is 5 min behind')
})
