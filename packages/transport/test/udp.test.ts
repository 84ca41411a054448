import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { type DatagramSocket, parseAddress } from '../src/index.js'
import { resolveAddress, udp } from '../src/udp.js'

const sockets: DatagramSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) await socket.close()
})

async function open(address: string, options = {}): Promise<DatagramSocket> {
  const socket = await udp(options).open(address)
  sockets.push(socket)
  return socket
}

/** The next datagram: its bytes and where it came from. */
function receive(socket: DatagramSocket): Promise<{ bytes: number[]; from: string }> {
  return new Promise((resolve) => {
    socket.start({ message: (bytes, from) => resolve({ bytes: [...bytes], from: from.address }), closed: () => {} })
  })
}

describe('udp', () => {
  test.each(['udp://127.0.0.1:0', 'udp://[::1]:0'])('%s: there and back', async (address) => {
    const server = await open(address)
    const client = await open(address)
    server.start({ message: (bytes, from) => server.send(bytes.slice().reverse(), from), closed: () => {} })
    const answer = receive(client)
    client.send(Uint8Array.of(1, 2, 3), client.peer(server.localAddress))
    expect(await answer).toEqual({ bytes: [3, 2, 1], from: server.localAddress })
  })

  test('a dual-stack socket speaks both families and reports IPv4 as plain IPv4', async () => {
    const dual = await open('udp://[::]:0')
    const { port } = parseAddress(dual.localAddress)
    for (const [address, literal] of [
      ['udp://127.0.0.1:0', '127.0.0.1'],
      ['udp://[::1]:0', '[::1]'],
    ] as const) {
      const client = await open(address)
      const answer = receive(client)
      dual.send(Uint8Array.of(7), dual.peer(client.localAddress))
      expect(await answer).toEqual({ bytes: [7], from: `udp://${literal}:${port}` })
    }
    const client = await open('udp://127.0.0.1:0')
    const arrival = receive(dual)
    client.send(Uint8Array.of(8), client.peer(`udp://127.0.0.1:${port}`))
    expect(await arrival).toEqual({ bytes: [8], from: client.localAddress })
  })

  test('a peer of another kind is reached by its address', async () => {
    const [a, b] = [await open('udp://127.0.0.1:0'), await open('udp://127.0.0.1:0')]
    const arrival = receive(b)
    a.send(Uint8Array.of(1), { address: b.localAddress })
    expect((await arrival).from).toBe(a.localAddress)
  })

  test('the longest datagram passes, one byte more is refused before it is sent', async () => {
    const [a, b] = [await open('udp://127.0.0.1:0'), await open('udp://127.0.0.1:0')]
    const arrival = receive(b)
    const peer = a.peer(b.localAddress)
    expect(() => a.send(new Uint8Array(a.maxDatagramBytes + 1), peer)).toThrow(
      expect.objectContaining({ code: 'too-large', blame: 'local' }),
    )
    a.send(new Uint8Array(a.maxDatagramBytes), peer)
    expect((await arrival).bytes).toHaveLength(65_507)
  })

  test('an empty datagram is one', async () => {
    const [a, b] = [await open('udp://127.0.0.1:0'), await open('udp://127.0.0.1:0')]
    const arrival = receive(b)
    a.send(new Uint8Array(0), a.peer(b.localAddress))
    expect((await arrival).bytes).toEqual([])
  })

  test('sending to nobody, to a forbidden address, or after close is silent', async () => {
    const socket = await open('udp://127.0.0.1:0')
    const gone = await open('udp://127.0.0.1:0')
    await gone.close()
    socket.send(Uint8Array.of(1), socket.peer(gone.localAddress))
    socket.send(Uint8Array.of(1), socket.peer('udp://255.255.255.255:9'))
    socket.send(Uint8Array.of(1), socket.peer('udp://192.0.2.1:9'))
    gone.send(Uint8Array.of(1), gone.peer(socket.localAddress))
    const other = await open('udp://127.0.0.1:0')
    const arrival = receive(socket)
    other.send(Uint8Array.of(5), other.peer(socket.localAddress))
    expect(await arrival).toEqual({ bytes: [5], from: other.localAddress })
  })

  test('close frees the address, reports closed once, and may be repeated', async () => {
    const socket = await open('udp://127.0.0.1:0')
    const closes: unknown[] = []
    socket.start({ message: () => {}, closed: (error) => closes.push(error) })
    await Promise.all([socket.close(), socket.close()])
    await socket.close()
    expect(closes).toEqual([undefined])
    const again = await open(socket.localAddress)
    expect(again.localAddress).toBe(socket.localAddress)
  })

  test('refusals', async () => {
    const socket = await open('udp://127.0.0.1:0')
    await expect(open(socket.localAddress)).rejects.toMatchObject({ code: 'address-in-use' })
    await expect(open('udp://example.org:0')).rejects.toMatchObject({ code: 'bad-address' })
    await expect(open('tcp://127.0.0.1:0')).rejects.toMatchObject({ code: 'bad-address' })
    await expect(open('udp://192.0.2.1:0')).rejects.toMatchObject({ code: 'unreachable' })
    const aborted = udp().open('udp://127.0.0.1:0', { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    for (const address of ['udp://[::1]:5', 'udp://example.org:5', 'udp://127.0.0.1:0', 'nonsense']) {
      expect(() => socket.peer(address)).toThrow(expect.objectContaining({ code: 'bad-address' }))
    }
    socket.start({ message: () => {}, closed: () => {} })
    expect(() => socket.start({ message: () => {}, closed: () => {} })).toThrow(
      expect.objectContaining({ code: 'misuse' }),
    )
  })

  test('the receive buffer holds a burst', async () => {
    const socket = await open('udp://127.0.0.1:0')
    const { port } = parseAddress(socket.localAddress)
    const sender = createSocket('udp4').bind(0, '127.0.0.1')
    await once(sender, 'listening')
    let received = 0
    const all = new Promise<void>((resolve) => {
      socket.start({
        message: () => {
          if (++received === 100) resolve()
        },
        closed: () => {},
      })
    })
    for (let count = 0; count < 100; count++) sender.send(new Uint8Array(200), port, '127.0.0.1')
    await all
    sender.close()
  })
})

describe('resolveAddress', () => {
  test('a literal is its own answer', async () => {
    expect(await resolveAddress('udp://[0:0::1]:5')).toEqual(['udp://[::1]:5'])
    expect(await resolveAddress('tcp://127.0.0.1:5')).toEqual(['tcp://127.0.0.1:5'])
    expect(await resolveAddress('tcp://[fe80::1%lo]:5')).toEqual(['tcp://[fe80::1%lo]:5'])
  })

  test('a name becomes literals', async () => {
    const found = await resolveAddress('udp://localhost:5', { signal: new AbortController().signal })
    expect(found.length).toBeGreaterThan(0)
    for (const address of found) expect(['udp://127.0.0.1:5', 'udp://[::1]:5']).toContain(address)
  })

  test('no such name, a bad address, an aborted signal', async () => {
    await expect(resolveAddress('udp://does-not-exist.invalid:5')).rejects.toMatchObject({ code: 'unreachable' })
    await expect(resolveAddress('nonsense')).rejects.toMatchObject({ code: 'bad-address' })
    const aborted = resolveAddress('udp://localhost:5', { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const during = resolveAddress('udp://localhost:5', { signal: controller.signal })
    controller.abort()
    await expect(during).rejects.toMatchObject({ code: 'aborted' })
  })
})
