import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ByteStream, type Listener, type StreamTransport, TransportError } from '../../src/index.js'
import { createClock, type StreamConformanceOptions, streamConformance } from '../../src/testing/index.js'
import { type WebSocketClass, type WebSocketLike, ws, wss } from '../../src/ws/browser.js'
import { ws as nodeWs } from '../../src/ws/index.js'

/** The same interface as in a page, over real sockets. */
const Page = WebSocket as unknown as WebSocketClass

/** Dials as a page does, and listens as Node does. */
const page: StreamTransport = {
  scheme: 'ws',
  dial: (address, options) => ws({ WebSocket: Page }).dial(address, options),
  listen: (address, options) => nodeWs().listen(address, options),
}

// A page knows neither its own address nor why nobody answered.
const NOT_IN_PAGES = /^addresses|refused|^listener close/

describe('streams: a page dials, Node listens', () => {
  const options: StreamConformanceOptions = {
    transport: page,
    listenAddress: () => 'ws://127.0.0.1:0',
    transferBytes: 8 * 1024 * 1024,
    connects: 100,
  }
  for (const check of streamConformance(options))
    if (!NOT_IN_PAGES.test(check.name) || check.name.startsWith('dial and listen'))
      test(check.name, { timeout: 60_000 }, check.run)
})

let listener: Listener | undefined
afterEach(async () => {
  await listener?.close()
  listener = undefined
})

describe('ws in a page', () => {
  test('it does not listen', async () => {
    for (const transport of [ws({ WebSocket: Page }), wss({ WebSocket: Page })]) {
      const listening = transport.listen(`${transport.scheme}://127.0.0.1:0`, { onStream() {} })
      await expect(listening).rejects.toMatchObject({ code: 'misuse' })
    }
  })

  test('nobody there is unreachable: a page is not told more', async () => {
    listener = await nodeWs().listen('ws://127.0.0.1:0', { onStream() {} })
    const { address } = listener
    await listener.close()
    await expect(ws({ WebSocket: Page }).dial(address)).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('a page that may not open it says so', async () => {
    class Forbidden {
      constructor() {
        throw new Error('SecurityError')
      }
    }
    const dialling = ws({ WebSocket: Forbidden as unknown as WebSocketClass }).dial('ws://127.0.0.1:1')
    await expect(dialling).rejects.toMatchObject({ code: 'denied' })
  })

  test('a runtime without WebSocket says so', async () => {
    const without = ws()
    const found = (globalThis as { WebSocket?: unknown }).WebSocket !== undefined
    await expect(without.dial('ws://127.0.0.1:1')).rejects.toMatchObject({ code: found ? 'unreachable' : 'misuse' })
  })

  /** A socket that a test plays by hand. */
  class Played implements WebSocketLike {
    static last: Played | undefined
    binaryType = ''
    protocol = 'mimir-stream.1'
    bufferedAmount = 0
    onopen: (() => void) | null = null
    onmessage: ((event: { readonly data: unknown }) => void) | null = null
    onerror: (() => void) | null = null
    onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
    closedWith: (number | undefined)[] = []
    readonly url: string

    constructor(url: string) {
      this.url = url
      Played.last = this
    }

    send(): void {}

    close(code?: number): void {
      this.closedWith.push(code)
    }
  }

  function dialPlayed(address = 'ws://[fe80::1%eth0]:5051'): { dialling: Promise<ByteStream>; socket: () => Played } {
    const dialling = ws({ WebSocket: Played, clock: createClock() }).dial(address)
    return {
      dialling,
      socket: () => {
        if (Played.last === undefined) throw new Error('nothing was dialled')
        return Played.last
      },
    }
  }

  test('another subprotocol is refused; a zone is for this machine only', async () => {
    const { dialling, socket } = dialPlayed()
    const refused = expect(dialling).rejects.toMatchObject({ code: 'refused' })
    expect(socket().url).toBe('ws://[fe80::1]:5051/')
    socket().protocol = ''
    socket().onopen?.()
    await refused
    expect(socket().closedWith).toEqual([undefined])
  })

  test('a message above the limit, or a Blob, cuts the stream with a code of ours', async () => {
    for (const data of [new ArrayBuffer(65_537), { size: 1 }]) {
      const { dialling, socket } = dialPlayed()
      socket().onopen?.()
      const stream = await dialling
      const closed = new Promise((resolve) => {
        stream.start({ data() {}, end() {}, drain() {}, closed: resolve })
      })
      socket().onmessage?.({ data })
      expect(await closed).toBeInstanceOf(TransportError)
      expect(socket().closedWith).toEqual([4000])
    }
  })
})
