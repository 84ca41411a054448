import { describe, expect, it } from 'vitest'
import { encodeFrame, KEEP_ALIVE_FRAME, PacketType } from '../../src/wire/frame.js'
import { closeAll, greetingOf, linkOf, MemoryWorld, pair, type Stranger } from './memory.js'
import { type LinkNode, trafficFrame } from './support.js'

/** A node, and somebody who has shaken hands with it and is silent from then on. */
async function met(world: MemoryWorld, limits: object = {}): Promise<{ node: LinkNode; stranger: Stranger }> {
  const node = world.node('a', { limits })
  await node.links.listen('memory://a')
  const stranger = await world.stranger('a', greetingOf(9))
  stranger.received.length = 0
  return { node, stranger }
}

const sigReq = encodeFrame(PacketType.sigReq, Uint8Array.of(1, 2))

describe('liveness', () => {
  it('answers a frame of type 2 and up within the turn, once a batch', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    stranger.raw.write(new Uint8Array([...sigReq, ...sigReq, ...sigReq]))
    await world.advance(10)
    expect(stranger.bytes).toEqual([...KEEP_ALIVE_FRAME])
    stranger.raw.write(KEEP_ALIVE_FRAME)
    await world.advance(100)
    expect(stranger.bytes).toEqual([...KEEP_ALIVE_FRAME])
    await closeAll(world, node)
  })

  it('lets what is written anyhow be the answer', async () => {
    const world = new MemoryWorld()
    const node = world.node('a', { onFrame: (link) => link.write(trafficFrame(Uint8Array.of(7))) })
    await node.links.listen('memory://a')
    const stranger = await world.stranger('a')
    stranger.received.length = 0
    stranger.raw.write(sigReq)
    await world.advance(50)
    expect(stranger.bytes).toEqual([...trafficFrame(Uint8Array.of(7))])
    await closeAll(world, node)
  })

  it('closes a link that does not answer within 10 s', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    await world.advance(60_000, 100)
    expect(node.up().length).toBe(1)
    linkOf(node).write(sigReq)
    await world.advance(9000, 100)
    linkOf(node).write(sigReq)
    await world.advance(500, 100)
    expect(node.up().length).toBe(1)
    await world.advance(2000, 100)
    expect(node.downs().map(({ reason }) => reason?.code)).toEqual(['timeout'])
    expect(stranger.isClosed).toBe(true)
    await closeAll(world, node)
  })

  it('takes any frame for an answer', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    for (let round = 0; round < 5; round++) {
      linkOf(node).write(sigReq)
      await world.advance(8000, 100)
      stranger.raw.write(KEEP_ALIVE_FRAME)
      await world.advance(1000, 100)
    }
    expect(node.up().length).toBe(1)
    await closeAll(world, node)
  })

  it('says that it lives after 25 s without a word, and asks for nothing', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    await world.advance(24_000, 100)
    expect(stranger.bytes).toEqual([])
    await world.advance(3000, 100)
    expect(stranger.bytes).toEqual([...KEEP_ALIVE_FRAME])
    await world.advance(26_000, 100)
    expect(stranger.bytes).toEqual([...KEEP_ALIVE_FRAME, ...KEEP_ALIVE_FRAME])
    expect(node.up().length).toBe(1)
    await closeAll(world, node)
  })

  it('closes a link on which a frame stays incomplete for 30 s', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    const frame = trafficFrame(new Uint8Array(100))
    for (let at = 0; at < 29; at++) {
      stranger.raw.write(frame.subarray(at, at + 1))
      await world.advance(1000, 100)
    }
    expect(node.up().length).toBe(1)
    await world.advance(3000, 100)
    expect(node.downs()[0]?.reason).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/rest of a frame/),
    })
    await closeAll(world, node)
  })
})

describe('hostile frames', () => {
  it.each([
    ['garbage', Uint8Array.of(0x20, 0x99, 1, 2), 'malformed'],
    ['an empty frame', Uint8Array.of(0), 'malformed'],
    ['an unknown type', Uint8Array.of(2, 10, 0), 'malformed'],
    ['a length without end', new Uint8Array(11).fill(0xff), 'malformed'],
    ['a frame above the limit', Uint8Array.of(0xff, 0xff, 0xff, 0x7f), 'too-large'],
  ])('end the link: %s', async (_name, bytes, code) => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    const other = await world.stranger('a', greetingOf(8))
    stranger.raw.write(bytes)
    await world.advance(20)
    expect(node.downs().map(({ reason }) => reason?.code)).toEqual([code])
    expect([stranger.isClosed, other.isClosed]).toEqual([true, false])
    expect(node.up().length).toBe(1)
    await closeAll(world, node)
  })

  it('do not keep other links waiting: a flood is read in portions', async () => {
    const world = new MemoryWorld()
    const order: string[] = []
    const node = world.node('a', { onFrame: (link) => order.push(link.publicKey[0] === flooder ? 'flood' : 'other') })
    await node.links.listen('memory://a')
    const stranger = await world.stranger('a', greetingOf(9))
    const flooder = linkOf(node).publicKey[0]
    const other = await world.stranger('a', greetingOf(8))
    const frame = trafficFrame(Uint8Array.of(1))
    const flood = new Uint8Array(1000 * frame.length)
    for (let at = 0; at < 1000; at++) flood.set(frame, at * frame.length)
    stranger.raw.write(flood)
    other.raw.write(frame)
    await world.advance(100)
    expect(order.length).toBe(1001)
    expect(order.indexOf('other')).toBe(64)
    await closeAll(world, node)
  })
})

describe('back-pressure', () => {
  it('asks to wait, loses nothing, and tells when it is over', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    const body = new Uint8Array(60_000)
    let count = 0
    while (linkOf(a).write(trafficFrame(body)) && count < 1000) count++
    expect(count).toBeLessThan(100)
    // What may not be lost can still be written.
    expect(linkOf(a).write(sigReq)).toBe(false)
    expect(a.told.filter(({ what }) => what === 'drained')).toEqual([])
    await world.advance(100)
    expect(a.told.filter(({ what }) => what === 'drained').length).toBe(1)
    expect(b.frames().length).toBe(count + 2)
    expect(b.frames().at(-1)?.type).toBe(PacketType.sigReq)
    expect(linkOf(a).write(sigReq)).toBe(true)
    await closeAll(world, a, b)
  })

  it('says that it is over only when there is room again', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    for (let at = 0; at < 50; at++) linkOf(a).write(trafficFrame(new Uint8Array(100_000).fill(at)))
    const drains = (): number => a.told.filter(({ what }) => what === 'drained').length
    while (drains() === 0) await world.advance(1)
    expect(b.frames().length).toBeGreaterThan(40)
    expect(linkOf(a).write(sigReq)).toBe(true)
    await world.advance(100)
    expect(drains()).toBe(1)
    expect(b.frames().map(({ body }) => body[0])).toEqual([...Array.from({ length: 50 }, (_, at) => at), 1])
    await closeAll(world, a, b)
  })

  it('lets no KeepAlives pile up for a flooder that does not read', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world)
    stranger.raw.pause()
    const link = linkOf(node)
    while (link.write(trafficFrame(new Uint8Array(10_000))));
    await world.advance(10)
    const before = link.txBytes
    for (let turn = 0; turn < 100; turn++) {
      stranger.raw.write(sigReq)
      await world.advance(10)
    }
    expect(node.frames().length).toBe(100)
    expect(link.txBytes).toBe(before)
    // The answer that is owed comes when it reads.
    stranger.raw.resume()
    await world.advance(100)
    expect(stranger.bytes.length).toBeGreaterThanOrEqual(before)
    await closeAll(world, node)
  })

  it('closes a link whose other side does not read, before that costs much', async () => {
    const world = new MemoryWorld()
    const { node, stranger } = await met(world, { linkBacklogBytes: 1_000_000 })
    stranger.raw.pause()
    const link = linkOf(node)
    let written = 0
    while (node.downs().length === 0 && written < 10_000_000) {
      link.write(trafficFrame(new Uint8Array(1000)))
      written += 1003
      if (written % 50_150 === 0) await world.advance(10)
    }
    await world.advance(10)
    expect(node.downs()[0]?.reason).toMatchObject({ code: 'link', blame: 'remote' })
    expect(written).toBeLessThan(1_600_000)
    expect(link.write(sigReq)).toBe(false)
    await closeAll(world, node)
  })
})

describe('incoming connections', () => {
  it('without a handshake are limited, and make room again', async () => {
    const world = new MemoryWorld()
    const node = world.node('a', { limits: { pendingHandshakes: 4, incomingLinks: 6 } })
    await node.links.listen('memory://a')
    const silent = []
    for (let at = 0; at < 6; at++) silent.push(await world.stranger('a', new Uint8Array(0)))
    expect(silent.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, true, true])
    await world.advance(7000, 100)
    expect(silent.every(({ isClosed }) => isClosed)).toBe(true)
    // As links they do not count as pending: six in all.
    const links = []
    for (let at = 0; at < 8; at++) links.push(await world.stranger('a', greetingOf(10 + at)))
    expect(links.map(({ isClosed }) => isClosed)).toEqual([...new Array(6).fill(false), true, true])
    expect(node.up().length).toBe(6)
    links[0]?.raw.close()
    await world.advance(100)
    const next = await world.stranger('a', greetingOf(99))
    expect(next.isClosed).toBe(false)
    await closeAll(world, node)
    expect(world.clock.nextDueMs).toBeUndefined()
  })
})
