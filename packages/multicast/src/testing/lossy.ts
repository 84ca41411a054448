import type { DatagramHandlers, DatagramPeer } from '@mimirjs/transport'
import type { MulticastError } from '../error.js'
import type { MulticastNetwork, MulticastSocket } from '../node/network.js'

/**
 * Which datagrams are lost or doubled, told by their bytes. A predicate must not keep or change them. Multicast protocol
 * §11
 */
export interface LossyHooks {
  /** Report success and send nothing; `doubleWrite` is not asked. */
  readonly loseWrite?: (bytes: Uint8Array) => boolean
  /** Send twice in a row. */
  readonly doubleWrite?: (bytes: Uint8Array) => boolean
  /** Discard; the next one is asked about too. `doubleRead` is not asked. */
  readonly loseRead?: (bytes: Uint8Array) => boolean
  /** Deliver twice in a row; the copy is not asked about again. */
  readonly doubleRead?: (bytes: Uint8Array) => boolean
}

/** A network whose sockets lose and double what the hooks say. */
export function lossyNetwork(network: MulticastNetwork, hooks: LossyHooks): MulticastNetwork {
  return {
    open: async (options) => lossyTransport(await network.open(options), hooks),
    prefixInterface: (wanted) => network.prefixInterface(wanted),
  }
}

/** The `LossyTransport` of multicast protocol §11, around one socket. */
export function lossyTransport(socket: MulticastSocket, hooks: LossyHooks): MulticastSocket {
  return new LossySocket(socket, hooks)
}

class LossySocket implements MulticastSocket {
  readonly #inner: MulticastSocket
  readonly #hooks: LossyHooks

  constructor(inner: MulticastSocket, hooks: LossyHooks) {
    this.#inner = inner
    this.#hooks = hooks
  }

  get localAddress(): string {
    return this.#inner.localAddress
  }

  get maxDatagramBytes(): number {
    return this.#inner.maxDatagramBytes
  }

  get interfaceName(): string {
    return this.#inner.interfaceName
  }

  get port(): number {
    return this.#inner.port
  }

  get boundToGroup(): boolean {
    return this.#inner.boundToGroup
  }

  start(handlers: DatagramHandlers): void {
    const { loseRead, doubleRead } = this.#hooks
    this.#inner.start({
      message: (bytes, from) => {
        if (loseRead?.(bytes)) return
        const isDoubled = doubleRead?.(bytes) ?? false
        // The reader may do with its view what it likes: the second one gets the bytes that came.
        const copy = isDoubled ? bytes.slice() : undefined
        handlers.message(bytes, from)
        if (copy !== undefined) handlers.message(copy, from)
      },
      closed: (error) => handlers.closed(error),
    })
  }

  peer(address: string): DatagramPeer {
    return this.#inner.peer(address)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    const { loseWrite, doubleWrite } = this.#hooks
    if (loseWrite?.(bytes)) return
    const isDoubled = doubleWrite?.(bytes) ?? false
    // The socket owns what it is given.
    const copy = isDoubled ? bytes.slice() : undefined
    this.#inner.send(bytes, to)
    if (copy !== undefined) this.#inner.send(copy, to)
  }

  sendTelling(bytes: Uint8Array, to: DatagramPeer, done: (error: MulticastError | undefined) => void): void {
    const inner = this.#inner
    if (inner.sendTelling === undefined) {
      this.send(bytes, to)
      queueMicrotask(() => done(undefined))
      return
    }
    if (this.#hooks.loseWrite?.(bytes)) {
      queueMicrotask(() => done(undefined))
      return
    }
    const copy = this.#hooks.doubleWrite?.(bytes) ? bytes.slice() : undefined
    inner.sendTelling(bytes, to, done)
    if (copy !== undefined) inner.send(copy, to)
  }

  join(group: Uint8Array): Promise<void> {
    return this.#inner.join(group)
  }

  leave(group: Uint8Array): Promise<void> {
    return this.#inner.leave(group)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
