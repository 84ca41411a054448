import type { ByteStream, Listener, ListenOptions, StreamHandlers, StreamTransport } from '@mimirjs/transport'
import { formatAddress, parseAddress } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { toHex } from '@mimirjs/wire'

/** A network in memory whose streams prove the key of the node at the other end, as an overlay does. */
export class NodeNetwork {
  readonly #inner: StreamTransport
  /** Who dialled, by the name that the inner network gave the near end. */
  readonly #dialled = new Map<string, Uint8Array>()
  /** Streams dialled so far. */
  dials = 0

  constructor(inner: StreamTransport = createMemoryNetwork().streams) {
    this.#inner = inner
  }

  /** The network as a node sees it. */
  node(nodeKey: Uint8Array): StreamTransport {
    return {
      scheme: 'ygg',
      dial: async (address, options) => {
        const { host, port } = parseAddress(address, 'ygg')
        this.dials++
        const stream = await this.#inner.dial(`memory://${host}-${port}`, options)
        this.#dialled.set(stream.localAddress, nodeKey)
        const remoteKey = Uint8Array.from(Buffer.from(host, 'hex'))
        return new NodeStream(stream, addressOf(nodeKey, 49_152), addressOf(remoteKey, port), remoteKey)
      },
      listen: (address, options) => this.#listen(nodeKey, address, options),
    }
  }

  async #listen(nodeKey: Uint8Array, address: string, options: ListenOptions): Promise<Listener> {
    const { port } = parseAddress(address, 'ygg')
    const local = addressOf(nodeKey, port)
    const inner = await this.#inner.listen(`memory://${toHex(nodeKey)}-${port}`, {
      ...options,
      onStream: (stream) => {
        const remoteKey = this.#dialled.get(stream.remoteAddress)
        if (remoteKey === undefined) throw new Error(`nobody dialled ${stream.remoteAddress}`)
        options.onStream(new NodeStream(stream, local, addressOf(remoteKey, 49_152), remoteKey))
      },
    })
    return { address: local, close: () => inner.close() }
  }
}

export function addressOf(nodeKey: Uint8Array, port = 42): string {
  return formatAddress({ scheme: 'ygg', host: toHex(nodeKey), port })
}

class NodeStream implements ByteStream {
  readonly localAddress: string
  readonly remoteAddress: string
  readonly remotePublicKey: Uint8Array
  readonly #inner: ByteStream

  constructor(inner: ByteStream, localAddress: string, remoteAddress: string, remotePublicKey: Uint8Array) {
    this.#inner = inner
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.remotePublicKey = remotePublicKey
  }

  start(handlers: StreamHandlers): void {
    this.#inner.start(handlers)
  }

  write(chunk: Uint8Array): boolean {
    return this.#inner.write(chunk)
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    return this.#inner.writeAll(chunks)
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  end(): void {
    this.#inner.end()
  }

  abort(error?: Error): void {
    this.#inner.abort(error)
  }
}
