import { describe, expect, test } from 'vitest'
import { KeptBytes } from '../../src/message/kept.js'
import { Outgoing } from '../../src/message/outgoing.js'
import { type MessageSocket, MessageStream } from '../../src/message/stream.js'
import { Probe, turns } from '../../src/testing/conformance/probe.js'
import { createRandom } from '../../src/testing/index.js'
import { decodeWindow, encodeWindow, MAX_MESSAGE_BYTES, windowReceived } from '../../src/ws/protocol.js'

const WINDOW_BYTES = 65_536

/** A WebSocket that only writes down what is done to it. */
class FakeSocket implements MessageSocket {
  bufferedAmount = 0
  readonly sent: (Uint8Array | string)[] = []
  isClosed = false
  terminated = false

  send(data: Uint8Array): void {
    this.sent.push(data.slice())
  }

  grant(totalBytes: number): void {
    this.sent.push(encodeWindow(totalBytes))
  }

  close(): void {
    this.isClosed = true
  }

  terminate(): void {
    this.terminated = true
  }

  get bytes(): Uint8Array[] {
    return this.sent.filter((message) => typeof message !== 'string')
  }

  get windows(): string[] {
    return this.sent.filter((message) => typeof message === 'string')
  }
}

function open(highWaterMarkBytes = 1_000): { socket: FakeSocket; stream: MessageStream; probe: Probe } {
  const socket = new FakeSocket()
  const ends = { remoteAddress: 'ws://192.0.2.1:1', localAddress: 'ws://192.0.2.2:2' }
  const stream = new MessageStream(socket, {
    ...ends,
    windowBytes: WINDOW_BYTES,
    highWaterMarkBytes,
    maxMessageBytes: MAX_MESSAGE_BYTES,
  })
  return { socket, stream, probe: new Probe(stream) }
}

describe('a stream over a WebSocket', () => {
  test('it grants its window first of all, and sends nothing before it is granted one', () => {
    const { socket, stream } = open()
    expect(socket.sent).toEqual([encodeWindow(WINDOW_BYTES)])
    expect(stream.write(new Uint8Array(10))).toBe(true)
    expect(socket.bytes).toEqual([])
    windowReceived(stream, encodeWindow(7))
    expect(socket.bytes.map(({ length }) => length)).toEqual([7])
    windowReceived(stream, encodeWindow(9))
    windowReceived(stream, encodeWindow(100))
    expect(socket.bytes.map(({ length }) => length)).toEqual([7, 2, 1])
  })

  test('a full buffer says no, and drains when the other side lets it', async () => {
    const { socket, stream, probe } = open()
    probe.start()
    expect(stream.write(new Uint8Array(1_000))).toBe(false)
    expect(stream.write(new Uint8Array(1))).toBe(false)
    windowReceived(stream, encodeWindow(1_000))
    await turns()
    expect(probe.drains).toBe(0)
    windowReceived(stream, encodeWindow(1_001))
    expect(probe.drains).toBe(0)
    await turns()
    expect(probe.drains).toBe(1)
    expect(stream.write(new Uint8Array(1))).toBe(true)
    expect(socket.bytes).toHaveLength(2)
  })

  test('small chunks leave together, large ones in parts', () => {
    const { socket, stream } = open()
    windowReceived(stream, encodeWindow(10_000_000))
    stream.writeAll([Uint8Array.of(1), Uint8Array.of(2, 3), new Uint8Array(0), Uint8Array.of(4)])
    expect(socket.bytes.map((bytes) => [...bytes])).toEqual([[1, 2, 3, 4]])
    stream.write(new Uint8Array(MAX_MESSAGE_BYTES + 5))
    expect(socket.bytes.slice(1).map(({ length }) => length)).toEqual([MAX_MESSAGE_BYTES, 5])
  })

  test('a peer that grants everything and reads nothing does not fill our memory', () => {
    const { socket, stream } = open()
    windowReceived(stream, encodeWindow(Number.MAX_SAFE_INTEGER))
    let written = 0
    while (written < 100 * 1024 * 1024 && stream.write(new Uint8Array(65_536))) {
      written += 65_536
      socket.bufferedAmount += 65_536
    }
    expect(written).toBeLessThanOrEqual(8 * 1024 * 1024)
    socket.bufferedAmount = 0
    windowReceived(stream, encodeWindow(Number.MAX_SAFE_INTEGER))
    expect(stream.write(Uint8Array.of(1))).toBe(true)
  })

  test('more is granted as the reader takes it, and not while it pauses', async () => {
    const { socket, stream, probe } = open()
    probe.start()
    await turns()
    stream.received(new Uint8Array(WINDOW_BYTES / 4))
    expect(socket.windows).toEqual([encodeWindow(WINDOW_BYTES), encodeWindow(WINDOW_BYTES * 1.25)])
    stream.pause()
    stream.received(new Uint8Array(WINDOW_BYTES))
    expect(probe.receivedBytes).toBe(WINDOW_BYTES / 4)
    expect(socket.windows).toHaveLength(2)
    stream.resume()
    await turns()
    expect(probe.receivedBytes).toBe(WINDOW_BYTES * 1.25)
    expect(socket.windows.at(-1)).toBe(encodeWindow(WINDOW_BYTES * 2.25))
  })

  const violations: Record<string, (stream: MessageStream) => void> = {
    'more than was granted': (stream) => stream.received(new Uint8Array(WINDOW_BYTES + 1)),
    'bytes behind the end': (stream) => {
      stream.received(new Uint8Array(0))
      stream.received(Uint8Array.of(1))
    },
    'a second end': (stream) => {
      stream.received(new Uint8Array(0))
      stream.received(new Uint8Array(0))
    },
    'a window that shrinks': (stream) => {
      windowReceived(stream, encodeWindow(5))
      windowReceived(stream, encodeWindow(4))
    },
    'a text that is no window': (stream) => windowReceived(stream, '{"type":"chat"}'),
    'a text that is no JSON': (stream) => windowReceived(stream, 'window'),
    'a window of half a byte': (stream) => windowReceived(stream, '{"type":"window","n":0.5}'),
    'a long text': (stream) => windowReceived(stream, `{"type":"window","n":1,"x":"${'x'.repeat(100)}"}`),
  }
  for (const [name, violate] of Object.entries(violations)) {
    test(`${name} is answered with a cut`, async () => {
      const { socket, stream, probe } = open()
      probe.start()
      violate(stream)
      expect(socket.terminated).toBe(true)
      await probe.untilClosed()
      expect(probe.error).toMatchObject({ code: 'reset' })
      stream.received(Uint8Array.of(1))
      windowReceived(stream, encodeWindow(1_000))
      stream.socketClosed()
      await turns()
      expect(probe).toMatchObject({ closes: 1, complaints: [] })
    })
  }

  test('both ends said: it closes the socket, and reports when that is closed', async () => {
    const { socket, stream, probe } = open()
    probe.start()
    windowReceived(stream, encodeWindow(100))
    stream.end()
    stream.received(new Uint8Array(0))
    expect(socket.isClosed).toBe(true)
    await turns()
    expect(probe).toMatchObject({ ended: true, closes: 0 })
    stream.socketClosed()
    await turns()
    expect(probe).toMatchObject({ closes: 1, error: undefined })
  })

  test('a socket that closes before both ends said is a reset; what was whole is delivered first', async () => {
    const whole = open()
    whole.stream.received(Uint8Array.of(1, 2))
    whole.stream.received(new Uint8Array(0))
    whole.stream.socketClosed(new Error('gone'))
    whole.probe.start()
    await whole.probe.untilClosed()
    expect(whole.probe).toMatchObject({ receivedBytes: 2, ended: true, error: { code: 'reset' } })
    const part = open()
    part.stream.received(Uint8Array.of(1, 2))
    part.stream.socketClosed()
    part.probe.start()
    await part.probe.untilClosed()
    expect(part.probe).toMatchObject({ receivedBytes: 0, ended: false, error: { code: 'reset' } })
  })

  test.each([
    ['something to read', [Uint8Array.of(1)]],
    ['nothing but the end to read', []],
  ])('abort works on a stream that is over and waits for its reader, with %s', async (_, unread) => {
    const { stream, probe } = open()
    probe.start()
    stream.pause()
    for (const bytes of unread) stream.received(bytes)
    stream.received(new Uint8Array(0))
    stream.end()
    stream.socketClosed()
    await turns()
    expect(probe.closes).toBe(0)
    stream.abort()
    await probe.untilClosed()
    expect(probe).toMatchObject({ receivedBytes: 0, error: { code: 'aborted' } })
  })
})

describe('buffers', () => {
  test('what is kept comes out in order, and small pieces share memory', () => {
    const random = createRandom(5)
    const kept = new KeptBytes()
    const put: number[] = []
    const taken: number[] = []
    for (let round = 0; round < 300; round++) {
      const bytes = random.bytes(random.chance(0.1) ? 20_000 : 1 + random.integer(200))
      put.push(...bytes)
      kept.push(bytes)
      bytes.fill(0)
      if (random.chance(0.2)) taken.push(...(kept.take() ?? []))
    }
    for (let chunk = kept.take(); chunk !== undefined; chunk = kept.take()) taken.push(...chunk)
    expect(taken).toEqual(put)
    expect(kept.isEmpty).toBe(true)
    for (let count = 0; count < 16_384; count++) kept.push(Uint8Array.of(count))
    expect(kept.take()).toHaveLength(16_384)
  })

  test('what waits leaves in order, however it is cut', () => {
    const random = createRandom(6)
    const outgoing = new Outgoing()
    const put: number[] = []
    const taken: number[] = []
    for (let round = 0; round < 300; round++) {
      const bytes = random.bytes(random.integer(300))
      put.push(...bytes)
      outgoing.push(bytes)
      if (outgoing.sizeBytes > 0 && random.chance(0.7)) taken.push(...outgoing.take(1 + random.integer(400)))
    }
    while (outgoing.sizeBytes > 0) taken.push(...outgoing.take(77))
    expect(taken).toEqual(put)
  })

  test('a window is read back as it was written', () => {
    for (const bytes of [0, 1, 65_536, Number.MAX_SAFE_INTEGER]) expect(decodeWindow(encodeWindow(bytes))).toBe(bytes)
    for (const text of ['', '[]', 'null', '1', '{"type":"window"}', '{"type":"window","n":-1}', '{"n":1}'])
      expect(decodeWindow(text)).toBe(undefined)
  })
})
