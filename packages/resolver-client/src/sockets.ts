import {
  type DatagramPeer,
  type DatagramSocket,
  type DatagramTransport,
  parseAddress,
  type TransportError,
} from '@mimirjs/transport'
import type { Outgoing } from './exchange.js'
import type { Tracker } from './trackers.js'

export interface SocketHandlers {
  /** `bytes` is valid only during the call. */
  message(bytes: Uint8Array, from: string): void
  /** Nothing can be sent to this tracker now. */
  unreachable(tracker: Tracker, cause: unknown): void
}

interface Entry {
  readonly socket: Promise<DatagramSocket>
  /** Set once open. */
  open: DatagramSocket | undefined
}

/**
 * The sockets of a resolver: one per address family that its trackers need, opened when first needed, and again after
 * one has failed.
 */
export class Sockets {
  readonly #transport: DatagramTransport
  readonly #bind: (tracker: Tracker) => string
  readonly #handlers: SocketHandlers
  readonly #byBinding = new Map<string, Entry>()
  readonly #peers = new Map<Tracker, { readonly socket: DatagramSocket; readonly peer: DatagramPeer }>()
  #closed = false

  /** @param bind - the local address for datagrams to a tracker */
  constructor(transport: DatagramTransport, bind: (tracker: Tracker) => string, handlers: SocketHandlers) {
    this.#transport = transport
    this.#bind = bind
    this.#handlers = handlers
  }

  /** Send as soon as the socket is open. A socket that cannot be opened makes the tracker `unreachable`. */
  send({ tracker, datagram }: Outgoing): void {
    const entry = this.#entry(this.#bind(tracker))
    if (entry.open !== undefined) {
      this.#sendOver(entry.open, tracker, datagram)
      return
    }
    entry.socket.then(
      (socket) => this.#sendOver(socket, tracker, datagram),
      (error: unknown) => {
        if (!this.#closed) this.#handlers.unreachable(tracker, error)
      },
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    const entries = [...this.#byBinding.values()]
    this.#byBinding.clear()
    await Promise.allSettled(entries.map(async ({ socket }) => (await socket).close()))
  }

  #entry(binding: string): Entry {
    const known = this.#byBinding.get(binding)
    if (known !== undefined) return known
    const entry: Entry = { socket: this.#open(binding), open: undefined }
    this.#byBinding.set(binding, entry)
    const drop = (): void => {
      if (this.#byBinding.get(binding) === entry) this.#byBinding.delete(binding)
    }
    entry.socket.then((socket) => {
      entry.open = socket
      socket.start({
        message: (bytes, from) => {
          if (!this.#closed) this.#handlers.message(bytes, from.address)
        },
        closed: (_error?: TransportError) => drop(),
      })
    }, drop)
    return entry
  }

  async #open(binding: string): Promise<DatagramSocket> {
    return this.#transport.open(binding)
  }

  #sendOver(socket: DatagramSocket, tracker: Tracker, datagram: Uint8Array): void {
    if (this.#closed) return
    try {
      let known = this.#peers.get(tracker)
      if (known?.socket !== socket) {
        known = { socket, peer: socket.peer(tracker.address) }
        this.#peers.set(tracker, known)
      }
      socket.send(datagram, known.peer)
    } catch (error) {
      this.#handlers.unreachable(tracker, error)
    }
  }
}

/**
 * The local address that reaches a tracker when the caller chose none: any port of the tracker's address family, or the one
 * port that it answers to.
 * @param name - of the socket on networks without addresses of their own
 */
export function defaultBinding(tracker: Tracker, name: string): string {
  const { scheme, host, port } = parseAddress(tracker.address)
  if (scheme === 'memory') return `memory://${name}`
  if (scheme === 'ygg') return `ygg://[::]:${port}`
  return `${scheme}://${host.includes(':') ? '[::]' : '0.0.0.0'}:0`
}
