import { createSigner } from '@mimirjs/crypto'
import { Resolver } from '@mimirjs/resolver-client'
import type { DatagramSocket, DatagramTransport } from '@mimirjs/transport'
import { createRandom } from '@mimirjs/transport/testing'
import { afterEach, expect, test } from 'vitest'
import { createTracker, type SharedPort, sharePort } from '../src/index.js'
import { publicKeyOf, seedOf, UNHURRIED } from './support.js'
import { nodeOf, nodeUrl, Overlay } from './support-current.js'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

/** A node with a tracker and a resolver on its one port 69, the resolver asking the tracker of the other node. */
async function both(overlay: Overlay, number: number, other: number) {
  const node = nodeOf(overlay, number)
  const port = sharePort(node.datagrams)
  const tracker = await createTracker({
    generation: 'current',
    address: 'ygg://[::]:69',
    transport: port.tracker,
    store: ':memory:',
    limits: UNHURRIED,
  })
  const resolver = new Resolver({
    generation: 'current',
    trackers: [nodeUrl(other)],
    transport: port.resolver,
    signer: createSigner(seedOf(number)),
  })
  closers.push(
    () => resolver.close(),
    () => tracker.close(),
  )
  return { node, port, tracker, resolver }
}

test('two nodes, each with a tracker and a client of the other: requests and answers find their reader', async () => {
  const overlay = new Overlay()
  const [one, two] = [await both(overlay, 1, 2), await both(overlay, 2, 1)]
  await Promise.all([
    one.resolver.announce({ address: one.node.address(42) }),
    two.resolver.announce({ address: two.node.address(42) }),
  ])
  expect(await one.resolver.resolve(publicKeyOf(1), { force: true })).toMatchObject([{ address: one.node.address(42) }])
  expect(await two.resolver.resolve(publicKeyOf(2), { force: true })).toMatchObject([{ address: two.node.address(42) }])
  for (const { tracker } of [one, two])
    expect(tracker.stats()).toMatchObject({ announced: 1, answered: 1, malformed: 0 })
})

test('a node may ask its own tracker', async () => {
  const overlay = new Overlay()
  const one = await both(overlay, 1, 1)
  await one.resolver.announce({ address: one.node.address(42) })
  expect(await one.resolver.resolve(publicKeyOf(1))).toHaveLength(1)
})

interface Seen {
  readonly tracker: number[]
  readonly resolver: number[]
}

async function openBoth(port: SharedPort): Promise<{ sockets: Record<keyof Seen, DatagramSocket>; seen: Seen }> {
  const seen: Seen = { tracker: [], resolver: [] }
  const openOne = async (name: keyof Seen): Promise<DatagramSocket> => {
    const socket = await port[name].open('ygg://[::]:69')
    socket.start({ message: (bytes) => seen[name].push(bytes[0] ?? -1), closed: () => seen[name].push(-2) })
    return socket
  }
  const [tracker, resolver] = await Promise.all([openOne('tracker'), openOne('resolver')])
  return { sockets: { tracker, resolver }, seen }
}

test('the first byte decides, and each side closes for itself', async () => {
  const overlay = new Overlay()
  const { sockets, seen } = await openBoth(sharePort(nodeOf(overlay, 1).datagrams))
  const sender = await nodeOf(overlay, 2).datagrams.open('ygg://[::]:69')
  const send = async (first: number): Promise<void> => {
    sender.send(Uint8Array.of(first, ...createRandom(first).bytes(10)), sender.peer(nodeUrl(1)))
    await turns()
  }
  for (const first of [0, 1, 2, 0x0f, 0x10, 0xff]) await send(first)
  sender.send(new Uint8Array(0), sender.peer(nodeUrl(1)))
  await turns()
  expect(seen).toEqual({ tracker: [0, 1, 2, 0x0f, -1], resolver: [0x10, 0xff] })
  await sockets.tracker.close()
  await sockets.tracker.close()
  sockets.tracker.send(Uint8Array.of(1), sockets.tracker.peer(nodeUrl(2)))
  await send(1)
  await send(0x20)
  expect(seen).toEqual({ tracker: [0, 1, 2, 0x0f, -1, -2], resolver: [0x10, 0xff, 0x20] })
  await sockets.resolver.close()
  await turns()
  expect(seen.resolver.at(-1)).toBe(-2)
  await sender.close()
})

test('the port is free again when both are closed, and not before', async () => {
  const { datagrams } = nodeOf(new Overlay(), 1)
  const port = sharePort(datagrams)
  for (let round = 0; round < 2; round++) {
    const { sockets } = await openBoth(port)
    await expect(datagrams.open('ygg://[::]:69')).rejects.toMatchObject({ code: 'address-in-use' })
    await Promise.all([sockets.tracker.close(), sockets.resolver.close()])
  }
  const alone = await datagrams.open('ygg://[::]:69')
  await expect(port.tracker.open('ygg://[::]:69')).rejects.toMatchObject({ code: 'address-in-use' })
  await alone.close()
  const { sockets } = await openBoth(port)
  await Promise.all([sockets.tracker.close(), sockets.resolver.close()])
})

test('a socket that fails is told to both, and opened anew', async () => {
  const sockets: { fail(): void }[] = []
  const transport: DatagramTransport = {
    scheme: 'ygg',
    open: async (address) => {
      let closed: () => void = () => undefined
      const socket: DatagramSocket = {
        localAddress: address,
        maxDatagramBytes: 100,
        start: (handlers) => {
          closed = () => handlers.closed()
        },
        peer: (text) => ({ address: text }),
        send: () => undefined,
        close: async () => closed(),
      }
      sockets.push({ fail: () => closed() })
      return socket
    },
  }
  const port = sharePort(transport)
  const { seen } = await openBoth(port)
  sockets[0]!.fail()
  expect(seen).toEqual({ tracker: [-2], resolver: [-2] })
  await openBoth(port)
  expect(sockets).toHaveLength(2)
})

test('one that is told late that it closed does not close what was opened since', async () => {
  const late: (() => void)[] = []
  const transport: DatagramTransport = {
    scheme: 'ygg',
    open: async (address) => {
      let closed: () => void = () => undefined
      return {
        localAddress: address,
        maxDatagramBytes: 100,
        start: (handlers) => {
          closed = () => handlers.closed()
        },
        peer: (text) => ({ address: text }),
        send: () => undefined,
        close: async () => void late.push(closed),
      }
    },
  }
  let opened = 0
  const port = sharePort({
    ...transport,
    open: async (address) => {
      opened++
      return transport.open(address)
    },
  })
  const first = await port.tracker.open('ygg://[::]:69')
  await first.close()
  await port.tracker.open('ygg://[::]:69')
  late[0]?.()
  await port.resolver.open('ygg://[::]:69')
  expect(opened).toBe(2)
})

async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
