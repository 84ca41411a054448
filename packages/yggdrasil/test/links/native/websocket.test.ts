import { createServer, get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { isOriginAllowed } from '../../../src/links/native/origin.js'
import type { WebSocketClass } from '../../../src/links/web.js'
import { browserDrivers } from '../../../src/links/web.js'
import { greetingOf } from '../memory.js'
import { trafficFrame } from '../support.js'
import { bothUp, cleanup, nativeNode, portOf } from './support.js'

interface Closed {
  readonly code: number
  readonly reason: string
}

/** A WebSocket that is open. */
async function client(uri: string, protocols: string[] = ['ygg-ws'], options: object = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(uri)}/some/path`, protocols, options)
  cleanup(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('error', () => {})
  return socket
}

function closed(socket: WebSocket): Promise<Closed> {
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })))
}

async function httpGet(uri: string, path: string): Promise<{ status: number | undefined; body: string }> {
  return await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: portOf(uri), path, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode, body }))
    }).on('error', reject)
  })
}

describe('a WebSocket listener', () => {
  it('answers health checks, and says what it is to everybody else', async () => {
    const node = nativeNode()
    const uri = await node.links.listen('ws://127.0.0.1:0')
    expect(await httpGet(uri, '/health')).toEqual({ status: 200, body: 'OK' })
    expect(await httpGet(uri, '/healthz?from=balancer')).toEqual({ status: 200, body: 'OK' })
    const other = await httpGet(uri, '/')
    expect(other.status).toBe(426)
    expect(other.body).toMatch(/Yggdrasil.*WebSocket/)
  })

  it('takes frames however they are cut into messages', async () => {
    const node = nativeNode()
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'))
    const stream = new Uint8Array([
      ...greetingOf(9),
      ...trafficFrame(Uint8Array.of(1)),
      ...trafficFrame(new Uint8Array(300)),
    ])
    for (let at = 0; at < stream.length; at += 7) socket.send(stream.subarray(at, at + 7))
    socket.send(new Uint8Array(0))
    socket.send(new Uint8Array([...trafficFrame(Uint8Array.of(2)), ...trafficFrame(Uint8Array.of(3))]))
    // And a message in fragments.
    socket.send(trafficFrame(Uint8Array.of(4)).subarray(0, 1), { fin: false })
    socket.send(trafficFrame(Uint8Array.of(4)).subarray(1), { fin: true })
    await expect.poll(() => node.frames().map(({ body }) => body.length)).toEqual([1, 300, 1, 1, 1])
  })

  it('closes a text message with 1003', async () => {
    const node = nativeNode()
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'))
    socket.send(greetingOf(9))
    await expect.poll(() => node.up().length).toBe(1)
    const end = closed(socket)
    socket.send('text')
    expect(await end).toMatchObject({ code: 1003 })
    await expect.poll(() => node.downs().map(({ reason }) => reason?.code)).toEqual(['malformed'])
  })

  it.each([[[]], [['other']]])('closes the wrong subprotocol %j with 1008', async (protocols) => {
    const node = nativeNode()
    const uri = await node.links.listen('ws://127.0.0.1:0')
    if (protocols.length === 0) {
      expect(await closed(await client(uri, protocols))).toMatchObject({
        code: 1008,
        reason: expect.stringMatching(/ygg-ws/),
      })
    } else {
      // This client does not wait for the close: a server that selects nothing is not what it wants.
      await expect(client(uri, protocols)).rejects.toThrow(/subprotocol/)
    }
    expect(node.told).toEqual([])
  })

  it('selects its subprotocol among others', async () => {
    const node = nativeNode()
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'), ['other', 'ygg-ws'])
    expect(socket.protocol).toBe('ygg-ws')
    expect(socket.extensions).toBe('')
  })

  it('closes a message above the limit', async () => {
    const node = nativeNode({ limits: { webSocketMessageBytes: 1000 } })
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'))
    socket.send(greetingOf(9))
    await expect.poll(() => node.up().length).toBe(1)
    const end = closed(socket)
    socket.send(new Uint8Array(1001))
    expect(await end).toMatchObject({ code: 1009 })
    await expect.poll(() => node.downs().map(({ reason }) => reason?.code)).toEqual(['too-large'])
  })

  it('lets pages in from its own host, or from where it was told', async () => {
    const node = nativeNode()
    const closedOne = await node.links.listen('ws://127.0.0.1:0')
    const own = { origin: `http://127.0.0.1:${portOf(closedOne)}` }
    await client(closedOne, ['ygg-ws'], own)
    await expect(client(closedOne, ['ygg-ws'], { origin: 'https://elsewhere.example' })).rejects.toThrow(/403/)
    const picky = await node.links.listen('ws://127.0.0.1:0?origin=https://*.example')
    await client(picky, ['ygg-ws'], { origin: 'https://elsewhere.example' })
    await expect(client(picky, ['ygg-ws'], { origin: 'http://elsewhere.example' })).rejects.toThrow(/403/)
    const open = await node.links.listen('ws://127.0.0.1:0?origin=*')
    await client(open, ['ygg-ws'], { origin: 'null' })
  })

  it.each([1000, 1001])('takes a close with %i for the end of the stream', async (code) => {
    const node = nativeNode()
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'))
    socket.send(greetingOf(9))
    await expect.poll(() => node.up().length).toBe(1)
    socket.close(code)
    await expect.poll(() => node.downs().map(({ reason }) => reason)).toEqual([undefined])
  })

  it('says what the other side gave as a reason', async () => {
    const node = nativeNode()
    const socket = await client(await node.links.listen('ws://127.0.0.1:0'))
    socket.send(greetingOf(9))
    await expect.poll(() => node.up().length).toBe(1)
    socket.close(4000, 'be\u001bcause')
    await expect.poll(() => node.downs()[0]?.reason?.message).toMatch(/4000: be\?cause/)
  })

  it('outlives broken requests', async () => {
    const node = nativeNode()
    const uri = await node.links.listen('ws://127.0.0.1:0')
    const { rawClient } = await import('./support.js')
    for (const request of [
      'nonsense\r\n\r\n',
      'GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      'POST /health HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello',
    ]) {
      const raw = await rawClient(uri)
      raw.socket.write(request)
      await expect.poll(raw.isClosed).toBe(true)
    }
    const friend = nativeNode()
    friend.links.addPeer(uri)
    await bothUp(node, friend)
  })
})

describe('a WebSocket that is dialled', () => {
  it('asks for path and query as written, with nothing of our options and no Origin', async () => {
    const requests: { url: string | undefined; headers: Record<string, unknown> }[] = []
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'ygg-ws' })
    cleanup(() => server.close())
    server.on('connection', (_socket, { url, headers }) => requests.push({ url, headers }))
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const node = nativeNode()
    node.links.addPeer(`ws://localhost:${port}/a/b?token=1&password=secret&key=${'07'.repeat(32)}`)
    await expect.poll(() => requests.length).toBe(1)
    expect(requests[0]?.url).toBe('/a/b?token=1')
    expect(requests[0]?.headers).toMatchObject({ host: `localhost:${port}`, 'sec-websocket-protocol': 'ygg-ws' })
    expect(requests[0]?.headers).not.toHaveProperty('origin')
    expect(requests[0]?.headers).not.toHaveProperty('sec-websocket-extensions')
  })

  it('says what answers instead', async () => {
    const http = createServer((_request, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    cleanup(() => http.close())
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false })
    cleanup(() => other.close())
    const node = nativeNode()
    for (const server of [http, other]) {
      const { port } = server.address() as { port: number }
      node.links.addPeer(`ws://127.0.0.1:${port}`)
      await expect
        .poll(() => node.links.peers()[0]?.error)
        .toMatchObject({
          code: 'handshake',
          message: expect.stringMatching(/(404|subprotocol).*expected a WebSocket with the subprotocol ygg-ws/),
        })
      node.links.removePeer(`ws://127.0.0.1:${port}`)
    }
  })

  it('does not take a text message', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'ygg-ws' })
    cleanup(() => server.close())
    const ends: Promise<Closed>[] = []
    server.on('connection', (socket) => {
      ends.push(closed(socket))
      socket.send('text')
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const node = nativeNode()
    node.links.addPeer(`ws://127.0.0.1:${(server.address() as { port: number }).port}`)
    await expect.poll(() => node.links.peers()[0]?.error?.code).toBe('malformed')
    expect(await ends[0]).toMatchObject({ code: 1003 })
  })
})

describe('the driver of browsers', () => {
  const drivers = (
    _seed: Uint8Array,
    clock: Parameters<typeof browserDrivers>[0]['clock'],
  ): ReturnType<typeof browserDrivers> => browserDrivers({ clock, WebSocket: WebSocket as unknown as WebSocketClass })

  it('reaches a listener of ours, both ways', async () => {
    const node = nativeNode()
    const page = nativeNode({ drivers })
    page.links.addPeer(await node.links.listen('ws://127.0.0.1:0'))
    await bothUp(node, page)
    for (const [from, to] of [
      [node, page],
      [page, node],
    ] as const) {
      const sizes = [0, 1, 1000, 131_000, 60_000]
      for (const size of sizes) from.up()[0]?.write(trafficFrame(new Uint8Array(size).fill(7)))
      await expect.poll(() => to.frames().map(({ body }) => body.length)).toEqual(sizes)
    }
    await page.links.close()
    await expect.poll(() => node.downs().map(({ reason }) => reason)).toEqual([undefined])
  })

  it('says what may be wrong when nothing answers', async () => {
    const page = nativeNode({ drivers })
    page.links.addPeer('ws://127.0.0.1:1')
    await expect
      .poll(() => page.links.peers()[0]?.error)
      .toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(/certificate.*origin=/),
      })
  })
})

describe('isOriginAllowed', () => {
  it.each([
    [undefined, 'a.example', [], true],
    ['https://a.example', 'a.example', [], true],
    ['https://A.example:8080', 'a.example:8080', [], true],
    ['https://a.example', 'b.example', [], false],
    ['https://a.example', undefined, [], false],
    ['null', 'b.example', [], false],
    ['null', 'b.example', ['*'], true],
    ['https://a.example', 'b.example', ['c.example', 'a.example'], true],
    ['https://a.example', 'b.example', ['*.example'], true],
    ['https://example', 'b.example', ['*.example'], false],
    ['https://a.example.evil', 'b.example', ['a.example'], false],
    ['https://axexample', 'b.example', ['a.example'], false],
    ['https://a.example', 'b.example', ['https://a.example'], true],
    ['http://a.example', 'b.example', ['https://a.example'], false],
    ['https://a.example:1', 'b.example', ['https://a.example'], false],
    ['https://a.example/x', 'a.example', [], false],
  ])('judges %s at %s with %j', (origin, host, patterns, expected) => {
    expect(isOriginAllowed(origin, host, patterns)).toBe(expected)
  })
})
