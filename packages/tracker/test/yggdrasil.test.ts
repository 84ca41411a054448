import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Resolver } from '@mimirjs/resolver-client'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil, type YggdrasilNode } from '@mimirjs/yggdrasil'
import { afterEach, describe, expect, test } from 'vitest'
import { createTracker, sharePort, type Tracker, type TrackerOptions } from '../src/index.js'
import { publicKeyOf, seedOf, UNHURRIED, until } from './support.js'

// Real nodes on loopback. The first one listens, the others know only it.

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startNode(peers: readonly string[] = [], seed = generateSeed()): Promise<YggdrasilNode> {
  const node = await Yggdrasil.start({ seed, ...(peers.length > 0 ? { peers } : { listen: ['tcp://127.0.0.1:0'] }) })
  closers.push(() => node.close())
  return node
}

function addressOf(node: Pick<YggdrasilNode, 'publicKey'>, port: number): string {
  return `ygg://${toHex(node.publicKey)}:${port}`
}

async function startTracker(
  node: YggdrasilNode,
  peers: readonly Pick<YggdrasilNode, 'publicKey'>[],
  options: Partial<TrackerOptions> = {},
): Promise<Tracker> {
  const tracker = await createTracker({
    generation: 'current',
    address: 'ygg://[::]:69',
    transport: node.datagramTransport,
    store: ':memory:',
    limits: UNHURRIED,
    sync: { streams: node.streams, peers: peers.map((peer) => addressOf(peer, 69)) },
    ...options,
  })
  closers.push(() => tracker.close())
  return tracker
}

function resolverOf(user: number, node: YggdrasilNode, tracker: YggdrasilNode): Resolver {
  const resolver = new Resolver({
    generation: 'current',
    trackers: [addressOf(tracker, 69)],
    transport: node.datagramTransport,
    signer: createSigner(seedOf(user)),
  })
  closers.push(() => resolver.close())
  return resolver
}

describe('over yggdrasil', () => {
  test('announced at one tracker, found at the other, across a node in the middle', async () => {
    const middle = await startNode()
    const peers = middle.listenAddresses
    const [second, phone, desk] = await Promise.all([startNode(peers), startNode(peers), startNode(peers)])
    const trackers = [await startTracker(middle, [second!]), await startTracker(second!, [middle])]
    const alice = resolverOf(1, phone!, middle)
    const address = addressOf(phone!, 42)
    expect(await alice.announce({ address })).toEqual({ ttlSeconds: 240 })
    expect(await alice.announce({ address })).toEqual({ ttlSeconds: 480 })
    await until(() => trackers.every((tracker) => tracker.stats().records === 1))
    const found = await resolverOf(2, desk!, second!).resolve(publicKeyOf(1))
    expect(found).toMatchObject([{ address }])
  })

  test('a tracker that comes back under its key is dialed again, and told what it missed', async () => {
    const clock = createClock(Date.now())
    const seed = generateSeed()
    const middle = await startNode()
    const [first, phone] = [await startNode(middle.listenAddresses, seed), await startNode(middle.listenAddresses)]
    const one = await startTracker(middle, [first], { clock })
    const two = await startTracker(first, [middle])
    await until(() => one.stats().syncPeers === 1 && two.stats().syncPeers === 1)
    await two.close()
    await first.close()
    await until(() => one.stats().syncPeers === 0)
    await resolverOf(1, phone, middle).announce({ address: addressOf(phone, 42) })
    const again = await startTracker(await startNode(middle.listenAddresses, seed), [middle])
    // It dials at once; ours waits its half minute, which need not pass for that.
    await until(() => again.stats().records === 1)
    clock.advance(36_000)
    await until(() => one.stats().syncPeers === 1)
  })

  test('a tracker and a client on one port of one node', async () => {
    const node = await startNode()
    const other = await startNode(node.listenAddresses)
    const port = sharePort(node.datagramTransport)
    const tracker = await createTracker({
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: port.tracker,
      store: ':memory:',
    })
    closers.push(() => tracker.close())
    const remote = await startTracker(other, [])
    const here = new Resolver({
      generation: 'current',
      trackers: [addressOf(other, 69)],
      transport: port.resolver,
      signer: createSigner(seedOf(1)),
    })
    closers.push(() => here.close())
    await here.announce({ address: addressOf(node, 42) })
    expect(await here.resolve(publicKeyOf(1))).toHaveLength(1)
    expect(remote.stats()).toMatchObject({ announced: 1 })
    expect(tracker.stats()).toMatchObject({ malformed: 0 })
  })
})
