import { createSigner } from '@mimirjs/crypto'
import { Resolver, type ResolverOptions } from '@mimirjs/resolver-client'
import type { DatagramTransport } from '@mimirjs/transport'
import { createClock, type DatagramFaults, faultyDatagrams } from '@mimirjs/transport/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createTracker, type Tracker, type TrackerOptions } from '../src/index.js'
import { publicKeyOf, seedOf, UNHURRIED, until } from './support.js'
import { nodeOf, nodeUrl, Overlay } from './support-current.js'

// Our client against our server over an overlay, good links and bad. Trackers live on the nodes 1 to 9, users on those above.

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

type Link = (transport: DatagramTransport, seed: number) => DatagramTransport
const faultless: Link = (transport) => transport

class World {
  readonly overlay = new Overlay()
  readonly #link: Link

  constructor(link = faultless) {
    this.#link = link
  }

  async tracker(
    number: number,
    peers: readonly number[] = [],
    options: Partial<TrackerOptions> = {},
  ): Promise<Tracker> {
    const { datagrams, streams } = nodeOf(this.overlay, number)
    const tracker = await createTracker({
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: this.#link(datagrams, number),
      store: ':memory:',
      limits: UNHURRIED,
      sync: { streams, peers: peers.map((peer) => nodeUrl(peer)) },
      ...options,
    })
    closers.push(() => tracker.close())
    return tracker
  }

  /** The device of `user` on node `node`. */
  resolver(user: number, node: number, trackers: readonly number[], options: Partial<ResolverOptions> = {}): Resolver {
    const resolver = new Resolver({
      generation: 'current',
      trackers: trackers.map((tracker) => nodeUrl(tracker)),
      transport: this.#link(nodeOf(this.overlay, node).datagrams, node),
      signer: createSigner(seedOf(user)),
      ...options,
    })
    closers.push(() => resolver.close())
    return resolver
  }
}

describe('resolver and tracker', () => {
  test.each([[1], [2], [undefined]] as const)('version %s', async (trackerVersion) => {
    const world = new World()
    await world.tracker(1)
    const version = trackerVersion === undefined ? {} : { trackerVersion }
    const alice = world.resolver(1, 20, [1], { clientId: 42, ...version })
    const bob = world.resolver(2, 21, [1], version)
    expect(await bob.resolve(publicKeyOf(1), { force: true })).toEqual([])
    for (const ttlSeconds of [240, 480, 960, 960]) {
      expect(await alice.announce({ address: nodeUrl(20, 42), priority: 7 })).toEqual({ ttlSeconds })
    }
    const found = await bob.resolve(publicKeyOf(1), { force: true })
    expect(found).toMatchObject([{ address: nodeUrl(20, 42), priority: 7, clientId: 42 }])
    const leftMs = found[0]!.deadlineMs - Date.now()
    expect(leftMs).toBeGreaterThan(16 * 60_000)
    expect(leftMs).toBeLessThan(17 * 60_000 + 1000)
  })

  test('several devices of one person, the highest priority first', async () => {
    const world = new World()
    await world.tracker(1)
    await world.resolver(1, 20, [1], { clientId: 5 }).announce({ address: nodeUrl(20, 42), priority: 1 })
    await world.resolver(1, 21, [1], { clientId: 6 }).announce({ address: nodeUrl(21, 42), priority: 9 })
    const found = await world.resolver(2, 22, [1]).resolve(publicKeyOf(1))
    expect(found.map(({ address }) => address)).toEqual([nodeUrl(21, 42), nodeUrl(20, 42)])
  })

  test('announced to one tracker, found at another, because they talk', async () => {
    const world = new World()
    const trackers = [await world.tracker(1, [2, 3]), await world.tracker(2, [1, 3]), await world.tracker(3, [1, 2])]
    await until(() => trackers.every((tracker) => tracker.stats().syncPeers === 2))
    await world.resolver(1, 20, [1]).announce({ address: nodeUrl(20, 42) })
    await until(() => trackers.every((tracker) => tracker.stats().records === 1))
    for (const tracker of [2, 3]) {
      const found = await world.resolver(2, 20 + tracker, [tracker]).resolve(publicKeyOf(1))
      expect(found).toMatchObject([{ address: nodeUrl(20, 42) }])
    }
  })

  test('a device that goes on at another tracker keeps its schedule, and one that dies lapses there too', async () => {
    const world = new World()
    const clock = createClock(1_700_000_000_000)
    const trackers = [await world.tracker(1, [2], { clock }), await world.tracker(2, [1], { clock })]
    await until(() => trackers.every((tracker) => tracker.stats().syncPeers === 1))
    const device = world.resolver(1, 20, [1], { clientId: 5 })
    await device.announce({ address: nodeUrl(20, 42) })
    await until(() => trackers[1]!.stats().records === 1)
    await device.close()
    const again = world.resolver(1, 20, [2], { clientId: 5 })
    expect(await again.announce({ address: nodeUrl(20, 42) })).toEqual({ ttlSeconds: 480 })
    await until(() => trackers[0]!.stats().synced > 0)
    clock.advance(9 * 60_000 + 60_000)
    expect(trackers.map((tracker) => tracker.stats().records)).toEqual([0, 0])
  })
})

describe('over a bad link', () => {
  const links: [string, DatagramFaults][] = [
    ['doubles everything', { duplicateChance: 1 }],
    ['reorders and delays', { reorderChance: 0.5, delayMs: 15 }],
  ]
  test.each(links)('that %s', async (_name, faults) => {
    const world = new World((transport, seed) => faultyDatagrams(transport, faults, { seed }))
    const tracker = await world.tracker(1)
    const users = Array.from({ length: 12 }, (_, index) => index + 1)
    const resolvers = users.map((user) => world.resolver(user, 19 + user, [1]))
    await Promise.all(users.map((user, index) => resolvers[index]!.announce({ address: nodeUrl(19 + user, 42) })))
    const found = await Promise.all(
      users.map(async (user) => (await resolvers[user % users.length]!.resolve(publicKeyOf(user)))[0]?.address),
    )
    expect(found).toEqual(users.map((user) => nodeUrl(19 + user, 42)))
    expect(tracker.stats()).toMatchObject({ users: 12, records: 12, malformed: 0, badSignature: 0, outranked: 0 })
  })

  test('that loses every fifth datagram: most get through at once, none takes longer than seven seconds', async () => {
    const clock = createClock(1_700_000_000_000)
    const world = new World((transport, seed) =>
      faultyDatagrams(transport, { dropChance: 0.2, duplicateChance: 0.2 }, { seed: seed + 100, clock }),
    )
    await world.tracker(1, [], { clock })
    const resolver = world.resolver(1, 20, [1], { clock })
    let [over, failed] = [0, 0]
    const attempts = 60
    const working = (async () => {
      for (; over < attempts; over++) {
        const startedMs = clock.nowMs()
        const asked =
          over % 2 === 0
            ? resolver.announce({ address: nodeUrl(20, 42) })
            : resolver.resolve(publicKeyOf(1), { force: true })
        await asked.catch(() => failed++)
        expect(clock.nowMs() - startedMs).toBeLessThanOrEqual(7250)
      }
    })()
    while (over < attempts) {
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(250)
    }
    await working
    // Of two tries each one in eight finds no way there and back.
    expect(failed).toBeLessThan(attempts / 4)
  })
})
