import type { Signer } from '@mimirjs/crypto'
import type { DatagramTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { encodeAnnounceResponse } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { type AnnouncingEvents, Resolver, type ResolverOptions } from '../src/index.js'
import { identity, knowing, scriptedTracker, settleNetwork, signedRecord } from './support.js'

const KEY = identity(1).publicKey

function setUp(options: Partial<ResolverOptions> = {}) {
  const network = createMemoryNetwork()
  const clock = createClock(1_000_000)
  const resolver = new Resolver({
    trackers: ['memory://a'],
    transport: network.datagrams,
    signer: identity(1),
    clientId: 77,
    clock,
    ...options,
  })
  return { transport: network.datagrams, clock, resolver }
}

describe('resolve', () => {
  test('asks, verifies, remembers; force asks again', async () => {
    const { transport, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing(signedRecord(1, 7), signedRecord(4, 8)))
    const found = await resolver.resolve(KEY)
    expect(found).toMatchObject([{ address: 'tcp://[200::7]:5050', priority: 3, clientId: 7, attested: true }])
    expect(await resolver.resolve(KEY)).toEqual(found)
    expect(tracker.requests).toHaveLength(1)
    await resolver.resolve(KEY, { force: true })
    expect(tracker.requests).toHaveLength(2)
    resolver.forget(KEY, 'tcp://[200::7]:5050')
    await resolver.resolve(KEY)
    expect(tracker.requests).toHaveLength(3)
    await resolver.close()
  })

  test('the cache follows the clock', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing(signedRecord(1, 7, { ttlSeconds: 60n })))
    await resolver.resolve(KEY)
    clock.advance(59_000)
    await resolver.resolve(KEY)
    expect(tracker.requests).toHaveLength(1)
    clock.advance(1000)
    await resolver.resolve(KEY)
    expect(tracker.requests).toHaveLength(2)
    await resolver.close()
  })

  test('nobody announced is an answer, not an error', async () => {
    const { transport, resolver } = setUp()
    await scriptedTracker(transport, 'memory://a', knowing())
    expect(await resolver.resolve(KEY)).toEqual([])
    await resolver.close()
  })

  test('silence is a timeout after ten seconds, and is repeated into', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', () => undefined)
    const failed = expect(resolver.resolve(KEY)).rejects.toMatchObject({ code: 'timeout', blame: 'timeout' })
    await settleNetwork()
    clock.advance(10_000)
    await failed
    await settleNetwork()
    expect(tracker.requests).toHaveLength(5)
    expect(new Set(tracker.requests.map(({ nonce }) => nonce)).size).toBe(1)
    await resolver.close()
  })

  test('an abort ends it at once, for this caller only', async () => {
    const { transport, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', () => undefined)
    const controller = new AbortController()
    const first = resolver.resolve(KEY, { signal: controller.signal })
    const second = resolver.resolve(KEY)
    await settleNetwork()
    controller.abort(new Error('no longer wanted'))
    await expect(first).rejects.toMatchObject({ code: 'aborted', cause: { message: 'no longer wanted' } })
    await expect(resolver.resolve(KEY, { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(tracker.requests).toHaveLength(1)
    const client = tracker.socket.peer(tracker.senders[0]!)
    tracker.socket.send(knowing(signedRecord(1, 7))(tracker.requests[0]!)[0]!, client)
    expect(await second).toHaveLength(1)
    await resolver.close()
  })

  test('closing rejects what is awaited', async () => {
    const { transport, resolver } = setUp()
    await scriptedTracker(transport, 'memory://a', () => undefined)
    const closed = expect(resolver.resolve(KEY)).rejects.toMatchObject({ code: 'closed' })
    await resolver.close()
    await closed
  })

  test('bad calls', async () => {
    const { resolver } = setUp({ trackers: [] })
    await expect(resolver.resolve(new Uint8Array(31))).rejects.toThrow(RangeError)
    await expect(resolver.resolve(KEY)).rejects.toMatchObject({ code: 'no-tracker', blame: 'local' })
    await resolver.close()
    await resolver.close()
    await expect(resolver.resolve(KEY)).rejects.toMatchObject({ code: 'closed' })
    expect(() => setUp({ clientId: 1 })).toThrow(RangeError)
    expect(() => setUp({ limits: { outstanding: 0 } })).toThrow(RangeError)
    expect(() => setUp({ trackers: ['udp://name:1'] })).toThrow(expect.objectContaining({ code: 'bad-address' }))
    expect(() => setUp({ bind: 'udp://0.0.0.0:0' })).toThrow(expect.objectContaining({ code: 'bad-address' }))
  })

  test('a random client id is none of the two that mean something else', () => {
    for (const fill of [0, 1]) {
      const random = (byteLength: number) => new Uint8Array(byteLength).fill(0, 0, 3).fill(fill, 3)
      const { clientId } = new Resolver({ trackers: [], transport: createMemoryNetwork().datagrams, random })
      expect(clientId).toBe(2)
    }
  })

  test('a socket that cannot be opened fails the request at once, and the next request tries again', async () => {
    const network = createMemoryNetwork()
    let broken = true
    const transport: DatagramTransport = {
      scheme: 'memory',
      open: (address) => (broken ? Promise.reject(new Error('no network')) : network.datagrams.open(address)),
    }
    const { resolver } = setUp({ transport })
    await expect(resolver.resolve(KEY)).rejects.toMatchObject({
      code: 'transport',
      blame: 'transport',
      cause: { message: 'no network' },
    })
    broken = false
    await scriptedTracker(network.datagrams, 'memory://a', knowing(signedRecord(1, 7)))
    expect(await resolver.resolve(KEY)).toHaveLength(1)
    await resolver.close()
  })
})

describe('announce', () => {
  test('every tracker gets the signed record; the first to keep it settles the call', async () => {
    const { transport, resolver } = setUp({ trackers: ['memory://a', 'memory://b'] })
    const silent = await scriptedTracker(transport, 'memory://a', () => undefined)
    const kind = await scriptedTracker(transport, 'memory://b', ({ nonce }) => [
      encodeAnnounceResponse({ nonce, ttlSeconds: 120n }),
    ])
    expect(await resolver.announce({ address: 'tcp://[200::7]:6000', priority: 9 })).toEqual({ ttlSeconds: 120 })
    const { address, signature } = signedRecord(1, 7)
    const wanted = { command: 'announce', publicKey: KEY, address, signature, port: 6000, priority: 9, clientId: 77 }
    expect(kind.requests).toMatchObject([wanted])
    expect(silent.requests).toMatchObject([wanted])
    await resolver.close()
  })

  test('nobody keeps it', async () => {
    const { transport, clock, resolver } = setUp({ trackers: ['memory://a', 'memory://b'] })
    await scriptedTracker(transport, 'memory://a', () => undefined)
    const failed = expect(resolver.announce({ address: 'tcp://[200::7]:6000' })).rejects.toMatchObject({
      code: 'timeout',
    })
    await settleNetwork()
    clock.advance(10_000)
    await failed
    await resolver.close()
  })

  test('aborted, and closed under way', async () => {
    const { transport, resolver } = setUp()
    await scriptedTracker(transport, 'memory://a', () => undefined)
    const controller = new AbortController()
    const aborted = resolver.announce({ address: 'tcp://[200::7]:6000' }, { signal: controller.signal })
    const closed = resolver.announce({ address: 'tcp://[200::7]:6000' })
    await settleNetwork()
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    const rejected = expect(closed).rejects.toMatchObject({ code: 'closed' })
    await resolver.close()
    await rejected
  })

  test('needs a signer that signs with its own key, and an address that others can dial', async () => {
    const address = 'tcp://[200::7]:6000'
    const { signer: _, ...none } = { signer: undefined, trackers: ['memory://a'] }
    const network = createMemoryNetwork()
    const unsigned = new Resolver({ ...none, transport: network.datagrams })
    await expect(unsigned.announce({ address })).rejects.toMatchObject({ code: 'key-capability' })
    expect(() => unsigned.startAnnouncing({ address })).toThrow(expect.objectContaining({ code: 'key-capability' }))
    const other = identity(2)
    const lying: Signer = { publicKey: KEY, sign: async (message) => other.sign(message) }
    const { resolver } = setUp({ signer: lying })
    await expect(resolver.announce({ address })).rejects.toMatchObject({ code: 'key-capability' })
    for (const sign of [() => Promise.reject(new Error('no token')), () => Promise.resolve(undefined as never)]) {
      const { resolver: broken } = setUp({ signer: { publicKey: KEY, sign } })
      await expect(broken.announce({ address })).rejects.toMatchObject({
        name: 'ResolverError',
        code: 'key-capability',
      })
      await broken.close()
    }
    const { resolver: sound } = setUp()
    await expect(sound.announce({ address: 'tcp://[::]:6000' })).rejects.toMatchObject({ code: 'bad-address' })
    await expect(sound.announce({ address, priority: 256 })).rejects.toThrow(RangeError)
    expect(() => sound.startAnnouncing({ address, priority: -1 })).toThrow(RangeError)
    await Promise.all([resolver.close(), sound.close(), unsigned.close()])
  })
})

describe('startAnnouncing', () => {
  /** Resolves with the next event of the handle. */
  function next<Name extends keyof AnnouncingEvents>(
    announcing: ReturnType<Resolver['startAnnouncing']>,
    name: Name,
  ): Promise<AnnouncingEvents[Name]> {
    return new Promise((resolve) => {
      const off = announcing.on(name, (event) => {
        off()
        resolve(event)
      })
    })
  }

  test('announces at once and again before the record lapses', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    const announcing = resolver.startAnnouncing({ address: 'tcp://[200::7]:6000' })
    expect(await next(announcing, 'announced')).toEqual({
      address: 'tcp://[200::7]:6000',
      tracker: 'memory://a',
      ttlSeconds: 600,
    })
    const again = next(announcing, 'announced')
    clock.advance(600_000)
    await again
    const nonces = () => new Set(tracker.requests.map(({ nonce }) => nonce)).size
    expect(nonces()).toBe(2)
    announcing.stop()
    clock.advance(10_000_000)
    await settleNetwork()
    expect(nonces()).toBe(2)
    await resolver.close()
  })

  test('an address that changes is announced as soon as it is noticed', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    let address: string | undefined
    const announcing = resolver.startAnnouncing({ address: () => address })
    await settleNetwork()
    expect(tracker.requests).toEqual([])
    for (const now of ['tcp://[200::7]:6000', 'tcp://[200::8]:6000']) {
      address = now
      const announced = next(announcing, 'announced')
      clock.advance(5000)
      expect(await announced).toMatchObject({ address: now })
    }
    clock.advance(5000)
    await settleNetwork()
    expect(tracker.requests).toHaveLength(2)
    const refreshed = next(announcing, 'announced')
    announcing.refresh()
    await refreshed
    expect(tracker.requests).toHaveLength(3)
    await resolver.close()
  })

  test('several addresses go out under neighbouring client ids', async () => {
    const { transport, resolver } = setUp({ clientId: 0xffff_ffff, limits: { announcedAddresses: 3 } })
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    const addresses = [1, 2, 3, 4].map((last) => `tcp://[200::${last}]:6000`)
    resolver.startAnnouncing({ address: addresses })
    await settleNetwork(12)
    expect(tracker.requests.map((request) => request.command === 'announce' && request.clientId)).toEqual([
      0xffff_ffff, 3, 4,
    ])
    await resolver.close()
  })

  test('what goes wrong is told and tried again', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    let address = (): string => {
      throw new Error('interfaces unknown')
    }
    const announcing = resolver.startAnnouncing({ address: () => address() })
    expect(await next(announcing, 'failed')).toMatchObject({
      address: undefined,
      error: { code: 'bad-address', cause: { message: 'interfaces unknown' } },
    })
    address = () => 'tcp://nonsense:1'
    const refused = next(announcing, 'failed')
    await settleNetwork()
    clock.advance(5000)
    expect(await refused).toMatchObject({ address: 'tcp://nonsense:1', error: { code: 'bad-address' } })
    address = () => 'tcp://[200::7]:6000'
    await settleNetwork()
    await tracker.close()
    const silent = next(announcing, 'failed')
    clock.advance(5000)
    await settleNetwork()
    clock.advance(10_000)
    expect(await silent).toMatchObject({ error: { code: 'timeout' } })
    await scriptedTracker(transport, 'memory://a', knowing())
    const announced = next(announcing, 'announced')
    clock.advance(5000)
    await announced
    await resolver.close()
  })

  test('a listener that throws disturbs nobody; closing stops it', async () => {
    const { transport, clock, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    const announcing = resolver.startAnnouncing({ address: 'tcp://[200::7]:6000' })
    announcing.on('announced', () => {
      throw new Error('listener')
    })
    await next(announcing, 'announced')
    await resolver.close()
    clock.advance(1e7)
    await settleNetwork()
    expect(tracker.requests).toHaveLength(1)
  })

  test('stopped before its first record was signed: nothing goes out', async () => {
    const { transport, resolver } = setUp()
    const tracker = await scriptedTracker(transport, 'memory://a', knowing())
    resolver.startAnnouncing({ address: 'tcp://[200::7]:6000' }).stop()
    await settleNetwork()
    expect(tracker.requests).toEqual([])
    await resolver.close()
  })
})
