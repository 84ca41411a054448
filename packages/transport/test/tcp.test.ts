import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { type ByteStream, parseAddress } from '../src/index.js'
import { tcp } from '../src/tcp.js'
import { Probe, turns } from '../src/testing/conformance/probe.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(address = 'tcp://127.0.0.1:0', options = {}) {
  const accepted: ByteStream[] = []
  const waiters: ((stream: ByteStream) => void)[] = []
  const listener = await tcp(options).listen(address, {
    onStream: (stream) => {
      accepted.push(stream)
      waiters.shift()?.(stream)
    },
  })
  cleanups.push(() => listener.close())
  const next = () => new Promise<ByteStream>((resolve) => waiters.push(resolve))
  return { listener, accepted, next }
}

function bare(address: string): Socket {
  const { host, port } = parseAddress(address)
  const socket = connect({ host, port, allowHalfOpen: true }).on('error', () => {})
  cleanups.push(() => socket.destroy())
  return socket
}

describe('tcp', () => {
  test('dials by name, on whichever family answers', async () => {
    const { listener, next } = await listen()
    const arrival = next()
    const stream = await tcp().dial(`tcp://localhost:${parseAddress(listener.address).port}`)
    const probe = new Probe(await arrival).start()
    const near = new Probe(stream).start()
    stream.write(Uint8Array.of(1))
    await probe.untilReceived(1)
    probe.stream.write(Uint8Array.of(2))
    await near.untilReceived(1)
    expect(near.receivedBytes).toBe(1)
    expect(stream.remoteAddress).toBe(listener.address)
    stream.abort()
  })

  test('a name that does not exist is unreachable', async () => {
    await expect(tcp().dial('tcp://does-not-exist.invalid:1')).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('port 0 cannot be dialled', async () => {
    await expect(tcp().dial('tcp://127.0.0.1:0')).rejects.toMatchObject({ code: 'bad-address' })
  })

  test('a dual-stack listener reports an IPv4 remote as plain IPv4; ipv6Only turns that off', async () => {
    const { listener, next } = await listen('tcp://[::]:0')
    const { port } = parseAddress(listener.address)
    const arrival = next()
    const stream = await tcp().dial(`tcp://127.0.0.1:${port}`)
    const far = await arrival
    expect(far.remoteAddress).toBe(stream.localAddress)
    expect(far.localAddress).toBe(`tcp://127.0.0.1:${port}`)
    stream.abort()
    far.abort()
    const only6 = await listen('tcp://[::]:0', { ipv6Only: true })
    const only6Port = parseAddress(only6.listener.address).port
    await expect(tcp().dial(`tcp://127.0.0.1:${only6Port}`)).rejects.toMatchObject({ code: 'refused' })
  })

  test('an address of no interface here cannot be listened on', async () => {
    const listening = tcp().listen('tcp://192.0.2.1:0', { onStream: () => {} })
    await expect(listening).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('a remote that resets before it is accepted, before start, or in the middle ends nothing but itself', async () => {
    const { listener, accepted, next } = await listen()
    for (let count = 0; count < 50; count++)
      bare(listener.address).once('connect', function (this: Socket) {
        this.resetAndDestroy()
      })
    const arrival = next()
    await arrival
    await turns(50)
    for (const stream of accepted) {
      const probe = new Probe(stream).start()
      await probe.untilClosed()
      expect(probe.error?.code).toBe('reset')
      expect(probe.complaints).toEqual([])
      expect(stream.remoteAddress).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    }
  })

  test('a remote that vanishes while we write is reported as reset', async () => {
    const { listener, next } = await listen()
    const arrival = next()
    const socket = bare(listener.address)
    const probe = new Probe(await arrival).start()
    socket.destroy()
    await probe.until(() => probe.ended || probe.closes > 0, 'the end')
    for (let count = 0; count < 1_000 && probe.closes === 0; count++) {
      probe.stream.write(new Uint8Array(1_000))
      await turns(1)
    }
    await probe.untilClosed()
    expect(probe.error?.code).toBe('reset')
  })

  test('abort while a large write and its end are stuck: the transfer never looks whole', async () => {
    const { listener, next } = await listen()
    const arrival = next()
    const near = new Probe(await tcp().dial(listener.address)).start()
    const far = new Probe(await arrival)
    near.call((stream) => stream.write(new Uint8Array(32 * 1024 * 1024)))
    near.call((stream) => stream.end())
    near.call((stream) => stream.abort())
    await near.untilClosed()
    far.start()
    await far.untilClosed()
    expect(far.error?.code).toBe('reset')
    expect(far.ended).toBe(false)
  })

  test('writeAll gathers its chunks: the remote sees them at once', async () => {
    const { listener, next } = await listen()
    const arrival = next()
    const socket = bare(listener.address)
    const far = await arrival
    const chunk = once(socket, 'data')
    far.writeAll(Array.from({ length: 100 }, (_, index) => Uint8Array.of(index)))
    expect((await chunk)[0]).toHaveLength(100)
    far.abort()
  })

  test('dialled streams share a read buffer without mixing their bytes', async () => {
    const { listener } = await listen()
    const server = await tcp().listen('tcp://127.0.0.1:0', {
      onStream: (stream) => {
        const probe = new Probe(stream)
        probe.onData = (chunk) => stream.write(chunk.slice())
        probe.start()
      },
    })
    cleanups.push(() => server.close())
    expect(listener.address).not.toBe(server.address)
    const lanes = await Promise.all(
      Array.from({ length: 20 }, async (_, lane) => {
        const probe = new Probe(await tcp().dial(server.address))
        let wrong = 0
        let chunks = 0
        probe.onData = (chunk) => {
          if (chunk.some((byte) => byte !== lane)) wrong++
          // Every third chunk the reader stops, and goes on in a later turn.
          if (++chunks % 3 !== 0) return
          probe.call((stream) => stream.pause())
          setImmediate(() => probe.call((stream) => stream.resume()))
        }
        probe.start()
        for (let count = 0; count < 40; count++) probe.call((stream) => stream.write(new Uint8Array(30_000).fill(lane)))
        await probe.untilReceived(40 * 30_000)
        probe.call((stream) => stream.abort())
        return { wrong, complaints: probe.complaints }
      }),
    )
    for (const lane of lanes) expect(lane).toEqual({ wrong: 0, complaints: [] })
  })

  test('a signal is let go when the dial is over', async () => {
    const { listener } = await listen()
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const stream = await tcp().dial(listener.address, { signal })
    expect(listeners).toBe(0)
    controller.abort()
    const probe = new Probe(stream).start()
    await turns()
    expect(probe.closes).toBe(0)
    stream.abort()
  })

  test('a listener survives running out of file descriptors', { timeout: 60_000 }, async () => {
    const program = fileURLToPath(new URL('support/few-descriptors.ts', import.meta.url))
    const tsx = fileURLToPath(import.meta.resolve('tsx'))
    const command = `ulimit -n 64; exec "${process.execPath}" --conditions=mimir:source --import "${tsx}" "${program}"`
    const { stdout } = await promisify(execFile)('sh', ['-c', command])
    expect(JSON.parse(stdout)).toEqual({ floodAccepted: true, answeredAfterwards: true })
  })
})
