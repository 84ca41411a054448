import { formatAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import type { DatagramHandlers, DatagramPeer, DatagramSocket, DatagramTransport } from '../types.js'
import { nextTurn } from './turn.js'

/** Datagrams a socket holds for a reader that was not attached yet; what comes on top is lost, as in a full buffer. */
const MAX_WAITING = 256

export class MemoryDatagrams implements DatagramTransport {
  readonly scheme = 'memory'
  readonly #maxDatagramBytes: number
  readonly #sockets = new Map<string, MemoryDatagramSocket>()

  constructor(maxDatagramBytes: number) {
    this.#maxDatagramBytes = maxDatagramBytes
  }

  async open(address: string, { signal }: { signal?: AbortSignal } = {}): Promise<DatagramSocket> {
    const name = canonical(address)
    if (signal?.aborted) {
      throw new TransportError('aborted', `open ${name}: aborted by the signal given`, { cause: signal.reason })
    }
    if (this.#sockets.has(name)) {
      throw new TransportError('address-in-use', `open ${name}: this network has a socket of that name`)
    }
    const socket = new MemoryDatagramSocket(name, this.#maxDatagramBytes, this.#sockets)
    this.#sockets.set(name, socket)
    return socket
  }
}

class MemoryDatagramSocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly #peer: DatagramPeer
  readonly #sockets: Map<string, MemoryDatagramSocket>
  readonly #waiting: [Uint8Array, DatagramPeer][] = []
  #handlers: DatagramHandlers | undefined
  #closed = false

  constructor(address: string, maxDatagramBytes: number, sockets: Map<string, MemoryDatagramSocket>) {
    this.localAddress = address
    this.maxDatagramBytes = maxDatagramBytes
    this.#peer = { address }
    this.#sockets = sockets
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
    nextTurn(() => {
      for (const [bytes, from] of this.#waiting.splice(0)) this.#deliver(bytes, from)
    }, undefined)
  }

  peer(address: string): DatagramPeer {
    return { address: canonical(address) }
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    if (!this.#sockets.has(to.address)) canonical(to.address)
    if (this.#closed) return
    nextTurn(() => {
      const target = this.#sockets.get(to.address)
      if (target !== undefined) target.#deliver(bytes, this.#peer)
    }, undefined)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#sockets.delete(this.localAddress)
    await new Promise<void>((resolve) => {
      nextTurn(resolve, undefined)
    })
    this.#handlers?.closed()
  }

  #deliver(bytes: Uint8Array, from: DatagramPeer): void {
    if (this.#closed) return
    if (this.#handlers !== undefined) this.#handlers.message(bytes, from)
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push([bytes, from])
  }
}

function canonical(address: string): string {
  const { host } = parseAddress(address, 'memory')
  return formatAddress({ scheme: 'memory', host, port: 0 })
}
