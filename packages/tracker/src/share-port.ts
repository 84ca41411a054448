import type { DatagramHandlers, DatagramPeer, DatagramSocket, DatagramTransport } from '@mimirjs/transport'

/** Two views of one transport: both open the same address. */
export interface SharedPort {
  /** For `createTracker`: receives requests. */
  readonly tracker: DatagramTransport
  /** For `Resolver`: receives answers. */
  readonly resolver: DatagramTransport
}

type Side = 'tracker' | 'resolver'

/**
 * Let a tracker and a resolver of the current generation use one port of one node: answers go to the port that requests go
 * to, so both need 69 (tracker protocol §7.1). What a datagram is its first byte tells: requests begin with their version, 1
 * or 2, and answers with the nonce of the resolver, who chooses none that begins so.
 *
 * ```ts
 * const port = sharePort(node.datagramTransport)
 * const tracker = await createTracker({ generation: 'current', address: 'ygg://[::]:69', transport: port.tracker, store })
 * const resolver = new Resolver({ generation: 'current', trackers, transport: port.resolver, signer })
 * ```
 */
export function sharePort(transport: DatagramTransport): SharedPort {
  const open = new Map<string, Promise<Shared>>()
  const side = (name: Side): DatagramTransport => ({
    scheme: transport.scheme,
    async open(address) {
      let shared = open.get(address)
      if (shared === undefined) {
        const opened: Promise<Shared> = transport.open(address).then((socket) => new Shared(socket, forget))
        // By then somebody may have opened it again.
        const forget = (): void => {
          if (open.get(address) === opened) open.delete(address)
        }
        opened.catch(forget)
        open.set(address, opened)
        shared = opened
      }
      return (await shared).attach(name)
    },
  })
  return { tracker: side('tracker'), resolver: side('resolver') }
}

/** Nonces of our resolver begin with a higher byte than any version. */
const FIRST_NONCE_BYTE = 0x10

/** One socket with up to two readers; closed with the last of them. */
class Shared {
  readonly #socket: DatagramSocket
  readonly #sides = new Map<Side, SharedSocket>()
  readonly #onClosed: () => void
  #started = false
  #closing: Promise<void> | undefined

  constructor(socket: DatagramSocket, onClosed: () => void) {
    this.#socket = socket
    this.#onClosed = onClosed
  }

  attach(side: Side): DatagramSocket {
    const socket: SharedSocket = new SharedSocket(this.#socket, () => this.#detach(side, socket))
    this.#sides.set(side, socket)
    if (!this.#started) this.#start()
    return socket
  }

  #start(): void {
    this.#started = true
    this.#socket.start({
      message: (bytes, from) => {
        const side = (bytes[0] ?? 0) < FIRST_NONCE_BYTE ? 'tracker' : 'resolver'
        this.#sides.get(side)?.handlers?.message(bytes, from)
      },
      closed: (error) => {
        this.#onClosed()
        const sides = [...this.#sides.values()]
        this.#sides.clear()
        for (const { handlers } of sides) handlers?.closed(error)
      },
    })
  }

  async #detach(side: Side, socket: SharedSocket): Promise<void> {
    if (this.#sides.get(side) !== socket) return this.#closing
    if (this.#sides.size > 1) {
      this.#sides.delete(side)
      socket.handlers?.closed()
      return undefined
    }
    this.#onClosed()
    this.#closing ??= this.#socket.close()
    return this.#closing
  }
}

class SharedSocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly #socket: DatagramSocket
  readonly #detach: () => Promise<void>
  #closed = false
  handlers: DatagramHandlers | undefined

  constructor(socket: DatagramSocket, detach: () => Promise<void>) {
    this.#socket = socket
    this.#detach = detach
    this.localAddress = socket.localAddress
    this.maxDatagramBytes = socket.maxDatagramBytes
  }

  start(handlers: DatagramHandlers): void {
    this.handlers = handlers
  }

  peer(address: string): DatagramPeer {
    return this.#socket.peer(address)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (!this.#closed) this.#socket.send(bytes, to)
  }

  close(): Promise<void> {
    this.#closed = true
    return this.#detach()
  }
}
