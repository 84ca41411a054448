import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { parseGroup } from '../../src/address/index.js'
import type { MulticastSocket } from '../../src/index.js'
import { createMulticastMemory } from '../../src/testing/index.js'
import { bytes, failure, text } from '../node/support.js'

const [G1, G2, G6] = [parseGroup('224.0.224.1'), parseGroup('224.0.224.2'), parseGroup('ff1e::1')]

function read(socket: MulticastSocket): string[] {
  const got: string[] = []
  socket.start({
    message: (datagram, from) => got.push(`${text(datagram)} ${from.host}`),
    closed: () => got.push('closed'),
  })
  return got
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

test('a datagram reaches every socket that has joined the group and has the port, the sender too', async () => {
  const memory = createMulticastMemory()
  const open = (groups: Uint8Array[], port: number) => memory.network().open({ groups, port })
  const sockets = [await open([G1], 1024), await open([G1, G2], 1024), await open([G1], 1025), await open([G2], 1024)]
  const got = sockets.map(read)
  const heard: string[] = []
  const stop = memory.listen((datagram, to, host) => heard.push(`${text(datagram)} ${to} ${host}`))
  const [first] = sockets as [MulticastSocket]
  first.send(bytes('one'), first.peer('udp://224.0.224.1:1024'))
  await turn()
  stop()
  first.send(bytes('two'), first.peer('udp://224.0.224.2:1024'))
  await turn()
  expect(got).toEqual([['one 192.0.2.1'], ['one 192.0.2.1', 'two 192.0.2.1'], [], ['two 192.0.2.1']])
  expect(heard).toEqual(['one udp://224.0.224.1:1024 192.0.2.1'])
  expect(memory).toMatchObject({ sent: 2, delivered: 4, sockets: 4 })
  await Promise.all(sockets.map((socket) => socket.close()))
  expect(got.map((lines) => lines.at(-1))).toEqual(['closed', 'closed', 'closed', 'closed'])
})

test('joining, leaving, closing', async () => {
  const memory = createMulticastMemory()
  const socket = await memory.network('198.51.100.1').open({ groups: [G1], port: 1024 })
  const got = read(socket)
  expect(() => read(socket)).toThrow(expect.objectContaining({ code: 'misuse' }))
  await socket.join(G2)
  memory.inject(bytes('a'), G2, 1024)
  memory.inject(bytes('b'), G2, 1024, '203.0.113.9')
  await turn()
  await socket.leave(G2)
  memory.inject(bytes('c'), G2, 1024)
  await turn()
  expect(got).toEqual(['a 192.0.2.254', 'b 203.0.113.9'])
  expect((await failure(socket.join(G6))).code).toBe('bad-address')
  await Promise.all([socket.close(), socket.close()])
  memory.inject(bytes('d'), G1, 1024)
  socket.send(bytes('e'), socket.peer('udp://224.0.224.1:1024'))
  await turn()
  expect(got.slice(2)).toEqual(['closed'])
  expect((await failure(socket.join(G2))).code).toBe('closed')
})

test('one host has a port once for a group, unless both share it', async () => {
  const memory = createMulticastMemory()
  const host = memory.network('198.51.100.1')
  await host.open({ groups: [G1], port: 1024 })
  await host.open({ groups: [G2], port: 1024 })
  expect((await failure(host.open({ groups: [G1], port: 1024 }))).code).toBe('address-in-use')
  expect((await failure(host.open({ groups: [G1], port: 1024, reuseAddress: true }))).code).toBe('address-in-use')
  await memory.network().open({ groups: [G1], port: 1024 })
  await host.open({ groups: [G1], port: 1025, reuseAddress: true })
  await host.open({ groups: [G1], port: 1025, reuseAddress: true })
  const ports = [await host.open({ groups: [G1], port: 0 }), await host.open({ groups: [G1], port: 0 })]
  expect(new Set(ports.map(({ port }) => port)).size).toBe(2)
})

test('what the real one refuses is refused', async () => {
  const network = createMulticastMemory().network()
  expect((await failure(network.open({ groups: [], port: 1024 }))).code).toBe('bad-address')
  expect((await failure(network.open({ groups: [G1, G6], port: 1024 }))).code).toBe('bad-address')
  const aborted = network.open({ groups: [G1], port: 1024, signal: AbortSignal.abort() })
  expect((await failure(aborted)).code).toBe('aborted')
  const socket = await network.open({ groups: [G6], port: 1024 })
  expect(socket.localAddress).toBe('udp://[ff1e::1]:1024')
  for (const address of ['udp://224.0.224.1:1024', 'udp://[ff1e::1]:0', 'nonsense']) {
    expect(() => socket.peer(address)).toThrow(expect.objectContaining({ code: 'bad-address' }))
  }
  const peer = socket.peer('udp://[ff1e::1]:1024')
  expect(() => socket.send(new Uint8Array(65_508), peer)).toThrow(expect.objectContaining({ code: 'too-large' }))
})

test('faults are drawn from the seed, for each receiver, and follow the clock', async () => {
  const run = async (seed: number): Promise<string[]> => {
    const clock = createClock()
    const faults = { dropChance: 0.2, duplicateChance: 0.2, reorderChance: 0.2, reorderMs: 30, delayMs: 20 }
    const memory = createMulticastMemory({ seed, clock, faults })
    const [a, b] = [
      await memory.network().open({ groups: [G1], port: 1024 }),
      await memory.network().open({ groups: [G1], port: 1024 }),
    ]
    const got = [read(a), read(b)]
    for (let index = 0; index < 200; index++) memory.inject(bytes(`${index}`), G1, 1024)
    expect(got).toEqual([[], []])
    clock.advance(0)
    clock.advance(60)
    memory.faults = {}
    memory.inject(bytes('end'), G1, 1024)
    clock.advance(0)
    expect(got.map((lines) => lines.at(-1))).toEqual(['end 192.0.2.254', 'end 192.0.2.254'])
    return got.map((lines) => lines.slice(0, -1).join())
  }
  const once = await run(7)
  expect(await run(7)).toEqual(once)
  expect(await run(8)).not.toEqual(once)
  const [a = '', b = ''] = once
  expect(a).not.toBe(b)
  const numbers = a.split(',').map(Number.parseFloat)
  const different = new Set(numbers).size
  // 160 of 200 in the mean, 192 with the doubles.
  expect(different).toBeGreaterThan(130)
  expect(different).toBeLessThan(190)
  expect(numbers.length).toBeGreaterThan(different + 10)
  expect(numbers.some((number, index) => number < (numbers[index - 1] ?? 0))).toBe(true)
})
