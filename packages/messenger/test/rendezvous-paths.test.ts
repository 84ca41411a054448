// What two who met know of the path between them, and of their clocks: in a world in memory whose time the test makes pass.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMemoryRendezvous } from '@mimirjs/rendezvous/testing'
import { Transports } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStore, Messenger, type PeerState, type RendezvousOptions } from '../src/index.js'

const TURN = { urls: ['turn:meet.example'], username: 'ann', credential: 'secret' }

interface Person {
  readonly messenger: Messenger
  /** How it stands with the other one. */
  readonly states: PeerState[]
  /** What WebRTC was asked for. */
  readonly configs: object[]
}

function setUp() {
  const clock = createClock(1_800_000_000_000)
  const { platform, urls, rtc } = createMemoryRendezvous({ clock })
  const opened: Messenger[] = []
  const person = async ({
    aheadMs = 0,
    ...options
  }: Partial<RendezvousOptions> & { aheadMs?: number } = {}): Promise<Person> => {
    const configs: object[] = []
    const recording = {
      ...platform,
      createPeerConnection: (config: Parameters<typeof platform.createPeerConnection>[0]) => {
        configs.push(config)
        return platform.createPeerConnection(config)
      },
    }
    const messenger = await Messenger.open('unused', {
      signer: createSigner(generateSeed()),
      store: createMemoryStore(),
      transports: new Transports([]),
      clock: {
        nowMs: () => clock.nowMs() + aheadMs,
        schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
      },
      rendezvous: { servers: urls, platform: recording, ...options },
    })
    opened.push(messenger)
    const states: PeerState[] = []
    messenger.on('state', (state) => states.push(state))
    return { messenger, states, configs }
  }
  /** Let time pass until something is so. */
  const until = async (isSo: () => boolean | Promise<boolean>, withinMs = 120_000): Promise<void> => {
    const endMs = clock.nowMs() + withinMs
    while (!(await isSo())) {
      if (clock.nowMs() > endMs) throw new Error(`${isSo} within ${withinMs} ms`)
      clock.advance(50)
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
    }
  }
  const pass = async (ms: number): Promise<void> => {
    const endMs = clock.nowMs() + ms
    await until(() => clock.nowMs() >= endMs, ms)
  }
  onTestFinished(async () => {
    let isClosed = false
    const closing = Promise.all(opened.map((messenger) => messenger.close({ timeoutMs: 1_000 })))
    await Promise.all([closing.finally(() => (isClosed = true)), until(() => isClosed)])
  })
  return { person, rtc, until, pass }
}

async function linksOf(...people: readonly Person[]): Promise<number[]> {
  return await Promise.all(people.map(async ({ messenger }) => (await messenger.health()).rendezvous?.links ?? 0))
}

/** Two contacts who are connected, without having said anything. */
async function friends(options: Partial<RendezvousOptions> = {}) {
  const world = setUp()
  const [ann, ben] = [await world.person(options), await world.person(options)]
  await ann.messenger.addContact(ben.messenger.publicKey)
  await ben.messenger.addContact(ann.messenger.publicKey)
  const together = async (): Promise<boolean> => (await linksOf(ann, ben)).every((count) => count === 1)
  await world.until(together)
  return { ...world, ann, ben, together }
}

test('who lost each other for longer than an attempt takes are connected when the path is back, with nothing to say', async () => {
  const { rtc, until, pass, ann, ben, together } = await friends()
  rtc.setReachable(false)
  rtc.disturb()
  await until(async () => (await linksOf(ann, ben)).every((count) => count === 0))
  const before = rtc.made
  await pass(900_000)
  expect(await linksOf(ann, ben)).toEqual([0, 0])
  // They go on trying, and do not hurry.
  expect(rtc.made - before).toBeGreaterThan(4)
  expect(rtc.made - before).toBeLessThan(60)
  rtc.setReachable(true)
  await until(together, 300_000)
}, 60_000)

test('a path that is lost while another is looked for is said of the connection, and that it was found', async () => {
  const { rtc, until, ann, ben, together } = await friends()
  for (const { states } of [ann, ben]) states.length = 0
  rtc.disturb()
  await until(() => [ann, ben].every(({ states }) => states.length === 2))
  for (const [me, other] of [
    [ann, ben],
    [ben, ann],
  ] as const) {
    const peer = other.messenger.publicKey
    const up = { state: 'up', peer, address: `rdv://${peer}`, handshakeMs: expect.any(Number) as number }
    expect(me.states).toEqual([{ ...up, isRestarting: true }, up])
  }
  expect(await together()).toBe(true)
})

test.each([
  [300_000, -300_000],
  [-300_000, 300_000],
])('a clock that is %d ms ahead is told of by the servers, and keeps people apart', async (aheadMs, clockOffsetMs) => {
  const { person, until, pass } = setUp()
  const [ann, ben] = [await person({ aheadMs }), await person()]
  const told: unknown[] = []
  for (const { messenger } of [ann, ben]) messenger.on('clock', (event) => told.push(event))
  await ann.messenger.addContact(ben.messenger.publicKey)
  await ben.messenger.addContact(ann.messenger.publicKey)
  await until(() => told.length > 0)
  await pass(10_000)
  expect(told).toEqual([{ clockOffsetMs: expect.closeTo(clockOffsetMs, -4) as number }])
  const [annHealth, benHealth] = [await ann.messenger.health(), await ben.messenger.health()]
  expect(annHealth.rendezvous?.clockOffsetMs).toBeCloseTo(clockOffsetMs, -4)
  expect(benHealth.rendezvous?.clockOffsetMs).toBeUndefined()
  expect(await linksOf(ann, ben)).toEqual([0, 0])
})

test.each<[string, Partial<RendezvousOptions>, object]>([
  ['no server, and every way, by default', {}, { iceServers: [], iceTransportPolicy: 'all' }],
  ['the servers given', { iceServers: [TURN] }, { iceServers: [TURN], iceTransportPolicy: 'all' }],
  ['relays alone', { iceServers: [TURN], relayOnly: true }, { iceServers: [TURN], iceTransportPolicy: 'relay' }],
])('WebRTC is asked for: %s', async (_, options, config) => {
  const { ann, ben } = await friends(options)
  for (const { configs } of [ann, ben]) expect(configs).toEqual([config])
})
