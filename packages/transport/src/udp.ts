import type { DatagramSocket, DatagramTransport } from './types.js'
import { openUdp } from './udp/socket.js'

export { resolveAddress } from './udp/resolve.js'

export interface UdpOptions {
  /**
   * Receive buffer asked of the system, in bytes; a burst above it is lost. Systems grant less when they are set to.
   * Default 1 048 576.
   */
  receiveBufferBytes?: number
  /** On `[::]` take IPv6 only; otherwise IPv4 too, where the system allows. Default `false`. */
  ipv6Only?: boolean
}

/**
 * UDP over node:dgram, scheme `udp`: `udp://127.0.0.1:5050`, `udp://[::]:0`. Addresses are IP literals; a name is
 * turned into literals by {@link resolveAddress}, once, and not for every datagram.
 */
export function udp({ receiveBufferBytes = 1_048_576, ipv6Only = false }: UdpOptions = {}): DatagramTransport {
  return new UdpTransport({ receiveBufferBytes, ipv6Only })
}

class UdpTransport implements DatagramTransport {
  readonly scheme = 'udp'
  readonly #options: Required<UdpOptions>

  constructor(options: Required<UdpOptions>) {
    this.#options = options
  }

  async open(address: string, options: { signal?: AbortSignal } = {}): Promise<DatagramSocket> {
    return openUdp(address, options.signal, this.#options)
  }
}
