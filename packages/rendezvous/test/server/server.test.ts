import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createClock } from '@mimirjs/transport/testing'
import { encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { afterEach, describe, expect, test } from 'vitest'
import { testCertificate } from '../../../transport/test/support/certificate.js'
import { RendezvousServer, type RendezvousServerOptions } from '../../src/server.js'
import { refusal, WsClient } from './client.js'
import { envelope, NOW_MS, person, relay } from './support.js'

const ALICE = person(1)
const BOB = person(2)
const LOCAL = 'ws://127.0.0.1:0'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(options: RendezvousServerOptions = {}): Promise<RendezvousServer> {
  const server = await RendezvousServer.open(options.server === undefined ? { listen: LOCAL, ...options } : options)
  cleanups.push(() => server.close({ graceMs: 0 }))
  return server
}

/** Ask for a WebSocket and never close. @returns the answer, when the server has let go of the connection */
async function halfOpenUpgrade(port: string, protocol: string): Promise<string> {
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  cleanups.push(() => socket.destroy())
  let answer = ''
  socket.on('data', (data) => (answer += data.toString()))
  // What is sent to a connection that nobody holds any more fails at last.
  const go = (): boolean => socket.write('still here', (error) => void (error ?? setImmediate(go)))
  socket.on('end', go)
  const offer = protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
  const version = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${version}${offer}\r\n`)
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}

function knock(): string {
  return relay(envelope({ from: ALICE, to: BOB.publicKey, expMs: Date.now() + 60_000 }))
}

describe('a server on real sockets', () => {
  test('two people meet; the page tells it in figures, and names nobody', async () => {
    const server = await open({ http: { address: 'http://127.0.0.1:0' } })
    expect(server.names).toEqual([server.address, server.address.replace('127.0.0.1', 'localhost')])
    const [alice, bob] = [await WsClient.logIn(server.address, ALICE), await WsClient.logIn(server.address, BOB)]
    const text = knock()
    alice.say(text)
    expect(await bob.next()).toBe(text.replace('relay-msg', 'relayed-msg'))
    expect(server.stats()).toMatchObject({ connections: 2, authenticated: 2, logins: 2, envelopes: { relayed: 1 } })
    const page = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`${server.httpAddress}${path}`)
      return [response.status, await response.text()]
    }
    expect(await page('/health')).toEqual([200, 'ok\n'])
    const [status, metrics] = await page('/metrics')
    expect([status, metrics]).toEqual([200, server.metrics()])
    expect(metrics).toContain('mimir_rendezvous_envelopes_total{outcome="relayed"} 1\n')
    expect(metrics).toContain('mimir_rendezvous_authenticated_connections 2\n')
    expect(metrics).not.toContain('127.0.0.1')
    expect((await page('/'))[0]).toBe(404)
    expect((await fetch(`${server.httpAddress}/health`, { method: 'POST' })).status).toBe(405)
  })

  test('by name, over IPv6, on all addresses', async () => {
    const server = await open({ listen: 'ws://[::]:0' })
    const { port } = new URL(server.address)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) await WsClient.logIn(`ws://${host}:${port}/any?path`, ALICE)
    expect(server.stats().logins).toBe(3)
  })

  test('a binary frame, what is no UTF-8, and what is too long are closed with their codes', async () => {
    const server = await open()
    const code = async (data: Uint8Array | string, isText: boolean): Promise<number> => {
      const client = await WsClient.connect(server.address)
      client.ws.send(data, { binary: !isText })
      return client.closed()
    }
    expect(await code(Uint8Array.of(1), false)).toBe(4400)
    expect(await code(Uint8Array.of(0xff), true)).toBe(4400)
    expect(await code('x'.repeat(32_768), true)).toBe(4400)
    expect(await code('x'.repeat(32_769), true)).toBe(4413)
    expect(await code('x'.repeat(10_000_000), true)).toBe(4413)
    expect(server.stats().cut).toMatchObject({ malformed: 3, 'too-large': 2 })
  })

  test('without our subprotocol nobody gets in', async () => {
    const server = await open()
    expect(await refusal(server.address, [])).toBe(400)
    expect(await refusal(server.address, ['other'])).toBe(400)
    expect(await refusal(server.address, ['other', 'rendezvous.1'])).toBe(101)
    expect(server.stats()).toMatchObject({ refused: 2 })
  })

  test('who is refused gives its place back, though it never ends its side', async () => {
    const server = await open({ limits: { connectionsPerAddress: 3, connectsBurst: 1 } })
    const { port } = new URL(server.address)
    await WsClient.connect(server.address)
    // Without our subprotocol, and with it but too soon after the first.
    for (const protocol of ['', 'rendezvous.1', ''])
      expect(await halfOpenUpgrade(port, protocol)).toMatch(protocol === '' ? /^HTTP\/1.1 400 / : /^HTTP\/1.1 503 /)
    await server.close()
  })

  test('on another path than its own it serves nobody', async () => {
    const server = await open({ path: '/rendezvous' })
    expect(await refusal(`${server.address}/chat`, ['rendezvous.1'])).toBe(404)
    expect(await refusal(`${server.address}/rendezvous?who=me`, ['rendezvous.1'])).toBe(101)
    expect(server.stats().refused).toBe(1)
  })

  test('who asks and never reads the answers is cut', async () => {
    const limits = { framesPerSecond: 1e9, framesBurst: 1e9, queueBytes: 1_000, answerBytes: 1_000 }
    const server = await open({ limits })
    const client = await WsClient.logIn(server.address, ALICE)
    client.ws.pause()
    // Until what the systems on both sides hold is full.
    const pings = setInterval(() => {
      for (let count = 0; count < 5_000; count++) client.say('{"type":"ping","n":4294967295}')
    })
    cleanups.push(() => clearInterval(pings))
    while (server.stats().connections > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(server.stats().cut).toMatchObject({ rate: 1 })
  })

  test('with legacy who offers no subprotocol is served, too, by rules of their own', async () => {
    const server = await open({ legacy: true })
    expect(await refusal(server.address, ['other'])).toBe(400)
    await WsClient.logIn(server.address, ALICE)
    const client = await WsClient.connect(server.address, {}, [])
    expect(client.ws.protocol).toBe('')
    client.say(encodeLinkFrame({ type: 'auth', peer: ALICE.publicKey }))
    expect(await client.closed()).toBe(4400)
    expect(server.stats()).toMatchObject({ connections: 1, authenticated: 1, refused: 1 })
  })

  test('what asks for no WebSocket is told so; health is there without a page of its own', async () => {
    const server = await open()
    const http = server.address.replace('ws', 'http')
    expect((await fetch(http)).status).toBe(426)
    expect((await fetch(`${http}/health`)).status).toBe(200)
  })

  test('so many connections from one address; a trusted proxy tells whose they are', async () => {
    const server = await open({ limits: { connectionsPerAddress: 2 }, trustedProxies: ['127.0.0.1'] })
    const from = (address: string): { headers: Record<string, string> } => ({
      headers: { 'X-Forwarded-For': `203.0.113.1, ${address}` },
    })
    for (let count = 0; count < 2; count++) await WsClient.connect(server.address, from('192.0.2.1'))
    expect(await refusal(server.address, ['rendezvous.1'], from('192.0.2.1'))).toBe(503)
    await WsClient.connect(server.address, from('192.0.2.2'))
    const direct = await open({ limits: { connectionsPerAddress: 2 } })
    for (let count = 0; count < 2; count++) await WsClient.connect(direct.address, from(`192.0.2.${count}`))
    expect(await refusal(direct.address, ['rendezvous.1'], from('192.0.2.9'))).not.toBe(101)
  })

  test.each([
    ['their address may have', { connectionsPerAddress: 3 }],
    ['there are', { connections: 2, unauthenticated: 1 }],
  ])('connections that say nothing hold no more places than %s', async (_, limits) => {
    const server = await open({ limits })
    const { port } = new URL(server.address)
    const sockets = Array.from({ length: 6 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy()
    })
    await Promise.all(sockets.slice(3).map((socket) => once(socket, 'close')))
    expect(sockets.slice(0, 3).map(({ destroyed }) => destroyed)).toEqual([false, false, false])
  })

  test('time is that of the clock it is given: silence is asked about, and ended', async () => {
    const clock = createClock(NOW_MS)
    const server = await open({ clock })
    const client = await WsClient.logIn(server.address, ALICE)
    const idle = await WsClient.connect(server.address)
    clock.advance(10_000)
    expect(await idle.closed()).toBe(4408)
    clock.advance(20_000)
    expect(await client.next()).toBe('{"type":"ping","n":0}')
    clock.advance(30_000)
    expect(await client.closed()).toBe(4408)
  })

  test('nothing is waited for when nobody is there', async () => {
    const clock = createClock(NOW_MS)
    const server = await open({ clock })
    const client = await WsClient.logIn(server.address, ALICE)
    client.ws.close()
    await client.closed()
    while (server.stats().connections > 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(3_600_000)
    expect(clock.nextDueMs).toBe(undefined)
  })
})

describe('the end', () => {
  test('clients are told to come back, and the port is free', async () => {
    const server = await open()
    const clients = [await WsClient.logIn(server.address, ALICE), await WsClient.connect(server.address)]
    await Promise.all([server.close(), server.close()])
    expect(await Promise.all(clients.map((client) => client.closed()))).toEqual([1001, 1001])
    const again = await open({ listen: server.address })
    expect(again.address).toBe(server.address)
  })

  test('one that does not answer the close is cut', async () => {
    const server = await open()
    const client = await WsClient.connect(server.address)
    client.ws.pause()
    await server.close({ graceMs: 50 })
    client.ws.resume()
    expect(await client.closed()).toBeGreaterThan(0)
    expect(server.stats().connections).toBe(0)
  })
})

describe('TLS', () => {
  const names = ['localhost', 'rdv.example.org']
  test('it serves wss with a certificate, under the names of it, and takes a new one', async () => {
    const [tls, next] = [testCertificate(names), testCertificate(names)]
    const server = await open({ listen: 'wss://127.0.0.1:0', tls })
    const { port } = new URL(server.address)
    expect(server.names).toEqual([
      `wss://localhost:${port}`,
      `wss://rdv.example.org:${port}`,
      `wss://127.0.0.1:${port}`,
    ])
    await WsClient.logIn(`wss://localhost:${port}`, ALICE, { ca: tls.cert })
    server.setTls(next)
    await expect(WsClient.connect(`wss://localhost:${port}`, { ca: tls.cert })).rejects.toThrow(/certificate/)
    await WsClient.logIn(`wss://localhost:${port}`, ALICE, { ca: next.cert })
    // Plain HTTP on the port of TLS disturbs nobody.
    const raw = connect(Number(port), '127.0.0.1').on('error', () => {})
    raw.write('GET / HTTP/1.1\r\n\r\n')
    await once(raw.resume(), 'close')
    await WsClient.logIn(`wss://localhost:${port}`, ALICE, { ca: next.cert })
  })

  test('behind a proxy that takes TLS off, the names are given', async () => {
    const server = await open({ names: ['wss://rdv.example.org'] })
    const client = await WsClient.connect(server.address, { headers: { Host: 'rdv.example.org' } })
    client.say(encodeLinkFrame({ type: 'auth', peer: ALICE.publicKey }))
    expect(await client.next()).toContain('"name":"wss://rdv.example.org"')
  })
})

describe('a server that was lent', () => {
  async function web(): Promise<{ http: ReturnType<typeof createServer>; port: number }> {
    const http = createServer((_request, response) => response.end('a page'))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    cleanups.push(() => http.close())
    return { http, port: (http.address() as AddressInfo).port }
  }

  test('shares its port with pages and other WebSockets, and stays open', async () => {
    const { http, port } = await web()
    const server = await open({ server: http, path: '/rendezvous' })
    expect(server.names).toContain(`ws://127.0.0.1:${port}`)
    const others: string[] = []
    http.on('upgrade', (request, socket) => {
      if (request.url === '/rendezvous') return
      others.push(request.url ?? '')
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
    })
    const client = await WsClient.logIn(`ws://127.0.0.1:${port}/rendezvous`, ALICE)
    expect(await refusal(`ws://127.0.0.1:${port}/chat`, ['rendezvous.1'])).toBe(404)
    expect([others, server.stats().refused]).toEqual([['/chat'], 0])
    await server.close()
    expect(await client.closed()).toBe(1001)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
    expect(http.listenerCount('upgrade')).toBe(1)
  })

  test('it has to listen already', async () => {
    await expect(open({ server: createServer() })).rejects.toMatchObject({ code: 'misuse' })
  })
})

describe('options', () => {
  const tls = testCertificate()
  test.each<[string, RendezvousServerOptions]>([
    ['nowhere', { listen: undefined }],
    ['no address', { listen: 'here' }],
    ['another scheme', { listen: 'tcp://127.0.0.1:0' }],
    ['wss without certificate', { listen: 'wss://127.0.0.1:0' }],
    ['ws with one', { tls }],
    ['a certificate that is none', { listen: 'wss://127.0.0.1:0', tls: { cert: 'x', key: 'y' } }],
    ['a name nobody dials', { names: ['http://example.org'] }],
    ['a proxy that is no address', { trustedProxies: ['nginx'] }],
    ['a page that is no address', { http: { address: '127.0.0.1:9100' } }],
    ['a limit that is none', { limits: { connections: 0 } }],
  ])('%s is refused, and nothing is left open', async (_name, options) => {
    await expect(open(options)).rejects.toMatchObject({ name: 'RendezvousError', code: 'misuse', blame: 'local' })
  })

  test('a port that is taken', async () => {
    const server = await open()
    await expect(open({ listen: server.address })).rejects.toMatchObject({ code: 'listen' })
    await expect(open({ http: { address: server.address.replace('ws', 'http') } })).rejects.toMatchObject({
      code: 'listen',
    })
  })

  // TLS gives up by itself after ten seconds.
  test.each([
    ['ws', {}],
    ['wss', { listen: 'wss://127.0.0.1:0', tls }],
  ])(
    'a client that only opens TCP does not keep the server of %s from closing',
    { timeout: 5_000 },
    async (_, more) => {
      const server = await open(more)
      const { port } = new URL(server.address)
      const raw = connect(Number(port), '127.0.0.1').on('error', () => {})
      await once(raw, 'connect')
      await server.close()
      await once(raw.resume(), 'close')
    },
  )
})
