// When contacts are looked for who have nothing to say: each pause, and how many at a time.
import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { MessengerError } from '../src/error.js'
import { Reunions } from '../src/reunions.js'
import { settle } from './support/decision.js'

const [BEN, CAT] = ['bb'.repeat(32), 'cc'.repeat(32)]
const failed = Object.assign(new Error('no path'), { code: 'failed' })
const silent = Object.assign(new Error('nobody answered'), { code: 'no-answer' })
const full = Object.assign(new Error('16 attempts at once'), { code: 'limit' })
const declined = new MessengerError('unreachable', 'they declined')

interface World {
  readonly contacts?: readonly string[]
  /** What becomes of an attempt, so many ms after it began. */
  readonly answer?: (peer: string) => { failure: Error | undefined; afterMs: number }
  readonly random?: () => number
}

function setUp({ contacts = [BEN], answer = () => ({ failure: failed, afterMs: 0 }), random = () => 1 }: World = {}) {
  const clock = createClock()
  const connected = new Set<string>()
  const looked: { peer: string; atMs: number }[] = []
  const world = { isOnline: true, underWay: 0, most: 0 }
  const reunions = new Reunions({
    clock,
    random: () => random(),
    contacts: () => contacts,
    isMissing: (peer) => contacts.includes(peer) && !connected.has(peer),
    isOnline: () => world.isOnline,
    meet: (peer) => {
      looked.push({ peer, atMs: clock.nowMs() })
      world.underWay += 1
      world.most = Math.max(world.most, world.underWay)
      const { failure, afterMs } = answer(peer)
      return new Promise((resolve, reject) => {
        clock.schedule(() => {
          world.underWay -= 1
          if (failure === undefined) resolve()
          else reject(failure)
        }, afterMs)
      })
    },
  })
  /** Let time pass from timer to timer, as it does. */
  const pass = async (ms: number): Promise<void> => {
    const untilMs = clock.nowMs() + ms
    for (;;) {
      await settle()
      const { nextDueMs = Number.POSITIVE_INFINITY } = clock
      if (nextDueMs > untilMs) break
      clock.advance(nextDueMs - clock.nowMs())
    }
    clock.advance(untilMs - clock.nowMs())
  }
  const times = (peer: string): number[] => looked.flatMap((look) => (look.peer === peer ? [look.atMs / 1_000] : []))
  return { clock, reunions, connected, looked, world, pass, times }
}

test('a contact that was lost is looked for after at most 2, 4, 8 … s, and never more than 300 s, for as long as it takes', async () => {
  const { reunions, pass, times } = setUp()
  reunions.lost(BEN)
  await pass(2_000_000)
  const pauses = times(BEN).map((at, index, all) => at - (all[index - 1] ?? 0))
  expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300])
})

test.each([0, 0.25, 0.999])('the pause is that part of it which chance takes: %d', async (part) => {
  const { reunions, clock } = setUp({ random: () => part })
  reunions.lost(BEN)
  for (const longestMs of [2_000, 4_000, 8_000]) {
    const pauseMs = (clock.nextDueMs ?? 0) - clock.nowMs()
    expect(pauseMs).toBeCloseTo(longestMs * part)
    clock.advance(pauseMs)
    await settle()
    clock.advance(0)
    await settle()
  }
})

test('a connection ends the search, and the pauses begin anew', async () => {
  const { reunions, connected, clock, pass, times } = setUp()
  reunions.lost(BEN)
  await pass(20_000)
  expect(times(BEN)).toEqual([2, 6, 14])
  connected.add(BEN)
  reunions.settled(BEN)
  expect(clock.nextDueMs).toBeUndefined()
  connected.delete(BEN)
  reunions.lost(BEN)
  await pass(2_000)
  expect(times(BEN)).toEqual([2, 6, 14, 22])
})

test.each<[string, Error, boolean]>([
  ['who let us in, but did not come through, is looked for again', failed, true],
  ['who is silent is not: they look for us when they come', silent, false],
  ['who could not be asked is not', full, false],
  ['who said no is not', declined, false],
])('of those who were not there before, %s', async (_, failure, isAgain) => {
  const { reunions, pass, times, clock } = setUp({ answer: () => ({ failure, afterMs: 0 }) })
  reunions.begin()
  await pass(10_000)
  expect(times(BEN)).toEqual(isAgain ? [0, 2, 6] : [0])
  expect(clock.nextDueMs !== undefined).toBe(isAgain)
})

test.each([silent, full, declined])(
  'who was there before is looked for again whatever comes of it: $message',
  async (failure) => {
    const { reunions, pass, times } = setUp({ answer: () => ({ failure, afterMs: 0 }) })
    reunions.lost(BEN)
    await pass(10_000)
    expect(times(BEN)).toEqual([2, 6])
  },
)

test('without a server nobody is looked for; with the next one all are at once, and the pauses go on where they were', async () => {
  const { reunions, world, clock, pass, times } = setUp({
    contacts: [BEN, CAT],
    answer: () => ({ failure: silent, afterMs: 0 }),
  })
  reunions.lost(BEN)
  await pass(7_000)
  world.isOnline = false
  await pass(1_000_000)
  expect(times(BEN)).toEqual([2, 6])
  expect(clock.nextDueMs).toBeUndefined()
  world.isOnline = true
  reunions.begin()
  await pass(20_000)
  expect(times(BEN)).toEqual([2, 6, 1_007, 1_023])
  expect(times(CAT)).toEqual([1_007])
})

test('a server that comes while somebody is being looked for changes nothing about that', async () => {
  const { reunions, pass, times } = setUp({
    contacts: [BEN, CAT],
    answer: () => ({ failure: silent, afterMs: 120_000 }),
  })
  reunions.begin()
  await pass(5_000)
  reunions.begin()
  await pass(200_000)
  expect([times(BEN), times(CAT)]).toEqual([[0], [0]])
})

test.each([5_000, 119_000])(
  'who is lost %d ms into an attempt of 120 s is looked for after a pause behind it',
  async (ms) => {
    const { reunions, pass, times } = setUp({ answer: () => ({ failure: silent, afterMs: 120_000 }) })
    reunions.begin()
    await pass(ms)
    reunions.lost(BEN)
    await pass(200_000 - ms)
    expect(times(BEN)).toEqual([0, 124])
  },
)

test('however many were there and are gone, at most 8 are looked for at once, 64 in all, and each comes again', async () => {
  const people = Array.from({ length: 70 }, (_, at) => at.toString(16).padStart(64, '0'))
  let seed = 1
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const { reunions, looked, world, pass, times } = setUp({
    contacts: people,
    answer: () => ({ failure: silent, afterMs: 120_000 }),
    random,
  })
  for (const peer of people) reunions.lost(peer)
  await pass(24 * 3_600_000)
  expect(world.most).toBe(8)
  const counts = people.map((peer) => times(peer).length)
  expect(counts.slice(64)).toEqual(Array.from({ length: 6 }, () => 0))
  // 8 at once, each for 2 minutes, one after the other.
  expect(looked.length).toBeLessThanOrEqual((24 * 60 * 8) / 2)
  expect(Math.min(...counts.slice(0, 64))).toBeGreaterThan(50)
})

test('who is no contact any more is forgotten, and when we leave so are all', async () => {
  const contacts = [BEN, CAT]
  const { reunions, clock, pass, looked } = setUp({ contacts })
  reunions.lost(BEN)
  contacts.shift()
  await pass(2_000)
  expect([looked, clock.nextDueMs]).toEqual([[], undefined])
  // A contact once more.
  contacts.push(BEN)
  reunions.lost(BEN)
  await pass(2_000)
  expect(looked.splice(0)).toEqual([{ peer: BEN, atMs: 4_000 }])
  reunions.close()
  expect(clock.nextDueMs).toBeUndefined()
  reunions.lost(CAT)
  expect(clock.nextDueMs).toBeUndefined()
  reunions.begin()
  await pass(10_000)
  expect(looked).toEqual([])
})
