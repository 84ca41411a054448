import { generateSeed } from '@mimirjs/crypto'
import type { Connection, OutgoingMessage, Peer } from '@mimirjs/peer'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { expect, test } from 'vitest'
import { Courier, type LinkState } from '../src/courier.js'
import { createMemoryStore } from '../src/index.js'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

/** A connection that keeps what is written on it. */
function fakeConnection(remoteAddress = 'memory://there'): { connection: Connection; written: string[] } {
  const written: string[] = []
  const connection = {
    closed: false,
    generation: 'current',
    window: 16,
    windowFor: () => 16,
    callState: 'idle',
    remoteAddress,
    handshakeMs: 1,
    send: ({ payload }: OutgoingMessage) => void written.push(new TextDecoder().decode(payload)),
    close: () => {},
  }
  return { connection: connection as unknown as Connection, written }
}

function setUp() {
  const steady = createClock(10_000_000)
  const clock = {
    offsetMs: 0,
    nowMs: () => steady.nowMs() + clock.offsetMs,
    schedule: (callback: () => void, delayMs: number) => steady.schedule(callback, delayMs),
    nextDueMs: () => steady.nextDueMs,
  }
  const publicKey = generateSeed()
  const peer = toHex(publicKey)
  const store = createMemoryStore()
  const delivered: bigint[] = []
  const states: LinkState[] = []
  /** Addresses whose connections look for a new path. */
  const restarting = new Set<string>()
  const courier = new Courier(peer, publicKey, {
    store,
    network: { connection: () => undefined } as unknown as Peer,
    clock,
    retry: { minMs: 1_000, maxMs: 120_000 },
    random: () => 0.5,
    resolve: async () => [],
    forget: () => {},
    lastResort: undefined,
    nearby: () => undefined,
    meet: () => undefined,
    sources: { hasTrackers: true, hasLocalNetwork: false },
    isBlocked: () => false,
    connections: () => [],
    isRestarting: (address) => restarting.has(address),
    hasErrand: async () => false,
    onDelivered: (_, guid) => void delivered.push(guid),
    onRefused: () => {},
    onFailed: () => {},
    onState: (_, state) => void states.push(state),
    onQuiet: () => {},
    onError: (error) => {
      throw error
    },
  })
  const enqueue = (guid: bigint, words: string) =>
    store.enqueue({ peer, guid, replyTo: 0n, sendTimeMs: 1, editTimeMs: 0, messageType: 0, payload: text(words) })
  return { courier, store, clock, peer, delivered, states, restarting, enqueue }
}

test('an OK for an earlier version on a connection that was left does not stand for the later one', async () => {
  const { courier, store, peer, delivered, enqueue } = setUp()
  const [before, after] = [fakeConnection(), fakeConnection()]
  await enqueue(7n, 'first')
  courier.attach(before.connection)
  await turn()
  expect(before.written).toEqual(['first'])
  // The other side is slow, another connection is made, and the text changed meanwhile.
  courier.unanswered(7n, before.connection)
  await turn()
  courier.attach(after.connection)
  await store.edit(peer, 7n, text('second'), 2)
  courier.kick()
  await turn()
  expect(after.written).toEqual(['second'])

  courier.acknowledged(7n, before.connection)
  await turn()
  expect(delivered).toEqual([])
  courier.acknowledged(7n, after.connection)
  await turn()
  expect(delivered).toEqual([7n])
})

test('an OK on a connection that was left is enough for what was never changed', async () => {
  const { courier, delivered, enqueue } = setUp()
  const [before, after] = [fakeConnection(), fakeConnection()]
  await enqueue(7n, 'first')
  courier.attach(before.connection)
  await turn()
  courier.unanswered(7n, before.connection)
  await turn()
  courier.attach(after.connection)
  courier.acknowledged(7n, before.connection)
  await turn()
  expect(delivered).toEqual([7n])
})

test('silence on a connection that was left says nothing about what was written since', async () => {
  const { courier, store, peer, enqueue } = setUp()
  const [before, after] = [fakeConnection(), fakeConnection()]
  courier.attach(before.connection)
  await turn()
  courier.attach(after.connection)
  await enqueue(7n, 'first')
  courier.kick()
  await turn()
  courier.unanswered(7n, before.connection)
  await turn()
  expect(await store.pending(peer, 1, { refusedBeforeMs: 0 })).toHaveLength(1)
})

test('whoever closes while the outbox is looked at sets no timer', async () => {
  const { courier, store, clock, peer, enqueue } = setUp()
  const { connection } = fakeConnection()
  courier.attach(connection)
  await turn()
  await enqueue(7n, 'first')
  await store.markRefused(peer, 7n, clock.nowMs())
  courier.detach(connection)
  courier.close()
  await turn()
  expect(clock.nextDueMs()).toBeUndefined()
})

test('what waits for acceptance does not wait for a clock that was set back', async () => {
  const { courier, clock, enqueue } = setUp()
  const [before, after] = [fakeConnection(), fakeConnection()]
  await enqueue(7n, 'first')
  courier.attach(before.connection)
  await turn()
  courier.unanswered(7n, before.connection)
  await turn()
  clock.offsetMs = -5_000_000
  courier.attach(after.connection)
  await turn()
  expect(after.written).toEqual(['first'])
  // Once on each connection, all the same.
  courier.unanswered(7n, after.connection)
  await turn()
  courier.kick()
  await turn()
  expect(after.written).toEqual(['first'])
})

test('that a connection has lost its path, and found another, is told once each time, and only of the one that is used', () => {
  const { courier, states, restarting } = setUp()
  const [far, direct] = ['memory://there', 'rdv://there']
  const [first, second] = [fakeConnection(direct), fakeConnection(far)]
  const up = { state: 'up', address: direct, handshakeMs: 1 }
  courier.attach(first.connection)
  restarting.add(direct)
  for (const _ of [1, 2]) courier.pathChanged()
  restarting.delete(direct)
  for (const _ of [1, 2]) courier.pathChanged()
  expect(states.splice(0)).toEqual([up, { ...up, isRestarting: true }, up])

  courier.attach(second.connection)
  restarting.add(direct)
  courier.pathChanged()
  expect(states.splice(0)).toEqual([{ ...up, address: far }])
  // One that is without a path when its turn comes.
  courier.attach(first.connection)
  expect(states.splice(0)).toEqual([{ ...up, isRestarting: true }])
  courier.detach(first.connection)
  courier.pathChanged()
  expect(states).toEqual([{ state: 'down' }])
})
