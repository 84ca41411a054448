import { createSocket } from 'node:dgram'
import { platform } from 'node:os'
import { isTransportError } from '@mimirjs/transport'
import { afterEach, expect, test } from 'vitest'
import { formatGroup } from '../../src/address/index.js'
import { isMulticastError } from '../../src/error.js'
import type { MulticastSocket, MulticastSocketOptions } from '../../src/node/network.js'
import { multicastUdp } from '../../src/udp.js'
import { group, LOOPBACK, Reader } from './support.js'

const network = multicastUdp()
const opened: MulticastSocket[] = []

async function open(options: Partial<MulticastSocketOptions> & Pick<MulticastSocketOptions, 'groups'>) {
  const socket = await network.open({ port: 0, interface: LOOPBACK, ...options })
  opened.push(socket)
  return socket
}

async function codeOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  )
  if (isMulticastError(error) || isTransportError(error)) return error
  throw error
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.close()))
})

test('a datagram to a group reaches who joined it, from a unicast address', async () => {
  const [a, b] = [await open({ groups: [group(1)] }), await open({ groups: [group(2)] })]
  const [atA, atB] = [new Reader(a), new Reader(b)]
  expect(b.localAddress).toBe(platform() === 'linux' ? `udp://224.0.240.2:${b.port}` : `udp://0.0.0.0:${b.port}`)
  expect(b.interfaceName).toBe(LOOPBACK)
  expect(b.boundToGroup).toBe(platform() === 'linux')
  a.send(bytes('one'), a.peer(`udp://224.0.240.2:${b.port}`))
  await atB.until(1)
  expect(atB.texts).toEqual(['one'])
  expect(atB.got[0]?.from.host).toBe('127.0.0.1')
  expect(atB.got[0]?.from.address).toBe(`udp://127.0.0.1:${a.port}`)
  // Datagrams of one sender come with the same object.
  a.send(bytes('two'), a.peer(`udp://224.0.240.2:${b.port}`))
  await atB.until(2)
  expect(atB.got[1]?.from).toBe(atB.got[0]?.from)
  expect(atA.got).toEqual([])
})

test('the time to live is 255, or what is asked for, and the interface is the one asked for', async () => {
  const receiver = createSocket('udp4')
  try {
    await new Promise<void>((resolve) => {
      receiver.bind(0, '0.0.0.0', resolve)
    })
    receiver.addMembership(formatGroup(group(3)), '127.0.0.1')
    const got: string[] = []
    const { port } = receiver.address()
    receiver.on('message', (data, { address }) => got.push(`${address} ${data.toString()}`))
    // A hop limit below 1 cannot be seen on loopback; that it is taken, and a wrong one refused, can.
    const socket = await open({ groups: [group(4)], hopLimit: 1 })
    socket.send(bytes('near'), socket.peer(`udp://224.0.240.3:${port}`))
    await expect.poll(() => got).toEqual(['127.0.0.1 near'])
  } finally {
    receiver.close()
  }
  for (const hopLimit of [0, 256, 1.5, Number.NaN]) {
    expect((await codeOf(open({ groups: [group(4)], hopLimit }))).code).toBe('misuse')
  }
})

test('a further group is joined and left on the same port', async () => {
  const [sender, socket] = [await open({ groups: [group(5)] }), await open({ groups: [group(6)] })]
  const reader = new Reader(socket)
  const send = (text: string, last: number): void =>
    sender.send(bytes(text), sender.peer(`udp://224.0.240.${last}:${socket.port}`))
  await Promise.all([socket.join(group(7)), socket.join(group(7))])
  await socket.join(group(6))
  send('first', 6)
  await reader.until(1)
  send('second', 7)
  await reader.until(2)
  await socket.leave(group(7))
  await socket.leave(group(7))
  send('nobody', 7)
  send('first again', 6)
  await reader.until(3)
  expect(reader.texts).toEqual(['first', 'second', 'first again'])
  // It can be joined anew.
  await socket.join(group(7))
  send('back', 7)
  await reader.until(4)
})

test('the group that the socket is bound to is left and joined anew, too', async () => {
  const [sender, socket] = [await open({ groups: [group(21)] }), await open({ groups: [group(22)] })]
  const reader = new Reader(socket)
  await socket.leave(group(22))
  await socket.join(group(22))
  sender.send(bytes('back'), sender.peer(`udp://224.0.240.22:${socket.port}`))
  await reader.until(1)
  expect(reader.texts).toEqual(['back'])
})

test('a group that is left while it is being joined is left', async () => {
  const [sender, socket] = [await open({ groups: [group(23)] }), await open({ groups: [group(24)] })]
  const reader = new Reader(socket)
  await Promise.all([socket.join(group(25)), socket.leave(group(25))])
  for (const last of [25, 24]) {
    sender.send(bytes(`to ${last}`), sender.peer(`udp://224.0.240.${last}:${socket.port}`))
    // Each is read before the next is sent, if anybody hears it.
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await reader.until(1)
  expect(reader.texts).toEqual(['to 24'])
})

test('several groups from the start', async () => {
  const [sender, socket] = [await open({ groups: [group(8)] }), await open({ groups: [group(9), group(10)] })]
  const reader = new Reader(socket)
  for (const last of [9, 10]) {
    sender.send(bytes(`to ${last}`), sender.peer(`udp://224.0.240.${last}:${socket.port}`))
    await reader.until(last - 8)
  }
  expect(reader.texts).toEqual(['to 9', 'to 10'])
})

test.runIf(platform() === 'linux')('unicast to the port does not get through, nor does another group', async () => {
  const socket = await open({ groups: [group(11)] })
  const reader = new Reader(socket)
  const sender = createSocket('udp4')
  try {
    sender.on('error', () => {})
    await new Promise<void>((resolve) => {
      sender.bind(0, '127.0.0.1', resolve)
    })
    sender.setMulticastInterface('127.0.0.1')
    // Others on this machine have joined this one.
    const other = await open({ groups: [group(12)], port: socket.port })
    const atOther = new Reader(other)
    const send = (text: string, host: string): Promise<void> =>
      new Promise((resolve) => {
        sender.send(text, socket.port, host, () => resolve())
      })
    await send('unicast', '127.0.0.1')
    await send('other group', '224.0.240.12')
    await atOther.until(1)
    await send('group', '224.0.240.11')
    await reader.until(1)
    expect(reader.texts).toEqual(['group'])
  } finally {
    sender.close()
  }
})

test('a port that is taken is an error that says what to do, and two that share it both hear', async () => {
  const first = await open({ groups: [group(13)] })
  const { port } = first
  const refused = await codeOf(open({ groups: [group(13)], port }))
  expect(refused.code).toBe('address-in-use')
  expect(refused.message).toMatch(/another port.*EADDRINUSE/)
  await first.close()
  const shared = [
    await open({ groups: [group(13)], port, reuseAddress: true }),
    await open({ groups: [group(13)], port, reuseAddress: true }),
  ]
  const readers = shared.map((socket) => new Reader(socket))
  const sender = await open({ groups: [group(14)] })
  sender.send(bytes('both'), sender.peer(`udp://224.0.240.13:${port}`))
  await Promise.all(readers.map((reader) => reader.until(1)))
})

test('closing leaves the groups, is told once, joins itself, and sending after it is silent', async () => {
  const socket = await open({ groups: [group(15)] })
  const reader = new Reader(socket)
  const peer = socket.peer('udp://224.0.240.15:5000')
  await Promise.all([socket.close(), socket.close()])
  await socket.close()
  expect(reader.closedTimes).toBe(1)
  socket.send(bytes('late'), peer)
  expect((await codeOf(socket.join(group(16)))).code).toBe('closed')
  await socket.leave(group(15))
  const again = await open({ groups: [group(15)], port: socket.port })
  expect(again.port).toBe(socket.port)
})

test('what is no group, of two families, or of an interface that is not there, is refused', async () => {
  const cases: [Promise<unknown>, string][] = [
    [open({ groups: [] }), 'bad-address'],
    [open({ groups: [Uint8Array.of(224, 0, 240, 1)] }), 'bad-address'],
    [open({ groups: [new Uint8Array(16)] }), 'bad-address'],
    [open({ groups: [new Uint8Array(3)] }), 'bad-address'],
    [open({ groups: [group(17), new Uint8Array(16).fill(255, 0, 1).fill(0x1e, 1, 2)] }), 'bad-address'],
    [open({ groups: [group(17)], interface: 'nosuch0' }), 'bad-interface'],
    [open({ groups: [group(17)], port: -1 }), 'misuse'],
    [open({ groups: [group(17)], port: 65_536 }), 'misuse'],
    [open({ groups: [group(17)], signal: AbortSignal.abort() }), 'aborted'],
  ]
  for (const [work, code] of cases) expect((await codeOf(work)).code).toBe(code)
  const socket = await open({ groups: [group(17)] })
  expect((await codeOf(socket.join(new Uint8Array(16).fill(255, 0, 1).fill(0x1e, 1, 2)))).code).toBe('bad-address')
  const thrown = (work: () => unknown): Promise<{ code: string }> => codeOf(Promise.resolve().then(work))
  expect((await thrown(() => socket.peer('udp://[ff1e::1]:1024'))).code).toBe('bad-address')
  expect((await thrown(() => socket.peer('udp://224.0.240.1:0'))).code).toBe('bad-address')
  expect((await thrown(() => socket.send(bytes('x'), { address: 'nonsense' }))).code).toBe('bad-address')
  expect((await thrown(() => socket.send(new Uint8Array(65_508), socket.peer('udp://224.0.240.1:9')))).code).toBe(
    'too-large',
  )
  const reader = new Reader(socket)
  expect((await thrown(() => new Reader(socket))).code).toBe('misuse')
  // The largest goes through, and an empty one is one.
  socket.send(new Uint8Array(0), socket.peer(`udp://224.0.240.17:${socket.port}`))
  await reader.until(1)
  socket.send(new Uint8Array(65_507), socket.peer(`udp://224.0.240.17:${socket.port}`))
  await reader.until(2)
  expect(reader.texts.map(({ length }) => length)).toEqual([0, 65_507])
})

test('a datagram that the system does not send is told of to who asks, and lost silently otherwise', async () => {
  const socket = await open({ groups: [group(18)] })
  const reader = new Reader(socket)
  const telling = (to: string): Promise<unknown> =>
    new Promise((resolve) => socket.sendTelling?.(bytes('x'), socket.peer(to), resolve))
  // Refused before it reaches any network: nobody asked for leave to broadcast.
  const to = 'udp://255.255.255.255:9'
  socket.send(bytes('x'), socket.peer(to))
  expect(await telling(to)).toMatchObject({
    name: 'MulticastError',
    code: 'socket',
    message: expect.stringMatching(`^send to ${to} on interface ${LOOPBACK}: .*EACCES`),
  })
  expect(await telling(`udp://224.0.240.18:${socket.port}`)).toBeUndefined()
  await reader.until(1)
})

test('closing ends what tells of its datagrams, too', async () => {
  const socket = await open({ groups: [group(19)] })
  const told: unknown[] = []
  socket.sendTelling?.(bytes('x'), socket.peer('udp://255.255.255.255:9'), (error) => told.push(error))
  await socket.close()
  socket.sendTelling?.(bytes('x'), socket.peer('udp://255.255.255.255:9'), (error) => told.push(error))
  expect(told).toEqual([])
  expect(
    (
      await codeOf(
        Promise.resolve().then(() =>
          socket.sendTelling?.(new Uint8Array(65_508), socket.peer('udp://224.0.240.1:9'), () => {}),
        ),
      )
    ).code,
  ).toBe('too-large')
})
