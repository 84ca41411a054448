import { type DatagramHandlers, type DatagramPeer, type DatagramSocket, TransportError } from '@mimirjs/transport'
import { describe } from '../describe.js'
import type { MulticastError } from '../error.js'
import type { MachineSession } from '../machine/index.js'
import type { SessionOwner } from './session.js'

/** A session as a socket that has one peer: the messages nobody answers. */
export class SessionDatagrams implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly #owner: SessionOwner
  readonly #session: MachineSession
  readonly #peer: DatagramPeer
  #handlers: DatagramHandlers | undefined
  #end: { readonly error: MulticastError | undefined } | undefined
  #closed = false

  constructor(
    owner: SessionOwner,
    session: MachineSession,
    remoteAddress: string,
    end: { readonly error: MulticastError | undefined } | undefined,
  ) {
    this.localAddress = owner.address
    this.maxDatagramBytes = owner.maxPayloadBytes
    this.#owner = owner
    this.#session = session
    this.#peer = { address: remoteAddress }
    this.#end = end
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
    const end = this.#end
    if (end !== undefined) queueMicrotask(() => this.#tellClosed(end.error))
  }

  peer(address: string): DatagramPeer {
    if (address === this.#peer.address) return this.#peer
    const text = `expected ${this.#peer.address}, the only peer of this session, got ${JSON.stringify(address.slice(0, 200))}`
    throw new TransportError('bad-address', text)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new TransportError('misuse', `send: expected a Uint8Array, got ${describe(bytes)}`)
    }
    if (to !== this.#peer) this.peer(addressOf(to))
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    this.#owner.sendMessage(this.#session, bytes)
  }

  /** Closes the session too. */
  async close(): Promise<void> {
    this.#owner.close(this.#session)
    await Promise.resolve()
    this.#tellClosed(undefined)
  }

  /** @returns whether somebody reads it */
  deliver(payload: Uint8Array): boolean {
    if (this.#handlers === undefined || this.#closed) return false
    this.#handlers.message(payload, this.#peer)
    return true
  }

  ended(error: MulticastError | undefined): void {
    this.#end = { error }
    this.#tellClosed(error)
  }

  #tellClosed(error: MulticastError | undefined): void {
    if (this.#handlers === undefined || this.#closed) return
    this.#closed = true
    this.#handlers.closed(error && asTransportError(error))
  }
}

function addressOf(to: DatagramPeer | undefined): string {
  if (typeof to?.address === 'string') return to.address
  throw new TransportError('misuse', `send: expected a peer, as socket.peer(address) gives, got ${describe(to)}`)
}

/** Readers of a `DatagramSocket` know the errors of transport. */
function asTransportError(error: MulticastError): TransportError {
  const code = error.blame === 'timeout' ? 'timeout' : error.code === 'closed' ? 'aborted' : 'io'
  return new TransportError(code, error.message, { cause: error })
}
