import {
  type DatagramHandlers,
  type DatagramPeer,
  type DatagramSocket,
  type DatagramTransport,
  TransportError,
} from '@mimirjs/transport'
import type { YggdrasilError } from '../error.js'
import { toHex } from '../hex.js'
import { MAX_STREAM_DATA_BYTES } from '../wire/stream-packet.js'
import { formatOverlayAddress, parseLocalAddress, parseRemoteAddress, SCHEME } from './address.js'
import { transportError } from './failure.js'
import type { StreamHost } from './types.js'

/** Datagrams that wait for a reader. yggdrasil protocol §10.8 */
const MAX_WAITING = 64

/**
 * Datagrams over the overlay. Addresses are those of streams, ports are separate. A datagram does not say from which
 * port it came: its sender is told as the same port of its node as it came to, which is where an answer goes. So both
 * ends of a conversation use one port number. yggdrasil protocol §10.8
 */
export class OverlayDatagrams implements DatagramTransport {
  readonly scheme: string = SCHEME
  readonly #host: StreamHost

  constructor(host: StreamHost) {
    this.#host = host
  }

  async open(address: string, { signal }: { signal?: AbortSignal } = {}): Promise<DatagramSocket> {
    const port = parseLocalAddress(address, this.#host.stack.publicKey)
    if (signal?.aborted) {
      throw new TransportError('aborted', `open ${address}: aborted by the signal given`, { cause: signal.reason })
    }
    return this.openPort(port)
  }

  /** Open at once, without an address. @throws {TransportError} `address-in-use` | `bad-address` */
  openPort(port: number): DatagramSocket {
    return new OverlayDatagramSocket(this.#host, port)
  }
}

class OverlayPeer implements DatagramPeer {
  readonly key: Uint8Array
  readonly port: number
  #address: string | undefined
  #host: string | undefined

  constructor(key: Uint8Array, port: number) {
    this.key = key
    this.port = port
  }

  get address(): string {
    return (this.#address ??= formatOverlayAddress(this.key, this.port))
  }

  get host(): string {
    return (this.#host ??= toHex(this.key))
  }
}

class OverlayDatagramSocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number = MAX_STREAM_DATA_BYTES
  readonly #host: StreamHost
  readonly #port: number
  #handlers: DatagramHandlers | undefined
  #waiting: { readonly bytes: Uint8Array; readonly from: OverlayPeer }[] = []
  #closing: Promise<void> | undefined
  /** Why it ended without being asked to, before there was anybody to tell. */
  #error: TransportError | undefined

  constructor(host: StreamHost, port: number) {
    this.#host = host
    try {
      this.#port = host.stack.bindDatagrams(
        port,
        (remote, bytes) => this.#deliver(remote, bytes),
        (error) => this.#fail(error),
      )
    } catch (error) {
      throw transportError(error, `open port ${port}`)
    }
    this.localAddress = formatOverlayAddress(host.stack.publicKey, this.#port)
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
    queueMicrotask(() => {
      for (const { bytes, from } of this.#waiting.splice(0))
        if (this.#closing === undefined) handlers.message(bytes, from)
      if (this.#error !== undefined) handlers.closed(this.#error)
    })
  }

  peer(address: string): DatagramPeer {
    const { key, port } = parseRemoteAddress(address)
    return new OverlayPeer(key, port)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    const { key, port } = to instanceof OverlayPeer ? to : parseRemoteAddress(to.address)
    if (this.#closing !== undefined) return
    this.#host.stack.sendDatagram(key, port, bytes, this.#host.nowMs())
    this.#host.wake()
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#host.stack.unbindDatagrams(this.#port)
    this.#waiting = []
    // Not from inside the call.
    await Promise.resolve()
    this.#handlers?.closed()
  }

  /** The node is closed. */
  #fail(cause: YggdrasilError): void {
    this.#closing = Promise.resolve()
    this.#waiting = []
    const error = new TransportError('aborted', `datagrams on ${this.localAddress}: ${cause.message}`, { cause })
    queueMicrotask(() => {
      if (this.#handlers === undefined) this.#error = error
      else this.#handlers.closed(error)
    })
  }

  #deliver(remote: Uint8Array, bytes: Uint8Array): void {
    if (this.#closing !== undefined) return
    const from = new OverlayPeer(remote.slice(), this.#port)
    // Those that came first are handed over first.
    if (this.#handlers !== undefined && this.#waiting.length === 0) this.#handlers.message(bytes, from)
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ bytes: bytes.slice(), from })
  }
}
