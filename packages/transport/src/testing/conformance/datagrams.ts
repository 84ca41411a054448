import type { DatagramHandlers, DatagramSocket, DatagramTransport } from '../../types.js'
import type { ConformanceCheck } from './index.js'
import { check, rejection, thrown, turns, within } from './probe.js'

export interface DatagramConformanceOptions {
  /** The transport under test, over a network that loses nothing. The suite plays both ends. */
  transport: DatagramTransport
  /** An address to bind to; called for every socket, so it may give another one each time. */
  bindAddress(): string
}

/** A socket with a reader that keeps what comes. */
class Reader implements DatagramHandlers {
  readonly got: { readonly bytes: Uint8Array; readonly from: string }[] = []
  closedTimes = 0
  #changed: () => void = () => {}

  message(bytes: Uint8Array, from: { readonly address: string }): void {
    this.got.push({ bytes: bytes.slice(), from: from.address })
    this.#changed()
  }

  closed(): void {
    this.closedTimes++
  }

  async until(count: number): Promise<void> {
    while (this.got.length < count) {
      const changed = new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      await within(changed, `${count} datagrams, ${this.got.length} came`)
    }
  }
}

/**
 * What every {@link DatagramTransport} has to do, as a list of checks without a test framework.
 * @example
 * for (const { name, run } of datagramConformance({ transport: udp(), bindAddress: () => 'udp://127.0.0.1:0' })) {
 *   test(name, run)
 * }
 */
export function datagramConformance({
  transport,
  bindAddress,
}: DatagramConformanceOptions): readonly ConformanceCheck[] {
  const open = () => within(transport.open(bindAddress()), 'open')
  const pair = async (work: (a: End, b: End) => Promise<void>): Promise<void> => {
    const ends = [await open(), await open()].map((socket) => ({ socket, reader: new Reader() })) as [End, End]
    for (const { socket, reader } of ends) socket.start(reader)
    try {
      await work(...ends)
    } finally {
      await within(Promise.all(ends.map(({ socket }) => socket.close())), 'close')
    }
  }
  return [
    {
      name: 'datagrams: whole, from the address of their sender, and answered there',
      run: () =>
        pair(async (a, b) => {
          check(a.socket.localAddress.startsWith(`${transport.scheme}://`), `bound to ${a.socket.localAddress}`)
          const sizes = [1, 2, 1_200, 5]
          for (const size of sizes) {
            a.socket.send(new Uint8Array(size).fill(size % 251), a.socket.peer(b.socket.localAddress))
            await b.reader.until(b.reader.got.length + 1)
          }
          check(b.reader.got.map(({ bytes }) => bytes.length).join() === sizes.join(), 'other sizes came')
          for (const { bytes, from } of b.reader.got) {
            check(from === a.socket.localAddress, `from ${from}, expected ${a.socket.localAddress}`)
            check(
              bytes.every((byte) => byte === bytes.length % 251),
              'other bytes came',
            )
          }
          b.socket.send(Uint8Array.of(7), b.socket.peer(b.reader.got[0]!.from))
          await a.reader.until(1)
        }),
    },
    {
      name: 'datagrams: an empty one is one',
      run: () =>
        pair(async (a, b) => {
          a.socket.send(new Uint8Array(0), a.socket.peer(b.socket.localAddress))
          await b.reader.until(1)
          check(b.reader.got[0]!.bytes.length === 0, 'it was not empty')
        }),
    },
    {
      name: 'datagrams: the largest goes through the door, a larger one is refused',
      run: () =>
        pair(async (a, b) => {
          const to = a.socket.peer(b.socket.localAddress)
          a.socket.send(new Uint8Array(a.socket.maxDatagramBytes), to)
          await b.reader.until(1)
          check(b.reader.got[0]!.bytes.length === a.socket.maxDatagramBytes, 'it came short')
          const code = thrown(() => a.socket.send(new Uint8Array(a.socket.maxDatagramBytes + 1), to), 'too much')
          check(code === 'too-large', `expected too-large, got ${code}`)
        }),
    },
    {
      name: 'datagrams: an address that is none is refused, wherever it is given',
      run: () =>
        pair(async ({ socket }) => {
          for (const address of ['nonsense', `${transport.scheme}://`, 'other://127.0.0.1:1']) {
            check(thrown(() => socket.peer(address), `peer ${address}`) === 'bad-address', 'expected bad-address')
            const sent = thrown(() => socket.send(Uint8Array.of(1), { address }), `send to ${address}`)
            check(sent === 'bad-address', `expected bad-address, got ${sent}`)
            const opened = await rejection(transport.open(address), `open ${address}`)
            check(['bad-address', 'unknown-scheme'].includes(opened), `expected bad-address, got ${opened}`)
          }
        }),
    },
    {
      name: 'datagrams: to nobody is a loss, not a failure',
      run: () =>
        pair(async (a, b) => {
          const gone = await open()
          const address = gone.localAddress
          await gone.close()
          a.socket.send(Uint8Array.of(1), a.socket.peer(address))
          await turns()
          a.socket.send(Uint8Array.of(2), a.socket.peer(b.socket.localAddress))
          await b.reader.until(1)
          check(a.reader.closedTimes === 0, 'the socket closed')
        }),
    },
    {
      name: 'datagrams: an address is taken once, and free again after close',
      run: async () => {
        const first = await open()
        const code = await rejection(transport.open(first.localAddress), 'the second open')
        check(code === 'address-in-use', `expected address-in-use, got ${code}`)
        await first.close()
        await (await within(transport.open(first.localAddress), 'the third open')).close()
      },
    },
    {
      name: 'datagrams: closing is told once, joins itself, and sending after it is silent',
      run: async () => {
        const socket = await open()
        const reader = new Reader()
        socket.start(reader)
        const peer = socket.peer(socket.localAddress)
        await within(Promise.all([socket.close(), socket.close()]), 'both closes')
        await socket.close()
        socket.send(Uint8Array.of(1), peer)
        await turns()
        check(reader.closedTimes === 1, `closed was called ${reader.closedTimes} times`)
        check(reader.got.length === 0, 'something came after the end')
      },
    },
    {
      name: 'datagrams: a second reader is a mistake',
      run: () =>
        pair(async ({ socket }) => {
          check(thrown(() => socket.start(new Reader()), 'the second start') === 'misuse', 'expected misuse')
        }),
    },
    {
      name: 'datagrams: a signal that has fired opens nothing',
      run: async () => {
        const opening = transport.open(bindAddress(), { signal: AbortSignal.abort() })
        check((await rejection(opening, 'open')) === 'aborted', 'expected aborted')
      },
    },
  ]
}

interface End {
  readonly socket: DatagramSocket
  readonly reader: Reader
}
