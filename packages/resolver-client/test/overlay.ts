// An overlay network inside the test: nodes whose addresses are their keys, which the network proves; datagrams that carry the
// port they go to and no other; streams. Faultless by itself: `faultyDatagrams` makes a bad link of it.
import {
  type ByteStream,
  type DatagramHandlers,
  type DatagramPeer,
  type DatagramSocket,
  type DatagramTransport,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@mimirjs/transport'
import { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '@mimirjs/transport/memory'
import { fromHex, toHex } from '@mimirjs/wire'

const MAX_DATAGRAM_BYTES = 65_388

export class Overlay {
  readonly #memory: MemoryNetwork
  readonly #sockets = new Map<string, OverlaySocket>()
  /** Who dialed, by the name that the memory network gave the stream. */
  readonly #dialers = new Map<string, string>()

  /** @param options - `highWaterMarkBytes` of streams */
  constructor(options: MemoryNetworkOptions = {}) {
    this.#memory = createMemoryNetwork(options)
  }

  node(publicKey: Uint8Array): OverlayNode {
    const key = toHex(publicKey)
    const streams = new Set<ByteStream>()
    return {
      publicKey,
      key,
      address: (port) => `ygg://${key}:${port}`,
      datagrams: {
        scheme: 'ygg',
        open: async (address) => {
          const port = ownPort(address, key)
          const socket = new OverlaySocket(key, port, this.#sockets)
          if (this.#sockets.has(socket.localAddress)) throw new TransportError('address-in-use', `${address} is in use`)
          this.#sockets.set(socket.localAddress, socket)
          return socket
        },
      },
      streams: this.#streams(key, streams),
      cut: () => {
        for (const stream of streams) stream.abort()
        streams.clear()
      },
    }
  }

  #streams(key: string, known: Set<ByteStream>): StreamTransport {
    const keep = (stream: ByteStream): ByteStream => {
      known.add(stream)
      return stream
    }
    return {
      scheme: 'ygg',
      dial: async (address, options) => {
        const { host, port } = parseAddress(address, 'ygg')
        const near = await this.#memory.streams.dial(`memory://${host}-${port}`, options)
        this.#dialers.set(near.localAddress, key)
        return keep(proven(near, `ygg://${key}:50000`, `ygg://${host}:${port}`))
      },
      listen: async (address, { onStream }) => {
        const port = ownPort(address, key)
        const listener = await this.#memory.streams.listen(`memory://${key}-${port}`, {
          onStream: (far) => {
            const dialer = this.#dialers.get(far.remoteAddress)!
            onStream(keep(proven(far, `ygg://${key}:${port}`, `ygg://${dialer}:50000`)))
          },
        })
        return { address: `ygg://${key}:${port}`, close: () => listener.close() }
      },
    }
  }
}

export interface OverlayNode {
  readonly publicKey: Uint8Array
  /** Hex of {@link publicKey}. */
  readonly key: string
  address(port: number): string
  readonly datagrams: DatagramTransport
  readonly streams: StreamTransport
  /** Cut all streams, as when the node dies. */
  cut(): void
}

/** The port of an address of our own: that of the key, or the wildcard. */
function ownPort(address: string, key: string): number {
  const { host, port } = parseAddress(address, 'ygg')
  if (host === key || host === '::') return port
  throw new TransportError('bad-address', `${address} is not ours`)
}

function proven(stream: ByteStream, localAddress: string, remoteAddress: string): ByteStream {
  return {
    localAddress,
    remoteAddress,
    remotePublicKey: fromHex(parseAddress(remoteAddress).host),
    start: (handlers) => stream.start(handlers),
    write: (chunk) => stream.write(chunk),
    writeAll: (chunks) => stream.writeAll(chunks),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    abort: (error) => stream.abort(error),
  }
}

class OverlaySocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes = MAX_DATAGRAM_BYTES
  readonly #key: string
  readonly #sockets: Map<string, OverlaySocket>
  #handlers: DatagramHandlers | undefined

  constructor(key: string, port: number, sockets: Map<string, OverlaySocket>) {
    this.#key = key
    this.#sockets = sockets
    this.localAddress = `ygg://${key}:${port}`
  }

  start(handlers: DatagramHandlers): void {
    this.#handlers = handlers
  }

  peer(address: string): DatagramPeer {
    const { host, port } = parseAddress(address, 'ygg')
    return { address: `ygg://${host}:${port}`, host }
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (bytes.length > MAX_DATAGRAM_BYTES) throw new TransportError('too-large', `${bytes.length} bytes`)
    setImmediate(() => this.#sockets.get(to.address)?.deliver(bytes, this.#key))
  }

  async close(): Promise<void> {
    this.#sockets.delete(this.localAddress)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    const handlers = this.#handlers
    this.#handlers = undefined
    handlers?.closed()
  }

  /** There is no port of the sender: an answer goes to the port that the datagram came to. */
  deliver(bytes: Uint8Array, sender: string): void {
    const { port } = parseAddress(this.localAddress)
    this.#handlers?.message(bytes, { address: `ygg://${sender}:${port}`, host: sender })
  }
}
