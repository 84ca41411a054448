import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import type { YggdrasilError } from '../../src/error.js'
import type { LinkDriver, RawLink } from '../../src/links/types.js'
import { parsePeerUri } from '../../src/links/uri.js'
import { browserDrivers, type WebSocketClass } from '../../src/links/web.js'
import { WebLink, type WebSocketLike } from '../../src/links/web-link.js'
import { errorOf } from './support.js'

/** A WebSocket as a browser has it, played by the test. */
class FakeWebSocket implements WebSocketLike {
  static readonly made: FakeWebSocket[] = []
  readonly url: string
  readonly protocols: string[]
  binaryType = 'blob'
  protocol = 'ygg-ws'
  readyState = 1
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onerror: (() => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  readonly sent: Uint8Array[] = []
  readonly closes: (number | undefined)[] = []

  constructor(url = '', protocols: string[] = []) {
    this.url = url
    this.protocols = protocols
    FakeWebSocket.made.push(this)
  }

  send(data: Uint8Array): void {
    this.sent.push(data.slice())
  }

  close(code?: number): void {
    this.closes.push(code)
    this.readyState = 2
  }

  brings(...bytes: number[]): void {
    this.onmessage?.({ data: Uint8Array.from(bytes).buffer })
  }
}

interface Ended {
  readonly error: YggdrasilError | undefined
}

function link(): {
  raw: RawLink
  ws: FakeWebSocket
  clock: ReturnType<typeof createClock>
  data: number[]
  drains: () => number
  ended: Ended[]
} {
  const ws = new FakeWebSocket()
  const clock = createClock()
  const data: number[] = []
  const ended: Ended[] = []
  let drains = 0
  const raw = new WebLink(ws, 'ws://a.example:80', clock)
  raw.start({ data: (chunk) => data.push(...chunk), drain: () => drains++, closed: (error) => ended.push({ error }) })
  return { raw, ws, clock, data, drains: () => drains, ended }
}

describe('WebLink', () => {
  it('looks now and then whether it was sent, and only while it waits for that', () => {
    const { raw, ws, clock, drains } = link()
    expect(raw.write(new Uint8Array(10))).toBe('sent')
    expect(clock.nextDueMs).toBeUndefined()
    ws.bufferedAmount = 300_000
    expect(raw.write(new Uint8Array(10))).toBe('full')
    clock.advance(1000)
    expect(drains()).toBe(0)
    ws.bufferedAmount = 131_073
    clock.advance(1000)
    expect(drains()).toBe(0)
    ws.bufferedAmount = 131_072
    clock.advance(64)
    expect(drains()).toBe(1)
    expect(clock.nextDueMs).toBeUndefined()
  })

  it('notices it by a message too, where timers are held back', () => {
    const { raw, ws, clock, drains } = link()
    ws.bufferedAmount = 300_000
    raw.write(new Uint8Array(10))
    ws.bufferedAmount = 0
    ws.brings(1)
    expect(drains()).toBe(1)
    clock.advance(1000)
    expect(drains()).toBe(1)
  })

  it('keeps what comes while it is paused, in order, up to a limit', async () => {
    const { raw, ws, data, ended } = link()
    ws.brings(1, 2)
    raw.pause()
    ws.brings(3)
    ws.brings(4)
    expect(data).toEqual([1, 2])
    raw.resume()
    // Never from inside of a call.
    expect(data).toEqual([1, 2])
    await Promise.resolve()
    expect(data).toEqual([1, 2, 3, 4])
    raw.pause()
    for (let mebibyte = 0; mebibyte < 9; mebibyte++) ws.onmessage?.({ data: new ArrayBuffer(1_048_576) })
    expect(ws.closes).toEqual([1000])
    ws.onclose?.({ code: 1000, reason: '' })
    expect(ended).toEqual([{ error: expect.objectContaining({ code: 'flood' }) }])
  })

  it('brings the end after everything that came before it', async () => {
    const { raw, ws, data, ended } = link()
    raw.pause()
    ws.brings(1)
    ws.onclose?.({ code: 1006, reason: '' })
    expect(ended).toEqual([])
    raw.resume()
    await Promise.resolve()
    expect(data).toEqual([1])
    expect(ended).toEqual([{ error: expect.objectContaining({ code: 'link' }) }])
  })

  it('takes no text', () => {
    const { ws, ended } = link()
    ws.onmessage?.({ data: 'text' })
    expect(ws.closes.length).toBe(1)
    ws.brings(1)
    ws.onclose?.({ code: 1000, reason: '' })
    expect(ended).toEqual([{ error: expect.objectContaining({ code: 'malformed' }) }])
  })

  it('is silent after it was closed, but for the end', () => {
    const { raw, ws, data, ended, clock } = link()
    ws.bufferedAmount = 300_000
    raw.write(new Uint8Array(1))
    raw.close()
    raw.close()
    expect(ws.closes).toEqual([1000])
    ws.brings(1)
    ws.onclose?.({ code: 1006, reason: '' })
    expect([data, ended]).toEqual([[], [{ error: undefined }]])
    expect(clock.nextDueMs).toBeUndefined()
    expect(raw.write(new Uint8Array(1))).toBe('sent')
    expect(ws.sent.length).toBe(1)
  })
})

describe('browserDrivers', () => {
  function setUp(WebSocket: WebSocketClass = FakeWebSocket): {
    dial: (uri: string, signal?: AbortSignal) => Promise<RawLink>
    ws: () => FakeWebSocket | undefined
    clock: ReturnType<typeof createClock>
  } {
    const clock = createClock()
    const [driver] = browserDrivers({ clock, WebSocket }) as [LinkDriver]
    FakeWebSocket.made.length = 0
    return {
      clock,
      ws: () => FakeWebSocket.made[0],
      dial: (uri, signal = new AbortController().signal) => driver.dial(parsePeerUri(uri, 'dial'), signal, 5000),
    }
  }

  it('asks for the subprotocol at the address as written, without our options', async () => {
    const { dial, ws, clock } = setUp()
    const dialled = dial('wss://[2001:db8::1]/path?token=1&password=secret')
    expect(ws()).toMatchObject({ url: 'wss://[2001:db8::1]:443/path?token=1', protocols: ['ygg-ws'] })
    expect(ws()?.binaryType).toBe('arraybuffer')
    ws()?.onopen?.()
    expect((await dialled).remote).toBe('wss://[2001:db8::1]:443/path')
    expect(clock.nextDueMs).toBeUndefined()
  })

  it('cannot listen, and is not there without WebSockets', () => {
    const clock = createClock()
    expect(browserDrivers({ clock, WebSocket: FakeWebSocket })[0]).not.toHaveProperty('listen')
    const { WebSocket } = globalThis
    expect(browserDrivers({ clock }).length).toBe(WebSocket === undefined ? 0 : 1)
  })

  it('says what is wrong', async () => {
    const late = setUp()
    const timeout = errorOf(() => late.dial('ws://a.example'))
    late.clock.advance(5000)
    expect((await timeout).code).toBe('timeout')
    expect(late.ws()?.closes.length).toBe(1)

    const other = setUp()
    const handshake = errorOf(() => other.dial('ws://a.example'))
    if (other.ws() !== undefined) other.ws()!.protocol = ''
    other.ws()?.onopen?.()
    expect((await handshake).code).toBe('handshake')

    const away = setUp()
    const unreachable = errorOf(() => away.dial('ws://a.example'))
    away.ws()?.onclose?.({ code: 1006, reason: '' })
    expect(await unreachable).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/1006.*origin=/) })
    expect(away.clock.nextDueMs).toBeUndefined()

    const mixed = setUp(
      class extends FakeWebSocket {
        constructor() {
          super()
          throw new Error('SecurityError')
        }
      },
    )
    expect(await errorOf(() => mixed.dial('ws://a.example'))).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/wss:\/\/ only/),
    })
  })

  it('gives up with the signal', async () => {
    const { dial, ws, clock } = setUp()
    const controller = new AbortController()
    const aborted = errorOf(() => dial('ws://a.example', controller.signal))
    controller.abort()
    expect((await aborted).code).toBe('aborted')
    expect(ws()?.closes.length).toBe(1)
    expect(clock.nextDueMs).toBeUndefined()
    expect((await errorOf(() => dial('ws://a.example', controller.signal))).code).toBe('aborted')
    expect(FakeWebSocket.made.length).toBe(1)
  })
})
