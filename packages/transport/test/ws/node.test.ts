import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ByteStream, parseAddress, type TransportError } from '../../src/index.js'
import { tcp } from '../../src/tcp.js'
import { Probe } from '../../src/testing/conformance/probe.js'
import { createClock } from '../../src/testing/index.js'
import { ws, wss } from '../../src/ws/index.js'
import { testCertificate } from '../support/certificate.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(transport = ws(), address = `${transport.scheme}://127.0.0.1:0`) {
  const accepted: ByteStream[] = []
  const waiting: ((stream: ByteStream) => void)[] = []
  const listener = await transport.listen(address, {
    onStream: (stream) => {
      accepted.push(stream)
      waiting.shift()?.(stream)
    },
  })
  cleanups.push(() => listener.close())
  cleanups.push(() => {
    for (const stream of accepted) stream.abort()
  })
  return { listener, accepted, next: () => new Promise<ByteStream>((resolve) => waiting.push(resolve)) }
}

function bare(address: string): Socket {
  const { host, port } = parseAddress(address)
  const socket = connect({ host, port }).on('error', () => {})
  cleanups.push(() => socket.destroy())
  return socket
}

async function answerTo(address: string, request: string): Promise<string> {
  const socket = bare(address)
  socket.write(request)
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await once(socket, 'close')
  return text
}

const upgrade = (protocol: string): string =>
  `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa('0123456789abcdef')}\r\n${protocol}\r\n`

describe('ws', () => {
  test('dials by name, and reports where it arrived', async () => {
    const { listener, next } = await listen()
    const arrival = next()
    const stream = await ws().dial(`ws://localhost:${parseAddress(listener.address).port}`)
    expect(stream.remoteAddress).toBe(listener.address)
    expect((await arrival).remoteAddress).toBe(stream.localAddress)
    stream.abort()
  })

  test('port 0 cannot be dialled, and no path be given', async () => {
    await expect(ws().dial('ws://127.0.0.1:0')).rejects.toMatchObject({ code: 'bad-address' })
    await expect(ws().dial('ws://127.0.0.1:1/path')).rejects.toMatchObject({ code: 'bad-address' })
    await expect(ws().dial('wss://127.0.0.1:1')).rejects.toMatchObject({ code: 'bad-address' })
  })

  test('a name that does not exist is unreachable', async () => {
    await expect(ws().dial('ws://does-not-exist.invalid:1')).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('what answers with another HTTP, or none, or another subprotocol, is refused with a hint', async () => {
    const page = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(page, 'listening')
    const noise = await tcp().listen('tcp://127.0.0.1:0', {
      onStream: (stream) => {
        stream.start({ data() {}, end() {}, drain() {}, closed() {} })
        stream.write(new TextEncoder().encode('220 this is mail\r\n'))
        stream.end()
      },
    })
    cleanups.push(
      () => page.close(),
      () => noise.close(),
    )
    for (const port of [(page.address() as AddressInfo).port, parseAddress(noise.address).port]) {
      const failure = await ws()
        .dial(`ws://127.0.0.1:${port}`)
        .catch((error: TransportError) => error)
      expect(failure).toMatchObject({ code: 'refused' })
      expect(failure).toHaveProperty('message', expect.stringContaining('mimir-stream.1'))
    }
  })

  test('a dial into silence times out by the clock it was given', async () => {
    const silent = await tcp().listen('tcp://127.0.0.1:0', {
      onStream: (stream) => stream.start({ data() {}, end() {}, drain() {}, closed() {} }),
    })
    cleanups.push(() => silent.close())
    const clock = createClock()
    const dialling = ws({ clock }).dial(silent.address.replace('tcp', 'ws'), { timeoutMs: 500 })
    clock.advance(500)
    await expect(dialling).rejects.toMatchObject({ code: 'timeout' })
    expect(clock.nextDueMs).toBe(undefined)
  })

  test('what asks for something else is told so, and nothing is accepted', async () => {
    const { listener, accepted } = await listen()
    expect(await answerTo(listener.address, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 426/)
    expect(await answerTo(listener.address, upgrade(''))).toMatch(/^HTTP\/1.1 400/)
    expect(await answerTo(listener.address, upgrade('Sec-WebSocket-Protocol: ygg-ws\r\n'))).toMatch(/^HTTP\/1.1 400/)
    expect(await answerTo(listener.address, 'nonsense\r\n\r\n')).toBe('')
    expect(accepted).toEqual([])
  })

  test('connections that ask for nothing are bounded: the oldest makes room', async () => {
    const { listener } = await listen()
    const first = bare(listener.address)
    const closed = once(first, 'close')
    await once(first, 'connect')
    for (let count = 0; count < 256; count++) await once(bare(listener.address), 'connect')
    await closed
    const stream = await ws().dial(listener.address)
    stream.abort()
  })

  test('a message above the limit, or no WebSocket frame, cuts that stream only', async () => {
    const { listener, next } = await listen()
    for (const bytes of [new Uint8Array(65_537), new Uint8Array(1_000_000)]) {
      const arrival = next()
      const raw = new WebSocket(`${listener.address}/any/path`, ['other', 'mimir-stream.1'])
      raw.on('error', () => {})
      cleanups.push(() => raw.terminate())
      await once(raw, 'open')
      const probe = new Probe(await arrival).start()
      raw.send(bytes)
      await probe.untilClosed()
      expect(probe.error).toMatchObject({ code: 'reset', cause: expect.any(Error) })
      expect(probe.receivedBytes).toBe(0)
    }
  })

  test('the window has to be one that memory can hold', () => {
    for (const windowBytes of [0, 65_535, 8_388_609, Number.NaN, 1e6 + 0.5])
      expect(() => ws({ windowBytes })).toThrow(RangeError)
  })
})

describe('wss', () => {
  test('without a certificate it does not listen', async () => {
    const listening = wss().listen('wss://127.0.0.1:0', { onStream() {} })
    await expect(listening).rejects.toMatchObject({ code: 'misuse' })
  })

  test('a certificate that nobody vouches for, or of another name, is no connection', async () => {
    const tls = testCertificate(['localhost'])
    const { listener } = await listen(wss({ tls }))
    const { port } = parseAddress(listener.address)
    await expect(wss().dial(`wss://localhost:${port}`)).rejects.toMatchObject({ code: 'io' })
    await expect(wss({ ca: tls.cert }).dial(`wss://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'io' })
    const stream = await wss({ ca: tls.cert }).dial(`wss://localhost:${port}`)
    stream.abort()
  })
})
