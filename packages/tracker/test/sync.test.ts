import { sign } from '@mimirjs/crypto'
import { type ByteStream, type StreamTransport, TransportError } from '@mimirjs/transport'
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { encodeSyncHello, encodeSyncPing, encodeSyncRecord, type SyncRecord } from '@mimirjs/wire/tracker'
import { afterEach, describe, expect, test } from 'vitest'
import { createTracker, type SyncOptions, type Tracker, type TrackerOptions } from '../src/index.js'
import { openClient, publicKeyOf, seedOf, UNHURRIED } from './support.js'
import { announceNode, getNodes, nodeKeyOf, nodeOf, nodeUrl, Overlay, type OverlayNode } from './support-current.js'

// Trackers that talk to each other over streams of an overlay, on a clock turned by hand. Trackers live on the nodes 1, 2, 3 …

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

interface Running {
  readonly node: OverlayNode
  readonly tracker: Tracker
  readonly events: string[]
}

class World {
  /** Streams take 300 bytes, and then want to be read. */
  readonly overlay = new Overlay({ highWaterMarkBytes: 300 })
  readonly clock: ManualClock = createClock(1_700_000_000_000)

  async tracker(
    number: number,
    peers: readonly number[],
    options: Partial<TrackerOptions> & Partial<SyncOptions> = {},
  ) {
    const node = nodeOf(this.overlay, number)
    const { open = false, streams = node.streams, ...rest } = options
    const tracker = await createTracker({
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: node.datagrams,
      store: ':memory:',
      clock: this.clock,
      sync: { streams, open, peers: peers.map((peer) => nodeUrl(peer)) },
      ...rest,
      limits: { ...UNHURRIED, ...rest.limits },
    })
    closers.push(() => tracker.close())
    const events: string[] = []
    tracker.on('peerUp', () => events.push('up'))
    tracker.on('peerDown', ({ error }) => events.push(`down ${(error as { code?: string })?.code ?? ''}`.trim()))
    await settle()
    return { node, tracker, events } satisfies Running
  }

  /** `user` says to `tracker` that he is at node `node`. */
  async announce(tracker: Running, user: number, node: number, clientId = 77): Promise<void> {
    const client = await openClient(nodeOf(this.overlay, node).datagrams, 'ygg://[::]:69', tracker.node.address(69))
    client.send(announceNode(user, node, { clientId }))
    await client.next()
    await client.close()
    await settle()
  }

  async advance(ms: number, stepMs = 1000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed))
      await settle()
    }
  }

  /** A bare stream to the tracker on node `to`, from node `from`. */
  async dial(from: number, to: number) {
    const stream = await nodeOf(this.overlay, from).streams.dial(nodeUrl(to))
    return read(stream)
  }
}

/** A stream and all that came on it. */
function read(stream: ByteStream) {
  const received: number[] = []
  const state = { closed: false }
  stream.start({
    data: (chunk) => received.push(...chunk),
    end: () => stream.end(),
    drain: () => undefined,
    closed: () => {
      state.closed = true
    },
  })
  return { stream, received, state }
}

async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

function recordOf(user: number, node: number, change: Partial<SyncRecord> = {}): SyncRecord {
  const address = nodeKeyOf(node)
  const signature = sign(address, seedOf(user))
  return {
    hop: 3,
    publicKey: publicKeyOf(user),
    address,
    signature,
    priority: 1,
    clientId: 77,
    lifetimeSeconds: 300n,
    ttlMinutes: 4,
    ...change,
  }
}

const helloOf = (node: number): Uint8Array => encodeSyncHello({ publicKey: nodeKeyOf(node) })

describe('several trackers', () => {
  test('two of them: what one hears the other knows, whoever dialed', async () => {
    const world = new World()
    const [one, two] = [await world.tracker(1, [2]), await world.tracker(2, [1])]
    expect([one, two].map(({ events }) => events)).toEqual([['up'], ['up']])
    const synced: object[] = []
    two.tracker.on('synced', ({ clientId, peer }) => synced.push({ clientId, peer }))
    await world.announce(one, 11, 20)
    expect(synced).toEqual([{ clientId: 77, peer: one.node.address(69) }])
    await world.announce(two, 12, 21, 78)
    for (const { tracker } of [one, two]) expect(tracker.stats()).toMatchObject({ users: 2, announced: 1, synced: 1 })
  })

  test('one that the other does not know is turned away, and tries again', async () => {
    const world = new World()
    const [one, two] = [await world.tracker(1, [2]), await world.tracker(2, [3])]
    await world.announce(one, 11, 20)
    await world.advance(120_000)
    expect(two.tracker.stats()).toMatchObject({ records: 0, syncPeers: 0 })
    expect(one.events.length).toBeGreaterThan(4)
    expect(one.tracker.stats().syncPeers).toBe(0)
  })

  test('a circle of three: everybody knows, nobody is told for ever', async () => {
    const world = new World()
    const all = [await world.tracker(1, [2, 3]), await world.tracker(2, [1, 3]), await world.tracker(3, [1, 2])]
    await world.advance(40_000)
    expect(all.map(({ tracker }) => tracker.stats().syncPeers)).toEqual([2, 2, 2])
    await world.announce(all[0]!, 11, 20)
    for (const { tracker } of all) expect(tracker.stats()).toMatchObject({ users: 1, records: 1 })
    const told = all.reduce((sum, { tracker }) => sum + tracker.stats().syncSent, 0)
    expect(told).toBeGreaterThanOrEqual(2)
    expect(told).toBeLessThanOrEqual(8)
    await world.advance(60_000)
    expect(all.reduce((sum, { tracker }) => sum + tracker.stats().syncSent, 0)).toBe(told)
    // And all of them still talk to each other.
    expect(all.map(({ tracker }) => tracker.stats().syncPeers)).toEqual([2, 2, 2])
    expect(all.flatMap(({ events }) => events).filter((event) => event.startsWith('down'))).toEqual([])
  })

  test('a line of five: three links far, and no further', async () => {
    const world = new World()
    const line: Running[] = []
    for (let number = 1; number <= 5; number++) {
      line.push(
        await world.tracker(
          number,
          [number - 1, number + 1].filter((peer) => peer >= 1 && peer <= 5),
        ),
      )
    }
    await world.advance(40_000)
    await world.announce(line[0]!, 11, 20)
    expect(line.map(({ tracker }) => tracker.stats().records)).toEqual([1, 1, 1, 1, 0])
  })

  test('the schedule of a device goes on at the next tracker', async () => {
    const world = new World()
    const [one, two] = [await world.tracker(1, [2]), await world.tracker(2, [1])]
    await world.advance(40_000)
    await world.announce(one, 11, 20)
    const client = await openClient(nodeOf(world.overlay, 20).datagrams, 'ygg://[::]:69', two.node.address(69))
    client.send(announceNode(11, 20, {}, 'v1'))
    const bytes = await client.next()
    expect(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(5)).toBe(480n)
    await client.close()
  })

  test('one that was away is told what still counts, and no more than the queue holds (B-12, B-14)', async () => {
    const world = new World()
    const one = await world.tracker(1, [2], { limits: { syncQueue: 3 } })
    await world.announce(one, 10, 19)
    await world.advance(301_000)
    for (let user = 11; user <= 15; user++) await world.announce(one, user, user + 10)
    expect(one.tracker.stats()).toMatchObject({ syncSent: 0, syncDropped: 3 })
    const two = await world.tracker(2, [1])
    await world.advance(40_000)
    expect(two.tracker.stats().users).toBe(3)
  })

  test('one that dies is noticed, dialed again, and told again', async () => {
    const world = new World()
    const [one, two] = [await world.tracker(1, [2]), await world.tracker(2, [1])]
    await world.advance(40_000)
    two.node.cut()
    await two.tracker.close()
    await settle()
    expect(one.tracker.stats().syncPeers).toBe(0)
    expect(one.events.at(-1)).toMatch(/^down/)
    await world.announce(one, 11, 20)
    const again = await world.tracker(2, [1])
    await world.advance(40_000)
    expect(one.tracker.stats().syncPeers).toBe(1)
    expect(again.tracker.stats().records).toBe(1)
  })

  test('keep-alives flow while nothing happens, for hours', async () => {
    const world = new World()
    const [one, two] = [await world.tracker(1, [2]), await world.tracker(2, [1])]
    await world.advance(2 * 3_600_000, 5000)
    expect([one, two].map(({ tracker }) => tracker.stats().syncPeers)).toEqual([1, 1])
    expect([...one.events, ...two.events].filter((event) => event.startsWith('down'))).toEqual([])
  })

  test('its own address among the peers is no peer', async () => {
    const world = new World()
    const one = await world.tracker(1, [1])
    await world.advance(40_000)
    expect(one.tracker.stats().syncPeers).toBe(0)
    expect(one.events).toEqual([])
  })
})

describe('strangers', () => {
  test('are turned away by default, whatever key they claim', async () => {
    const world = new World()
    const one = await world.tracker(1, [2])
    for (const claimed of [30, 2]) {
      const { stream, state } = await world.dial(30, 1)
      stream.write(helloOf(claimed))
      stream.write(encodeSyncRecord(recordOf(11, 20)))
      await settle()
      expect(state.closed).toBe(true)
    }
    expect(one.tracker.stats().records).toBe(0)
  })

  test('where sync is open: heard, believed little, limited in number and in pace', async () => {
    const world = new World()
    const one = await world.tracker(1, [], { open: true, limits: { syncStrangers: 2, syncRecordsPerSecond: 5 } })
    await world.announce(one, 11, 20)
    const { stream, state } = await world.dial(30, 1)
    stream.write(helloOf(30))
    stream.write(encodeSyncRecord(recordOf(11, 21)))
    for (let user = 40; user < 60; user++) stream.write(encodeSyncRecord(recordOf(user, 22)))
    await settle()
    expect(one.tracker.stats()).toMatchObject({ users: 5, synced: 4, syncIgnored: 17 })
    const more = [await world.dial(31, 1), await world.dial(32, 1)]
    await settle()
    expect([state, ...more.map((each) => each.state)].map(({ closed }) => closed)).toEqual([false, false, true])
    // One that goes makes room.
    stream.abort()
    await settle()
    const next = await world.dial(33, 1)
    await settle()
    expect(next.state.closed).toBe(false)
  })
})

describe('peers that misbehave', () => {
  /** A tracker that knows node 2, and node 2 as a test plays it: it dialed and said who it is. */
  async function setUp(options: Partial<TrackerOptions> = {}) {
    const world = new World()
    const one = await world.tracker(1, [2], options)
    const peer = await world.dial(2, 1)
    peer.stream.write(helloOf(2))
    await settle()
    return { world, one, peer }
  }

  test('a wrong signature, an unknown command, a frame too large: the link ends, the tracker goes on', async () => {
    const forged = encodeSyncRecord(recordOf(11, 20, { signature: new Uint8Array(64) }))
    for (const bytes of [forged, Uint8Array.of(11), Uint8Array.of(10, 0, 1, 0, 1)]) {
      const { world, one, peer } = await setUp()
      peer.stream.write(bytes)
      await settle()
      expect(peer.state.closed).toBe(true)
      expect(one.events).toEqual(['up', 'down sync-violation'])
      await world.announce(one, 12, 21)
      expect(one.tracker.stats().records).toBe(1)
    }
  })

  test('a frame that stops in the middle, and silence, end in time (B-19)', async () => {
    for (const [bytes, ms] of [
      [encodeSyncRecord(recordOf(11, 20)).subarray(0, 66), 10_000],
      [encodeSyncPing(), 45_000],
    ] as const) {
      const { world, one, peer } = await setUp()
      peer.stream.write(bytes)
      await world.advance(ms - 1000)
      expect(peer.state.closed).toBe(false)
      await world.advance(2000)
      expect(peer.state.closed).toBe(true)
      expect(one.events).toEqual(['up', 'down sync-timeout'])
    }
  })

  test('one that says nothing at all is cut after five seconds', async () => {
    const world = new World()
    await world.tracker(1, [2])
    const peer = await world.dial(2, 1)
    await world.advance(4000)
    expect(peer.state.closed).toBe(false)
    await world.advance(2000)
    expect(peer.state.closed).toBe(true)
  })

  test('records that only travel the wrong way are ignored, and the link stays', async () => {
    const { one, peer } = await setUp()
    const odd = [{ hop: 0 }, { lifetimeSeconds: 0n }, { lifetimeSeconds: 2n ** 64n - 1n }]
    for (const change of odd) peer.stream.write(encodeSyncRecord(recordOf(11, 20, change)))
    peer.stream.write(encodeSyncRecord(recordOf(12, 21, { ttlMinutes: 2 ** 31 })))
    await settle()
    expect(peer.state.closed).toBe(false)
    expect(one.tracker.stats()).toMatchObject({ synced: 1, syncIgnored: 3, users: 1 })
  })

  test('a second stream of the same peer takes the place of the first', async () => {
    const { world, one, peer } = await setUp()
    const second = await world.dial(2, 1)
    second.stream.write(helloOf(2))
    await settle()
    expect([peer.state.closed, second.state.closed]).toEqual([true, false])
    second.stream.write(encodeSyncRecord(recordOf(11, 20)))
    await settle()
    expect(one.tracker.stats()).toMatchObject({ records: 1, syncPeers: 1 })
  })

  test('it is not told what it said; after its first frame records go where it speaks', async () => {
    const { world, one, peer } = await setUp()
    peer.stream.write(encodeSyncRecord(recordOf(11, 20)))
    await settle()
    expect(peer.received).toEqual([])
    await world.announce(one, 12, 21)
    expect(Uint8Array.from(peer.received)).toEqual(encodeSyncRecord(recordOf(12, 21)))
  })

  test('one that does not read costs its queue, and no more; then it gets the newest', async () => {
    const { world, one, peer } = await setUp({ limits: { syncQueue: 10 } })
    peer.stream.write(encodeSyncPing())
    await settle()
    peer.stream.pause()
    for (let user = 1; user <= 20; user++) await world.announce(one, user, 20)
    expect(one.tracker.stats()).toMatchObject({ syncSent: 2, syncDropped: 8 })
    peer.stream.resume()
    await settle(40)
    expect(one.tracker.stats()).toMatchObject({ syncSent: 12, syncDropped: 8 })
    expect(peer.received).toHaveLength(12 * 167)
    expect(Uint8Array.from(peer.received.slice(-167))).toEqual(encodeSyncRecord(recordOf(20, 20)))
  })
})

describe('what is made of it', () => {
  test('records of others are written down, and there after a new start; so is what they are worth', async () => {
    const world = new World()
    const { openDatabase } = await import('@mimirjs/store')
    const { STORE_APPLICATION_ID, STORE_MIGRATIONS } = await import('../src/index.js')
    const database = openDatabase(':memory:', { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    const one = await world.tracker(1, [2], { store: database })
    const peer = await world.dial(2, 1)
    peer.stream.write(helloOf(2))
    peer.stream.write(encodeSyncRecord(recordOf(11, 20)))
    await settle()
    await one.tracker.close()
    const again = await world.tracker(1, [2], { store: database })
    expect(again.tracker.stats().records).toBe(1)
    const client = await openClient(nodeOf(world.overlay, 40).datagrams, 'ygg://[::]:69', again.node.address(69))
    // A stranger, who would displace the word of another stranger.
    client.send(announceNode(11, 41))
    await client.next()
    client.send(getNodes(11, 'v1'))
    const answer = await client.next()
    expect(answer[5]).toBe(1)
    expect(answer.subarray(6, 38)).toEqual(nodeKeyOf(20))
    await client.close()
    await again.tracker.close()
    database.close()
  })

  test('an address in use is told at once', async () => {
    const world = new World()
    await world.tracker(1, [2])
    await expect(world.tracker(1, [2])).rejects.toMatchObject({ name: 'TrackerError', code: 'listen' })
  })

  test('a listener that fails is opened again, however often that fails', async () => {
    const world = new World()
    const { streams } = nodeOf(world.overlay, 1)
    const failed = new TransportError('unreachable', 'out of order')
    let [listens, brokenFor] = [0, 0]
    let fail: (error: TransportError) => void = () => undefined
    const shaky: StreamTransport = {
      scheme: streams.scheme,
      dial: (address, options) => streams.dial(address, options),
      listen: async (address, handlers) => {
        if (listens++ > 0 && brokenFor-- > 0) throw failed
        const listener = await streams.listen(address, handlers)
        fail = (error) => {
          void listener.close()
          handlers.onError?.(error)
        }
        return listener
      },
    }
    const one = await world.tracker(1, [2], { streams: shaky })
    brokenFor = 3
    fail(failed)
    await world.advance(110_000)
    expect(listens).toBe(5)
    const two = await world.tracker(2, [1])
    await world.advance(40_000)
    expect([one.tracker.stats().syncPeers, two.tracker.stats().syncPeers]).toEqual([1, 1])
  })

  test.each([
    ['peers that are no nodes', { peers: ['ygg://[::]:69'] }],
    ['peers of another network', { peers: ['udp://[200::1]:69'] }],
  ])('refused: %s', async (_name, sync) => {
    const { datagrams, streams } = nodeOf(new Overlay(), 1)
    const options: TrackerOptions = {
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: datagrams,
      store: ':memory:',
      sync: { streams, ...sync },
    }
    await expect(createTracker(options)).rejects.toMatchObject({ code: 'bad-option' })
  })
})
