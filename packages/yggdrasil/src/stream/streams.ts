import {
  type ByteStream,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type StreamTransport,
  TransportError,
} from '@mimirjs/transport'
import { formatOverlayAddress, parseLocalAddress, parseRemoteAddress, SCHEME } from './address.js'
import { OPEN_TIMEOUT_MS } from './constants.js'
import { streamError, transportError } from './failure.js'
import { OverlayStream } from './overlay-stream.js'
import type { StreamFailure, StreamHost } from './types.js'

/**
 * Streams over the overlay. Addresses are `ygg://<64 hex digits of the key>:<port>`; what listens takes that of the own
 * key, or `ygg://[::]:<port>`, which is the same; port 0 is any.
 */
export class OverlayStreams implements StreamTransport {
  readonly scheme: string = SCHEME
  readonly #host: StreamHost

  constructor(host: StreamHost) {
    this.#host = host
  }

  async dial(address: string, options?: DialOptions): Promise<ByteStream> {
    const { key, port } = parseRemoteAddress(address)
    return this.openStream(key, port, options)
  }

  async listen(address: string, options: ListenOptions): Promise<Listener> {
    return this.listenPort(parseLocalAddress(address, this.#host.stack.publicKey), options)
  }

  /** Dial without an address. Rejects with a `TransportError`: `refused`, `timeout`, `aborted`, `bad-address`, `io`. */
  async openStream(
    key: Uint8Array,
    port: number,
    { timeoutMs = OPEN_TIMEOUT_MS, signal }: DialOptions = {},
  ): Promise<ByteStream> {
    const address = formatOverlayAddress(key, port)
    const doing = `dial ${address}`
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new TransportError('bad-address', `${doing}: expected a port from 1 to 65535`)
    }
    const aborted = () =>
      new TransportError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason })
    if (signal?.aborted) throw aborted()
    const host = this.#host
    return new Promise((resolve, reject) => {
      const connection = connect(host, key, port, timeoutMs, doing)
      const onAbort = (): void => {
        reject(aborted())
        connection.abort(host.nowMs())
        host.wake()
      }
      const stream = new OverlayStream(host, connection, (failure?: StreamFailure) => {
        signal?.removeEventListener('abort', onAbort)
        if (failure === undefined) resolve(stream)
        else reject(streamError(failure, doing))
      })
      signal?.addEventListener('abort', onAbort)
      host.wake()
    })
  }

  /** Listen without an address. Rejects with a `TransportError`: `address-in-use`, `bad-address`. */
  async listenPort(port: number, { onStream }: ListenOptions): Promise<Listener> {
    const host = this.#host
    const { stack } = host
    const doing = `listen on port ${port}`
    let chosen: number
    try {
      chosen = stack.listen(port, (connection) => {
        const stream = new OverlayStream(host, connection)
        try {
          onStream(stream)
        } catch (error) {
          // Nobody else will.
          stream.abort()
          throw error
        }
      })
    } catch (error) {
      throw transportError(error, doing)
    }
    let isOpen = true
    return {
      address: formatOverlayAddress(stack.publicKey, chosen),
      close: async () => {
        if (!isOpen) return
        isOpen = false
        stack.unlisten(chosen, host.nowMs())
        host.wake()
      },
    }
  }
}

function connect(host: StreamHost, key: Uint8Array, port: number, timeoutMs: number, doing: string) {
  try {
    return host.stack.connect(key, port, host.nowMs(), timeoutMs)
  } catch (error) {
    throw transportError(error, doing)
  }
}
