import { createSigner } from '@mimirjs/crypto'
import { createClock, faultyDatagrams, type ManualClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { encodeTrackerResponse, type NodeRecord } from '@mimirjs/wire/tracker'
import { afterEach, describe, expect, test } from 'vitest'
import { Resolver, type ResolverOptions } from '../src/index.js'
import { POLICIES } from '../src/policy.js'
import { readRecords } from '../src/record.js'
import { Overlay, type OverlayNode } from './overlay.js'
import { identity, seedOf, settleNetwork } from './support.js'
import { type AskedOf, answerTo, nodeKey, nodeRecord, nodeTracker } from './support-current.js'

// The whole resolver on overlay nodes, with trackers that a test decides about.

const KEY = identity(1).publicKey
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

/** Node 2 is ours; trackers live on 5, 6, 7. */
function setUp(trackers: readonly number[] = [5], options: Partial<ResolverOptions> = {}) {
  const overlay = new Overlay()
  const own = overlay.node(nodeKey(2))
  const clock = createClock(1_000_000)
  const nodes = trackers.map((number) => overlay.node(nodeKey(number)))
  const resolver = new Resolver({
    generation: 'current',
    trackers: nodes.map((node) => node.address(69)),
    transport: own.datagrams,
    signer: identity(1),
    clientId: 77,
    clock,
    ...options,
  })
  closers.push(() => resolver.close())
  return { overlay, own, clock, nodes, resolver }
}

const knowing =
  (...records: NodeRecord[]) =>
  (request: AskedOf) => [answerTo(request, records)]

/** Let time pass, and everything that is sent meanwhile arrive. @returns the ms that passed */
async function passUntil(clock: ManualClock, holds: () => boolean, limitMs = 1_000_000): Promise<number> {
  const startMs = clock.nowMs()
  while (!holds() && clock.nowMs() < startMs + limitMs) {
    clock.advance(1000)
    await settleNetwork(4)
  }
  return clock.nowMs() - startMs
}

function url(node: OverlayNode | number): string {
  return `ygg://${typeof node === 'number' ? toHex(nodeKey(node)) : node.key}:42`
}

describe('resolve', () => {
  test('asks on port 69, verifies, hands out nodes with the port of people', async () => {
    const { nodes, resolver } = setUp()
    const tracker = await nodeTracker(nodes[0]!, knowing(nodeRecord(1, 7), nodeRecord(4, 8)))
    const found = await resolver.resolve(KEY)
    expect(found).toEqual([{ address: url(7), priority: 1, clientId: 7, deadlineMs: 1_300_000, attested: true }])
    expect(tracker.asked.map(({ command }) => command)).toEqual(['ping', 'getAddrs'])
    expect(await resolver.resolve(KEY)).toEqual(found)
    expect(tracker.asked).toHaveLength(2)
  })

  test('an empty answer is no failure, and another tracker may know better', async () => {
    const { nodes, resolver, clock } = setUp([5, 6])
    await nodeTracker(nodes[0]!, knowing())
    await nodeTracker(nodes[1]!, knowing(nodeRecord(1, 7)))
    expect(await resolver.resolve(KEY)).toMatchObject([{ address: url(7) }])
    expect(await resolver.resolve(identity(9).publicKey)).toEqual([])
    expect(clock.nowMs()).toBe(1_000_000)
  })

  test('trackers that lie spoil nothing while one is honest', async () => {
    const forged: NodeRecord = { ...nodeRecord(4, 66), address: nodeKey(66) }
    const liars: ((request: AskedOf) => Uint8Array[])[] = [
      knowing(forged),
      (request) =>
        request.command === 'ping'
          ? [answerTo(request, [])]
          : [answerTo({ ...request, nonce: (request.nonce + 1) >>> 0 }, [nodeRecord(1, 66)])],
      (request) => [encodeTrackerResponse('v2', 'announce', { nonce: request.nonce, ttlSeconds: 1n })],
      (request) =>
        Array.from({ length: 40 }, (_, length) => answerTo(request, [nodeRecord(1, 66)]).subarray(0, length)),
      () => Array.from({ length: 50 }, (_, index) => new Uint8Array(index * 20).fill(index * 37)),
      knowing(nodeRecord(1, 66, { lifetimeMs: 0n })),
    ]
    for (const liar of liars) {
      const { nodes, resolver } = setUp([5, 6])
      await nodeTracker(nodes[0]!, liar)
      await nodeTracker(nodes[1]!, knowing(nodeRecord(1, 7)))
      expect((await resolver.resolve(KEY)).map(({ address }) => address)).toEqual([url(7)])
      await resolver.close()
    }
  })

  test('an answer from another node than the one asked is nothing', async () => {
    const { overlay, nodes, resolver, clock } = setUp([5], { trackerVersion: 2 })
    const stranger = await overlay.node(nodeKey(8)).datagrams.open('ygg://[::]:69')
    await nodeTracker(nodes[0]!, (request) => {
      stranger.send(answerTo(request, [nodeRecord(1, 66)]), stranger.peer(`ygg://${url(2).slice(6, 70)}:69`))
      return undefined
    })
    const failed = expect(resolver.resolve(KEY)).rejects.toMatchObject({ code: 'timeout' })
    await settleNetwork()
    clock.advance(2000)
    await failed
  })

  test('a bad link: what is lost is asked again, with a fresh nonce', async () => {
    const overlay = new Overlay()
    const clock = createClock()
    const node = overlay.node(nodeKey(5))
    const tracker = await nodeTracker(
      {
        ...node,
        datagrams: faultyDatagrams(node.datagrams, { dropChance: 0.3, duplicateChance: 0.3 }, { seed: 3, clock }),
      },
      knowing(nodeRecord(1, 7)),
    )
    const resolver = new Resolver({
      generation: 'current',
      trackers: [tracker.address],
      transport: faultyDatagrams(overlay.node(nodeKey(2)).datagrams, { dropChance: 0.3 }, { seed: 4, clock }),
      clock,
    })
    closers.push(() => resolver.close())
    let [over, failed] = [0, 0]
    const attempts = 40
    const work = (async () => {
      for (; over < attempts; over++) {
        const startedMs = clock.nowMs()
        await resolver.resolve(KEY, { force: true }).catch(() => failed++)
        expect(clock.nowMs() - startedMs).toBeLessThanOrEqual(7250)
      }
    })()
    while (over < attempts) {
      await settleNetwork(4)
      clock.advance(250)
    }
    await work
    expect(failed).toBeLessThan(attempts / 2)
    // Doubled by the link, never by us.
    const nonces = tracker.asked.map(({ nonce }) => nonce)
    expect(nonces.every((nonce) => nonce >= 0x10000000)).toBe(true)
  })
})

describe('records', () => {
  const read = (records: NodeRecord[]) =>
    readRecords(
      records.map(({ lifetimeMs, ...record }) => ({ ...record, port: 0, lifetimeMs: Number(lifetimeMs) })),
      KEY,
      POLICIES.current,
      16,
      0,
    ).addresses

  test('milliseconds, and never more than eighteen minutes', () => {
    const lifetimes = [1n, 300_000n, 1_080_000n, 1_080_001n, 4_294_967_290_999n, 2n ** 64n - 1n]
    expect(lifetimes.map((lifetimeMs) => read([nodeRecord(1, 7, { lifetimeMs })])[0]?.deadlineMs)).toEqual([
      1, 300_000, 1_080_000, 1_080_000, 1_080_000, 1_080_000,
    ])
    expect(read([nodeRecord(1, 7, { lifetimeMs: 0n })])).toEqual([])
  })

  test('the highest priority is dialed first, unsigned; then the later deadline; one entry per node', () => {
    const found = read([
      nodeRecord(1, 10, { priority: 1 }),
      nodeRecord(1, 11, { priority: 200 }),
      nodeRecord(1, 12, { priority: 0 }),
      nodeRecord(1, 13, { priority: 1, lifetimeMs: 400_000n }),
      nodeRecord(1, 11, { priority: 3 }),
    ])
    expect(found.map(({ address }) => address)).toEqual([11, 13, 10, 12].map(url))
  })
})

describe('announce', () => {
  test('our node, signed by the identity, to one tracker', async () => {
    const { own, nodes, resolver } = setUp([5, 6])
    const [first, second] = await Promise.all(nodes.map((node) => nodeTracker(node, knowing())))
    expect(await resolver.announce({ address: own.address(42) })).toEqual({ ttlSeconds: 240 })
    expect(second!.asked).toEqual([])
    expect(first!.asked.at(-1)!.announce).toMatchObject({
      publicKey: KEY,
      address: own.publicKey,
      priority: 1,
      clientId: 77,
      signature: createSigner(seedOf(1)).sign(own.publicKey),
    })
  })

  test('to more of them if wanted', async () => {
    const { own, nodes, resolver } = setUp([5, 6, 7], { announceFanout: 2 })
    const trackers = await Promise.all(nodes.map((node) => nodeTracker(node, knowing())))
    await resolver.announce({ address: own.address(42) })
    await settleNetwork()
    const told = trackers.filter(({ asked }) => asked.some(({ command }) => command === 'announce'))
    expect(told).toHaveLength(2)
  })

  test('again after four fifths of what was granted, and with the next tracker when one is gone', async () => {
    const { own, clock, nodes, resolver } = setUp([5, 6], { trackerVersion: 2 })
    const [first, second] = await Promise.all(nodes.map((node) => nodeTracker(node, knowing())))
    const announcing = resolver.startAnnouncing({ address: own.address(42) })
    const announced: string[] = []
    announcing.on('announced', ({ tracker }) => announced.push(tracker))
    await settleNetwork(12)
    expect(announced).toEqual([first!.address])
    await first!.close()
    // Two seconds for the ping that nobody answers, then the other one at once.
    const passedMs = await passUntil(clock, () => announced.length > 1)
    expect(announced).toEqual([first!.address, second!.address])
    expect(passedMs).toBeGreaterThanOrEqual(182_000)
    expect(passedMs).toBeLessThanOrEqual(192_000 + 3000)
  })

  test.each([
    [0n, 30_000],
    [2n ** 64n - 1n, 960_000],
  ])('a grant of %i s neither spins nor silences the loop', async (ttlSeconds, longestMs) => {
    const { own, clock, nodes, resolver } = setUp()
    const tracker = await nodeTracker(nodes[0]!, (request) => [answerTo(request, [], ttlSeconds)])
    const announces = () => tracker.asked.filter(({ command }) => command === 'announce').length
    resolver.startAnnouncing({ address: own.address(42) })
    await settleNetwork(12)
    expect(announces()).toBe(1)
    const passedMs = await passUntil(clock, () => announces() > 1)
    expect(passedMs).toBeGreaterThanOrEqual(30_000)
    expect(passedMs).toBeLessThanOrEqual(longestMs)
  })

  test('addresses that no peer of this generation can dial are refused', async () => {
    const { own, resolver } = setUp()
    const refused = [
      'tcp://[200::1]:5050',
      own.address(43),
      'ygg://[::]:42',
      'ygg://abc:42',
      `ygg://${'g'.repeat(64)}:42`,
      `ygg://${'0'.repeat(66)}:42`,
    ]
    for (const address of refused) {
      await expect(resolver.announce({ address }), address).rejects.toMatchObject({ code: 'bad-address' })
    }
  })
})

describe('options', () => {
  test('trackers are nodes, on the port of trackers', () => {
    const own = new Overlay().node(nodeKey(2))
    const refused = [own.address(70), 'ygg://[::]:69', 'udp://[200::1]:5050', `ygg://${'ab'.repeat(31)}:69`]
    for (const address of refused) {
      expect(
        () => new Resolver({ generation: 'current', trackers: [address], transport: own.datagrams }),
        address,
      ).toThrow(expect.objectContaining({ name: 'ResolverError', code: 'bad-address' }))
    }
    const resolver = new Resolver({
      generation: 'current',
      trackers: [own.address(69).replace(/[a-f]/g, (digit) => digit.toUpperCase())],
      transport: own.datagrams,
    })
    closers.push(() => resolver.close())
  })

  test('a transport that proves nobody is refused', () => {
    const transport = { scheme: 'udp', open: () => Promise.reject(new Error('never')) }
    expect(() => new Resolver({ generation: 'current', trackers: [], transport })).toThrow(/ygg:\/\//)
  })
})
