import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import type { Link, LinkDriver, RawLink } from '../../src/links/types.js'
import { encodeFrame, KEEP_ALIVE_FRAME, PacketType } from '../../src/wire/frame.js'
import { closeAll, greetingOf, linkOf, MemoryWorld, pair } from './memory.js'
import { type LinkNode, trafficFrame } from './support.js'

/** The first link that it dials can be broken: its writing throws, as it never should. */
class BreakableDriver implements LinkDriver {
  readonly schemes: LinkDriver['schemes']
  isFirstBroken = false
  readonly #inner: LinkDriver
  #dialled = 0

  constructor(inner: LinkDriver) {
    this.#inner = inner
    this.schemes = inner.schemes
  }

  async dial(...call: Parameters<LinkDriver['dial']>): Promise<RawLink> {
    const isFirst = this.#dialled++ === 0
    const raw = await this.#inner.dial(...call)
    const write = raw.write.bind(raw)
    raw.write = (bytes) => {
      if (isFirst && this.isFirstBroken) throw new TypeError('a mistake of a driver')
      return write(bytes)
    }
    return raw
  }
}

describe('a link', () => {
  it('comes up in all its steps, and knows both ends', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world, { query: '?priority=5' })
    expect(b.history()).toBe('connecting handshaking unproven up')
    expect(a.states.map(({ state, incoming }) => `${state} ${incoming}`)).toEqual(['unproven true', 'up true'])
    expect(linkOf(a)).toMatchObject({ publicKey: b.signer.publicKey, incoming: true, priority: 5, uri: 'memory://a' })
    expect(linkOf(b)).toMatchObject({ publicKey: a.signer.publicKey, incoming: false, priority: 5, uri: 'memory://a' })
    expect(b.links.peers()).toEqual([
      expect.objectContaining({ uri: 'memory://a', state: 'up', incoming: false, failures: 0, linkId: linkOf(b).id }),
    ])
    expect(a.links.peers()).toEqual([expect.objectContaining({ state: 'up', incoming: true })])
    await closeAll(world, a, b)
    expect(a.states.at(-1)?.state).toBe('stopped')
    expect(world.clock.nextDueMs).toBeUndefined()
  })

  it('carries frames both ways, in order, and tells the end of a batch', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (let at = 0; at < 100; at++) linkOf(from).write(trafficFrame(new Uint8Array(at).fill(at)))
      await world.advance(100)
      expect(to.frames().map(({ type, body }) => [type, body.length])).toEqual(
        Array.from({ length: 100 }, (_, at) => [PacketType.traffic, at]),
      )
      expect(to.told.at(-1)?.what).toBe('batchEnd')
      expect(linkOf(to).rxBytes).toBe(linkOf(from).txBytes)
    }
    await closeAll(world, a, b)
  })

  it('keeps dummies and KeepAlives to itself', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    linkOf(b).write(KEEP_ALIVE_FRAME)
    linkOf(b).write(encodeFrame(PacketType.dummy, new Uint8Array(9)))
    await world.advance(100)
    expect(a.frames()).toEqual([])
    expect(linkOf(a).rxBytes).toBe(13)
    await closeAll(world, a, b)
  })

  it('may be one of several to the same node', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    await a.links.listen('memory://a2')
    await b.links.listen('memory://b')
    b.links.addPeer('memory://a2')
    a.links.addPeer('memory://b')
    await world.advance(100)
    expect(a.up().length).toBe(3)
    expect(b.up().length).toBe(3)
    expect(new Set(b.up().map(({ id }) => id)).size).toBe(3)
    await closeAll(world, a, b)
  })

  it('ends alone when handling what came over it fails', async () => {
    const world = new MemoryWorld()
    const onFrame = (_link: Link, _type: number, body: Uint8Array): void => {
      if (body[0] === 1) throw new YggdrasilError('bad-signature', 'a bad one')
      if (body[0] === 2) throw new TypeError('our own mistake')
    }
    const { a, b } = await pair(world, { a: { onFrame } })
    await b.links.listen('memory://b')
    a.links.addPeer('memory://b')
    await world.advance(100)
    expect(a.up().length).toBe(2)
    const [first, second] = b.up()
    first?.write(trafficFrame(Uint8Array.of(1)))
    first?.write(trafficFrame(Uint8Array.of(3)))
    await world.advance(50)
    expect(a.downs().map(({ reason }) => reason?.code)).toEqual(['bad-signature'])
    // What came behind it in the same batch is nobody's business any more.
    expect(a.frames().length).toBe(1)
    second?.write(trafficFrame(Uint8Array.of(3)))
    await world.advance(50)
    expect(a.frames().length).toBe(2)
    second?.write(trafficFrame(Uint8Array.of(2)))
    await world.advance(50)
    expect(a.downs()[1]?.reason).toMatchObject({ code: 'link', blame: 'local', cause: expect.any(TypeError) })
    await closeAll(world, a, b)
  })

  it.each([
    ['when the turn is over', 1],
    ['in a call of the node', 100_000],
  ])('ends alone when its driver throws %s', async (_, sizeBytes) => {
    const world = new MemoryWorld()
    const breakable = new BreakableDriver(world.network.driver('a'))
    const a = world.node('a', { drivers: () => [breakable] })
    const [b, c] = [world.node('b'), world.node('c')]
    await b.links.listen('memory://b')
    await c.links.listen('memory://c')
    a.links.addPeer('memory://b')
    a.links.addPeer('memory://c')
    await world.advance(100)
    const [first, second] = a.up()
    breakable.isFirstBroken = true
    first?.write(trafficFrame(new Uint8Array(sizeBytes)))
    second?.write(trafficFrame(Uint8Array.of(2)))
    await world.advance(50)
    expect(a.downs().map(({ link }) => link)).toEqual([first])
    expect(a.downs()[0]?.reason).toMatchObject({ code: 'link', cause: expect.any(TypeError) })
    second?.write(trafficFrame(Uint8Array.of(3)))
    await world.advance(50)
    expect([...b.frames(), ...c.frames()].map(({ body }) => body[0])).toEqual([2, 3])
    await closeAll(world, a, b, c)
  })

  it('can be closed by the node in the middle of a frame, and tells so afterwards', async () => {
    const world = new MemoryWorld()
    const log: string[] = []
    const onFrame = (link: Link): void => {
      link.close(new YggdrasilError('flood', 'enough'))
      log.push(`closed, ${a.downs().length} told`)
      expect(link.write(KEEP_ALIVE_FRAME)).toBe(false)
      link.close(new YggdrasilError('link', 'again'))
    }
    const { a, b } = await pair(world, { a: { onFrame } })
    for (let frame = 0; frame < 3; frame++) linkOf(b).write(trafficFrame(Uint8Array.of(1)))
    await world.advance(100)
    expect(log).toEqual(['closed, 0 told'])
    expect(a.downs().map(({ reason }) => reason?.code)).toEqual(['flood'])
    expect(b.downs().length).toBe(1)
    await closeAll(world, a, b)
  })
})

describe('the handshake', () => {
  it.each([
    ['a wrong password', '?password=x', '', 'wrong-password', 'wrong-password'],
    ['a password that only the listener has', '', '?password=y', 'wrong-password', 'wrong-password'],
  ])('is refused on both sides for %s', async (_name, dialQuery, listenQuery, code) => {
    const world = new MemoryWorld()
    const a = world.node('a')
    const b = world.node('b')
    await a.links.listen(`memory://a${listenQuery}`)
    b.links.addPeer(`memory://a${dialQuery}`)
    await world.advance(100)
    expect([...a.told, ...b.told]).toEqual([])
    expect(b.links.peers()[0]).toMatchObject({ state: 'waiting', failures: 1, error: { code } })
    expect(a.links.peers()).toEqual([])
    await closeAll(world, a, b)
  })

  it('passes with the same password on both sides', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    const b = world.node('b')
    await a.links.listen('memory://a?password=s%20e')
    b.links.addPeer('memory://a?password=s+e')
    await world.advance(100)
    expect(b.history()).toBe('connecting handshaking unproven up')
    await closeAll(world, a, b)
  })

  it('compares the key with the pinned ones', async () => {
    const world = new MemoryWorld()
    const hex = (node: LinkNode): string =>
      [...node.signer.publicKey].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const a = world.node('a')
    const b = world.node('b')
    await a.links.listen('memory://a')
    b.links.addPeer(`memory://a?key=${hex(b)}`)
    await world.advance(100)
    expect(b.links.peers()[0]).toMatchObject({ state: 'waiting', error: { code: 'pinned-key' } })
    expect(b.told).toEqual([])
    b.links.removePeer('memory://a')
    b.links.addPeer(`memory://a?key=${hex(b)}&key=${hex(a)}`)
    await world.advance(100)
    expect(b.links.peers()[0]).toMatchObject({ state: 'up', publicKey: a.signer.publicKey })
    await closeAll(world, a, b)
  })

  it('lets in the allowed keys only, and dials whom it likes', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world, { a: { allowedKeys: [new Uint8Array(32).fill(7)] } })
    expect(a.told).toEqual([])
    expect(b.downs().length).toBe(1)
    await b.links.listen('memory://b')
    a.links.addPeer('memory://b')
    await world.advance(100)
    expect(a.history()).toBe('connecting handshaking unproven up')
    await closeAll(world, a, b)
  })

  it('ends at once for good when the link leads back to us', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    await a.links.listen('memory://a')
    const peer = a.links.addPeer('memory://a')
    await world.advance(100_000, 1000)
    expect(a.history()).toBe('connecting handshaking stopped')
    expect(peer.state).toMatchObject({ state: 'stopped', error: { code: 'self' } })
    expect(a.told).toEqual([])
    peer.retryNow()
    expect(peer.state.state).toBe('stopped')
    expect(a.links.removePeer('memory://a')).toBe(true)
    expect(a.links.peers()).toEqual([])
    await closeAll(world, a)
    expect(world.clock.nextDueMs).toBeUndefined()
  })

  it('is cut after 6 s, whether nothing comes, or a byte a second', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    await a.links.listen('memory://a')
    const silent = await world.stranger('a', new Uint8Array(0))
    const slow = await world.stranger('a', new Uint8Array(0))
    const greeting = greetingOf(5)
    for (let second = 0; second < 5; second++) {
      slow.raw.write(greeting.subarray(second, second + 1))
      await world.advance(1000)
    }
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false])
    await world.advance(2500)
    expect([silent.isClosed, slow.isClosed]).toEqual([true, true])
    expect(a.told).toEqual([])
    await closeAll(world, a)
  })

  it('loses no byte of the frames right behind it', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    await a.links.listen('memory://a')
    const random = createRandom(4)
    for (let round = 0; round < 20; round++) {
      const stranger = await world.stranger('a', new Uint8Array(0))
      const stream = new Uint8Array([
        ...greetingOf(5),
        ...trafficFrame(Uint8Array.of(1, 2)),
        ...trafficFrame(Uint8Array.of(3)),
      ])
      const cut = Math.floor(random.next() * stream.length)
      const before = a.frames().length
      stranger.raw.write(stream.subarray(0, cut))
      stranger.raw.write(stream.subarray(cut))
      await world.advance(50)
      expect(
        a
          .frames()
          .slice(before)
          .map(({ body }) => [...body]),
      ).toEqual([[1, 2], [3]])
      stranger.raw.close()
      await world.advance(50)
    }
    await closeAll(world, a)
  })

  it('that ends early leaves nothing behind', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    await a.links.listen('memory://a')
    for (const bytes of [new Uint8Array(0), greetingOf(5).subarray(0, 60)]) {
      const stranger = await world.stranger('a', bytes)
      stranger.raw.close()
      await world.advance(2000)
    }
    expect(a.told).toEqual([])
    expect(world.clock.nextDueMs).toBeUndefined()
    const b = world.node('b')
    const driver = world.scripted()
    const c = world.node('c', { drivers: () => [driver] })
    await b.links.listen('memory://b')
    c.links.addPeer('memory://b')
    const stranger = await world.stranger('b', new Uint8Array(0))
    driver.attempts[0]?.succeed(stranger.raw)
    await closeAll(world, a, b, c)
  })
})

describe('proof of the key', () => {
  it('is awaited for 10 s; a replayed handshake never counts as up', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world, { b: { proves: false } })
    await world.advance(9500)
    expect(b.links.peers()[0]).toMatchObject({ state: 'unproven', publicKey: a.signer.publicKey })
    await world.advance(2000)
    expect(b.downs().map(({ reason }) => reason?.code)).toEqual(['unproven'])
    expect(b.states.map(({ state }) => state)).not.toContain('up')
    expect(b.links.peers()[0]).toMatchObject({ state: 'waiting', failures: 1, error: { code: 'unproven' } })
    // It did not succeed: the pauses grow.
    await world.advance(30_000, 100)
    expect(b.links.peers()[0]?.failures).toBeGreaterThan(1)
    await closeAll(world, a, b)
  })

  it('may come at any time before, and twice', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world, { b: { proves: false } })
    await world.advance(5000)
    b.links.prove(linkOf(b))
    b.links.prove(linkOf(b))
    expect(b.history()).toBe('connecting handshaking unproven up')
    await world.advance(20_000, 100)
    expect(b.up().length).toBe(1)
    b.links.prove({ id: 12_345 })
    await closeAll(world, a, b)
  })
})
