import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { encodeFrame, PacketType } from '../../../src/wire/frame.js'
import { greetingOf } from '../memory.js'
import { altered, trafficFrame } from '../support.js'
import { bothUp, cleanup, nativeNode, portOf, type RawClient, rawClient } from './support.js'

const sigReq = encodeFrame(PacketType.sigReq, Uint8Array.of(1, 2))

/** Somebody who has shaken hands. */
async function linked(uri: string, seed = 9): Promise<RawClient> {
  const client = await rawClient(uri)
  client.socket.write(greetingOf(seed))
  await expect.poll(() => client.received().length).toBeGreaterThanOrEqual(123)
  return client
}

describe('a hostile connection', () => {
  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a length below a signature', Buffer.from('6d657461003f', 'hex')],
    ['a forged signature', Buffer.from(greetingOf(5)).fill(0, 100)],
    ['another version', Buffer.from(altered(greetingOf(5), 17, 4))],
    ['our own key', Buffer.from(greetingOf(1))],
  ])('is closed before it is a link: %s', async (_name, bytes) => {
    const node = nativeNode({ seed: 1 })
    const client = await rawClient(await node.links.listen('tcp://127.0.0.1:0'))
    client.socket.write(bytes)
    await expect.poll(client.isClosed).toBe(true)
    expect(node.told).toEqual([])
    // It got our handshake, which we send without waiting, and not a word more.
    expect(client.received()).toEqual(Buffer.from(greetingOf(1)))
  })

  it('that hangs up during the handshake leaves nothing behind', async () => {
    const node = nativeNode()
    const uri = await node.links.listen('tcp://127.0.0.1:0')
    for (const work of ['end', 'destroy', 'resetAndDestroy'] as const) {
      for (const bytes of [0, 3, 60, 122]) {
        const client = await rawClient(uri)
        client.socket.write(greetingOf(5).subarray(0, bytes))
        client.socket[work]()
        await expect.poll(client.isClosed, { interval: 5 }).toBe(true)
      }
    }
    expect(node.told).toEqual([])
    await linked(uri)
    await expect.poll(() => node.up().length).toBe(1)
  })

  it.each(['tcp', 'tls', 'ws'])('that is slow is cut in time, whatever it was to become: %s', async (scheme) => {
    const node = nativeNode({ limits: { handshakeMs: 300 } })
    const client = await rawClient(await node.links.listen(`${scheme}://127.0.0.1:0`))
    const slow = scheme === 'ws' ? Buffer.from('GET / HTTP/1.1\r\nX: ') : Buffer.from(greetingOf(5))
    // Without a greeting, TLS would see at once that this is something else.
    let at = 0
    const timer = setInterval(() => void (scheme !== 'tls' && client.socket.write(slow.subarray(at, ++at))), 100)
    cleanup(() => clearInterval(timer))
    await expect.poll(client.isClosed, { timeout: 5000 }).toBe(true)
    expect(node.told).toEqual([])
  })

  it('that is half open gets nothing more and goes down', async () => {
    const node = nativeNode()
    const client = await linked(await node.links.listen('tcp://127.0.0.1:0'))
    await expect.poll(() => node.up().length).toBe(1)
    client.socket.end()
    await expect.poll(() => node.downs().map(({ reason }) => reason)).toEqual([undefined])
    await expect.poll(client.isClosed).toBe(true)
  })

  it('that is reset goes down with a reason', async () => {
    const node = nativeNode()
    const client = await linked(await node.links.listen('tcp://127.0.0.1:0'))
    await expect.poll(() => node.up().length).toBe(1)
    client.socket.resetAndDestroy()
    await expect.poll(() => node.downs().map(({ reason }) => reason?.code)).toEqual(['link'])
  })

  it('that sends nonsense goes alone', async () => {
    const node = nativeNode()
    const uri = await node.links.listen('tcp://127.0.0.1:0')
    const good = await linked(uri, 8)
    for (const [nonsense, code] of [
      [Uint8Array.of(0), 'malformed'],
      [Uint8Array.of(0xff, 0xff, 0xff, 0x0f, 9), 'too-large'],
      [Uint8Array.of(2, 77, 0), 'malformed'],
    ] as const) {
      const before = node.downs().length
      const bad = await linked(uri)
      bad.socket.write(new Uint8Array([...trafficFrame(Uint8Array.of(1)), ...nonsense]))
      await expect.poll(() => node.downs()[before]?.reason?.code).toBe(code)
      await expect.poll(bad.isClosed).toBe(true)
    }
    expect(good.isClosed()).toBe(false)
    expect(node.frames().length).toBe(3)
    good.socket.write(sigReq)
    await expect.poll(() => node.frames().length).toBe(4)
  })

  it('that never reads is cut before it costs much', async () => {
    const node = nativeNode({
      limits: { linkBacklogBytes: 1_000_000 },
      // Every request is answered, as the router does: the stranger makes us write.
      onFrame: (link) => link.write(trafficFrame(new Uint8Array(10_000))),
    })
    const client = await linked(await node.links.listen('tcp://127.0.0.1:0'))
    client.socket.pause()
    const requests = Buffer.concat(Array.from({ length: 5000 }, () => sigReq))
    client.socket.write(requests)
    await expect
      .poll(() => node.downs()[0]?.reason, { timeout: 5000 })
      .toMatchObject({
        code: 'link',
        blame: 'remote',
        message: expect.stringMatching(/does not read/),
      })
  })
})

describe('a flood of connections', () => {
  it('is cut down to the limit, and passes', async () => {
    const node = nativeNode({ limits: { pendingHandshakes: 16, handshakeMs: 400 } })
    const uri = await node.links.listen('tcp://127.0.0.1:0')
    const clients = await Promise.all(Array.from({ length: 200 }, () => rawClient(uri)))
    await expect.poll(() => clients.filter(({ isClosed }) => !isClosed()).length).toBe(16)
    // Those that were let in take up all the room, but not for long.
    await expect.poll(() => clients.filter(({ isClosed }) => !isClosed()).length, { timeout: 5000 }).toBe(0)
    const friend = nativeNode()
    friend.links.addPeer(uri)
    await bothUp(node, friend)
    expect(node.failedListeners).toEqual([])
  })

  it('does not get past the limit by TLS either', async () => {
    const node = nativeNode({ limits: { pendingHandshakes: 4, handshakeMs: 60_000 } })
    const uri = await node.links.listen('tls://127.0.0.1:0')
    let closed = 0
    const sockets = Array.from({ length: 12 }, () => {
      const socket = connectTls({ port: portOf(uri), host: '127.0.0.1', rejectUnauthorized: false })
      cleanup(() => socket.destroy())
      socket.on('error', () => {})
      socket.on('close', () => closed++)
      return socket.resume()
    })
    await expect.poll(() => closed).toBe(8)
    expect(node.told).toEqual([])
    // Their places are free when they go.
    for (const socket of sockets) socket.destroy()
    const friend = nativeNode()
    friend.links.addPeer(uri)
    await expect
      .poll(() => friend.links.peers()[0]?.state !== 'up' && friend.links.retryNow(), { timeout: 5000 })
      .toBe(false)
    await bothUp(node, friend)
  })

  it('of links ends at the limit in all', async () => {
    const node = nativeNode({ limits: { incomingLinks: 5 } })
    const uri = await node.links.listen('tcp://127.0.0.1:0')
    for (let seed = 10; seed < 15; seed++) await linked(uri, seed)
    await expect.poll(() => node.up().length).toBe(5)
    const sixth = await rawClient(uri)
    await expect.poll(sixth.isClosed).toBe(true)
  })
})
