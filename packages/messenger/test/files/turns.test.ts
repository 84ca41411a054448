import type { Connection } from '@mimirjs/peer'
import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { sleep } from '../../src/files/context.js'
import { GuidNotes } from '../../src/files/guid-notes.js'
import { Locks } from '../../src/files/locks.js'
import { Pace } from '../../src/files/pace.js'
import { Slots } from '../../src/files/slots.js'
import { Turns } from '../../src/files/turns.js'
import { quiet } from './support/until.js'

const never = new AbortController().signal
/** What a promise that is not settled yet loses against. */
const nobody = async (): Promise<string> => 'nobody'
const anyone = (): boolean => true

function setUp(parallel = 2) {
  const connections = new Map<string, Connection[]>()
  const kicks: string[] = []
  const turns = new Turns({
    parallel,
    connections: (peer) => connections.get(peer) ?? [],
    kick: (peer) => kicks.push(peer),
  })
  const connect = (peer: string): Connection => {
    const connection = { closed: false } as Connection
    connections.set(peer, [...(connections.get(peer) ?? []), connection])
    turns.look(peer)
    return connection
  }
  return { turns, connections, connect, kicks }
}

describe('turns', () => {
  test('go to one at a time per peer, in order, on the newest connection that can be used', async () => {
    const { turns, connect } = setUp()
    const [old, young] = [connect('a'), connect('a')]
    const first = await turns.take('a', anyone, never)
    expect(first?.connection).toBe(young)
    const second = turns.take('a', (connection) => connection === old, never)
    const third = turns.take('a', anyone, never)
    await quiet()
    expect(await Promise.race([second, third, nobody()])).toBe('nobody')
    first?.end()
    first?.end()
    expect((await second)?.connection).toBe(old)
    expect(await Promise.race([third, nobody()])).toBe('nobody')
    ;(await second)?.end()
    expect((await third)?.connection).toBe(young)
  })

  test('wait for a connection, which is asked for once', async () => {
    const { turns, connect, kicks } = setUp()
    const turn = turns.take('a', anyone, never)
    expect(kicks).toEqual(['a'])
    expect(turns.has('a')).toBe(true)
    connect('b')
    expect(await Promise.race([turn, nobody()])).toBe('nobody')
    connect('a')
    ;(await turn)?.end()
    expect(turns.has('a')).toBe(false)
  })

  test('are not given on a connection that is closed, nor to one who has given up', async () => {
    const { turns, connect } = setUp()
    Object.assign(connect('a'), { closed: true })
    const controller = new AbortController()
    const gone = turns.take('a', anyone, controller.signal)
    const stays = turns.take('a', anyone, never)
    controller.abort()
    expect(await gone).toBeUndefined()
    expect(await turns.take('a', anyone, AbortSignal.abort())).toBeUndefined()
    const connection = connect('a')
    expect((await stays)?.connection).toBe(connection)
  })

  test('one who cannot use a connection does not hold up the next', async () => {
    const { turns, connect } = setUp()
    connect('a')
    const picky = turns.take('a', () => false, never)
    expect(await turns.take('a', anyone, never)).toBeDefined()
    expect(await Promise.race([picky, nobody()])).toBe('nobody')
  })

  test('so many peers at a time; those who have waited come before the one that is done', async () => {
    const { turns, connect } = setUp(1)
    for (const peer of ['a', 'b', 'c']) connect(peer)
    const first = await turns.take('a', anyone, never)
    const order: string[] = []
    const wait = (peer: string): void => {
      void turns.take(peer, anyone, never).then((turn) => {
        order.push(peer)
        turn?.end()
      })
    }
    for (const peer of ['a', 'b', 'c']) wait(peer)
    first?.end()
    await quiet()
    expect(order).toEqual(['b', 'c', 'a'])
  })
})

describe('slots', () => {
  test('are so many, in order; giving one back twice is once; who gives up is passed over', async () => {
    const slots = new Slots(1)
    const leave = await slots.take(never)
    const controller = new AbortController()
    const gone = slots.take(controller.signal)
    const next = slots.take(never)
    controller.abort()
    expect(await gone).toBeUndefined()
    expect(await slots.take(AbortSignal.abort())).toBeUndefined()
    leave?.()
    leave?.()
    const leaveNext = await next
    expect(await Promise.race([slots.take(never), nobody()])).toBe('nobody')
    leaveNext?.()
  })
})

test('locks let in one after the other, for each key, whatever becomes of them', async () => {
  const locks = new Locks()
  const story: string[] = []
  const work = (key: string, name: string, fails = false) =>
    locks.run(key, async () => {
      story.push(`${name} in`)
      await quiet(2)
      story.push(`${name} out`)
      if (fails) throw new Error(name)
      return name
    })
  const results = await Promise.allSettled([work('k', 'one', true), work('k', 'two'), work('other', 'three')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(story.indexOf('two in')).toBeGreaterThan(story.indexOf('one out'))
  expect(story.indexOf('three in')).toBeLessThan(story.indexOf('one out'))
  expect(await work('k', 'four')).toBe('four')
})

test('the pace is ten times a second, even when the clock is set back', () => {
  let nowMs = 1_000
  const pace = new Pace({ nowMs: () => nowMs, schedule: () => () => {} })
  expect(pace.isDue()).toBe(true)
  nowMs = 1_099
  expect(pace.isDue()).toBe(false)
  nowMs = 1_100
  expect(pace.isDue()).toBe(true)
  nowMs = 5
  expect(pace.isDue()).toBe(true)
  nowMs = 200
  expect(pace.isDue(500)).toBe(false)
})

test('sleep ends with its time or with a signal, and leaves no timer', async () => {
  const clock = createClock()
  const [first, second] = [new AbortController(), new AbortController()]
  let awake = 0
  for (let count = 0; count < 2; count++) {
    void sleep(clock, 100, first.signal, second.signal).then(() => awake++)
  }
  clock.advance(99)
  await quiet(2)
  expect(awake).toBe(0)
  second.abort()
  await quiet(2)
  expect(awake).toBe(2)
  expect(clock.nextDueMs).toBeUndefined()
  await sleep(clock, 100, second.signal)
  const timed = sleep(clock, 100, first.signal)
  clock.advance(100)
  await timed
})

test('notes are kept by connection, and are not endless', () => {
  const notes = new GuidNotes()
  const [one, other] = [{} as Connection, {} as Connection]
  for (let guid = 0n; guid < 64n; guid++) notes.add(one, guid)
  notes.add(one, 0n)
  notes.add(one, 64n)
  expect([0n, 1n, 2n, 64n].map((guid) => notes.has(one, guid))).toEqual([true, false, true, true])
  expect(notes.has(other, 0n)).toBe(false)
})
