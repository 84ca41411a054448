import type { MulticastNetwork, MulticastSocket, MulticastSocketOptions, PrefixInterface } from '../node/network.js'
import { prefixInterface } from './interfaces.js'
import { openMulticastSocket } from './socket.js'

export interface MulticastUdpOptions {
  /**
   * Receive buffer asked of the system, in bytes; a burst above it is lost. Systems grant less when they are set to.
   * Default 1,048,576.
   */
  readonly receiveBufferBytes?: number | undefined
}

/** UDP multicast of the operating system, over node:dgram. */
export function multicastUdp({ receiveBufferBytes = 1_048_576 }: MulticastUdpOptions = {}): MulticastNetwork {
  return new UdpNetwork(receiveBufferBytes)
}

class UdpNetwork implements MulticastNetwork {
  readonly #receiveBufferBytes: number

  constructor(receiveBufferBytes: number) {
    this.#receiveBufferBytes = receiveBufferBytes
  }

  open(options: MulticastSocketOptions): Promise<MulticastSocket> {
    return openMulticastSocket(options, this.#receiveBufferBytes)
  }

  prefixInterface(wanted?: string): PrefixInterface {
    return prefixInterface(wanted)
  }
}
