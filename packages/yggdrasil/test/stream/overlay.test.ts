import type { ByteStream, DatagramPeer, TransportError } from '@mimirjs/transport'
import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/hex.js'
import { RealNetwork } from './support/real-network.js'

const KEY = '0a'.repeat(32)
const OTHER_KEY = '0b'.repeat(32)

function twoNodes() {
  const network = new RealNetwork(createRandom(1))
  return { near: network.host(0x0a), far: network.host(0x0b) }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return (error as TransportError | undefined)?.code ?? 'no error'
}

function ignore(stream: ByteStream): void {
  stream.start({ data() {}, end() {}, drain() {}, closed() {} })
}

describe('addresses', () => {
  test.each([
    [`ygg://${KEY}:42`, `ygg://${KEY}:42`],
    [`ygg://${KEY.toUpperCase()}:42`, `ygg://${KEY}:42`],
    ['ygg://[::]:42', `ygg://${KEY}:42`],
  ])('%s is one to listen on', async (address, real) => {
    const { near } = twoNodes()
    const listener = await near.streams.listen(address, { onStream: ignore })
    expect(listener.address).toBe(real)
    const socket = await near.datagrams.open(address)
    expect(socket.localAddress).toBe(real)
    await Promise.all([listener.close(), socket.close()])
  })

  test.each([
    [`ygg://${OTHER_KEY}:42`],
    [`ygg://${KEY}:500`],
    ['ygg://example.org:42'],
    [`ygg://${KEY.slice(2)}:42`],
    [`ygg://${KEY}`],
    ['tcp://127.0.0.1:42'],
  ])('%s is none', async (address) => {
    const { near } = twoNodes()
    expect(await codeOf(near.streams.listen(address, { onStream: ignore }))).toBe('bad-address')
    expect(await codeOf(near.datagrams.open(address))).toBe('bad-address')
  })

  test.each([[`ygg://${KEY}:0`], ['ygg://[::]:42'], [`ygg://${KEY.slice(2)}:42`], ['ygg://[200::1]:42']])(
    '%s is none to dial',
    async (address) => {
      expect(await codeOf(twoNodes().near.streams.dial(address))).toBe('bad-address')
    },
  )

  test('port 0 is any, and is told', async () => {
    const { near } = twoNodes()
    const listener = await near.streams.listen('ygg://[::]:0', { onStream: ignore })
    const port = Number(listener.address.split(':').at(-1))
    expect(port).toBeGreaterThanOrEqual(49_152)
    await listener.close()
  })
})

describe('streams', () => {
  test('know the key of the other end, on both ends', async () => {
    const { near, far } = twoNodes()
    const arrival = new Promise<ByteStream>((resolve) => {
      void far.streams.listenPort(42, { onStream: resolve })
    })
    const dialled = await near.streams.openStream(far.stack.publicKey, 42)
    const accepted = await arrival
    expect(toHex(dialled.remotePublicKey ?? new Uint8Array(0))).toBe(OTHER_KEY)
    expect(toHex(accepted.remotePublicKey ?? new Uint8Array(0))).toBe(KEY)
    expect(dialled.remoteAddress).toBe(`ygg://${OTHER_KEY}:42`)
    expect(accepted.remoteAddress).toBe(dialled.localAddress)
    dialled.abort()
    accepted.abort()
  })

  test('of a node that is closed cannot be opened, and do not wait for ever', async () => {
    const { near } = twoNodes()
    near.stack.close(near.nowMs())
    expect(await codeOf(near.streams.dial(`ygg://${OTHER_KEY}:42`))).toBe('aborted')
    expect(await codeOf(near.streams.listen('ygg://[::]:42', { onStream: ignore }))).toBe('aborted')
    expect(() => near.datagrams.openPort(5)).toThrow('the node is closed')
  })

  test('beyond the table fail at once', async () => {
    const { near } = twoNodes()
    const dials = Array.from({ length: 4196 }, () =>
      codeOf(near.streams.dial(`ygg://${OTHER_KEY}:42`, { timeoutMs: 20 })),
    )
    expect(await dials.at(-1)).toBe('io')
    expect((await Promise.all(dials)).filter((code) => code === 'io')).toHaveLength(100)
  })

  test('are cut when their listener throws, and the mistake is told', async () => {
    const { near, far } = twoNodes()
    const mistake = new Error('a mistake of the application')
    await far.streams.listenPort(42, {
      onStream: () => {
        throw mistake
      },
    })
    const dialled = await near.streams.openStream(far.stack.publicKey, 42)
    const error = await new Promise<TransportError | undefined>((resolve) => {
      dialled.start({ data() {}, end() {}, drain() {}, closed: resolve })
    })
    expect(error?.code).toBe('reset')
    expect(far.thrown).toEqual([mistake])
  })

  test('say what happened and where', async () => {
    const { near } = twoNodes()
    await expect(near.streams.dial(`ygg://${OTHER_KEY}:42`)).rejects.toThrow(
      `dial ygg://${OTHER_KEY}:42: nobody listens there`,
    )
    const nobody = near.streams.dial(`ygg://${'0c'.repeat(32)}:42`, { timeoutMs: 10 })
    await expect(nobody).rejects.toMatchObject({ code: 'timeout', blame: 'timeout' })
    const signal = AbortSignal.abort(new Error('no more'))
    await expect(near.streams.dial(`ygg://${OTHER_KEY}:42`, { signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('datagrams', () => {
  test('tell the key and the port that an answer goes to', async () => {
    const { near, far } = twoNodes()
    const [client, server] = [near.datagrams.openPort(69), far.datagrams.openPort(69)]
    const asked = new Promise<DatagramPeer>((resolve) => {
      server.start({ message: (_, from) => resolve(from), closed() {} })
    })
    const answered = new Promise<Uint8Array>((resolve) => {
      client.start({ message: (bytes) => resolve(bytes.slice()), closed() {} })
    })
    client.send(Uint8Array.of(1), client.peer(`ygg://${OTHER_KEY}:69`))
    const from = await asked
    expect([from.address, from.host]).toEqual([`ygg://${KEY}:69`, KEY])
    server.send(Uint8Array.of(2), from)
    expect(await answered).toEqual(Uint8Array.of(2))
    await Promise.all([client.close(), server.close()])
  })

  test('that nobody reads wait, 64 at most', async () => {
    const { near, far } = twoNodes()
    const server = far.datagrams.openPort(5)
    const after = far.datagrams.openPort(6)
    const isThere = new Promise<void>((resolve) => {
      after.start({ message: () => resolve(), closed() {} })
    })
    const client = near.datagrams.openPort(5)
    for (let index = 0; index < 100; index++) client.send(Uint8Array.of(index), client.peer(`ygg://${OTHER_KEY}:5`))
    client.send(Uint8Array.of(0), client.peer(`ygg://${OTHER_KEY}:6`))
    await isThere
    const got: number[] = []
    server.start({ message: (bytes) => got.push(bytes[0] ?? -1), closed() {} })
    expect(got).toEqual([])
    await Promise.resolve()
    expect(got).toEqual(Array.from({ length: 64 }, (_, index) => index))
  })
})
