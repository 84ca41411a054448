import { dialTcp } from './tcp/dial.js'
import { listenTcp } from './tcp/listen.js'
import type { ByteStream, DialOptions, Listener, ListenOptions, StreamTransport } from './types.js'

export interface TcpOptions {
  /** Bytes a stream buffers in this process before `write` returns `false`. Default 65 536. */
  highWaterMarkBytes?: number
  /** Listen on `[::]` for IPv6 only; otherwise it takes IPv4 too, where the system allows. Default `false`. */
  ipv6Only?: boolean
}

/**
 * TCP over node:net, scheme `tcp`: `tcp://127.0.0.1:5050`, `tcp://[::1]:5050`, and when dialling `tcp://name:5050`.
 * Small writes leave at once (no Nagle delay); an IPv4 remote on a dual-stack listener is reported as plain IPv4.
 */
export function tcp(options: TcpOptions = {}): StreamTransport {
  return new TcpTransport(options)
}

class TcpTransport implements StreamTransport {
  readonly scheme = 'tcp'
  readonly #options: Required<TcpOptions>

  constructor({ highWaterMarkBytes = 65_536, ipv6Only = false }: TcpOptions) {
    this.#options = { highWaterMarkBytes, ipv6Only }
  }

  async dial(address: string, options: DialOptions = {}): Promise<ByteStream> {
    return dialTcp(address, options, this.#options)
  }

  async listen(address: string, options: ListenOptions): Promise<Listener> {
    return listenTcp(address, options, this.#options)
  }
}
