import { type DatagramHandlers, type DatagramPeer, parseAddress, TransportError } from '@mimirjs/transport'
import { isIpv4Group } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { MulticastSocket, MulticastSocketOptions } from '../node/network.js'
import { placeAddress } from '../node/places.js'

/** The link that sockets are on. */
export interface Air {
  send(bytes: Uint8Array, to: string, host: string): void
  closed(socket: MemoryMulticastSocket): void
}

/** As UDP over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507

export class MemoryMulticastSocket implements MulticastSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number = MAX_DATAGRAM_BYTES
  readonly interfaceName: string = 'memory'
  readonly boundToGroup: boolean = true
  readonly port: number
  readonly #air: Air
  readonly #host: string
  readonly #isIpv4: boolean
  readonly #mayShare: boolean
  /** Address URLs. */
  readonly #hears: Set<string>
  #handlers: DatagramHandlers | undefined
  #isClosed = false

  constructor(air: Air, host: string, { groups, port, reuseAddress = false }: MulticastSocketOptions) {
    this.#air = air
    this.#host = host
    this.port = port
    this.#mayShare = reuseAddress
    this.#isIpv4 = groups.every(isIpv4Group)
    if (!this.#isIpv4 && groups.some(isIpv4Group)) {
      throw new MulticastError('bad-address', 'groups: expected all IPv4 or all IPv6')
    }
    this.#hears = new Set(groups.map((group) => MemoryMulticastSocket.addressOf(group, port)))
    this.localAddress = MemoryMulticastSocket.addressOf(groups[0] ?? new Uint8Array(16), port)
  }

  static addressOf(group: Uint8Array, port: number): string {
    return placeAddress({ group, port })
  }

  hears(address: string): boolean {
    return !this.#isClosed && this.#hears.has(address)
  }

  /** As Linux has it: a port is taken for the groups that are listened on. */
  clashesWith(other: MemoryMulticastSocket): boolean {
    if (this.#host !== other.#host || (this.#mayShare && other.#mayShare)) return false
    return [...this.#hears].some((address) => other.#hears.has(address))
  }

  /** @returns whether somebody read it */
  deliver(bytes: Uint8Array, host: string): boolean {
    if (this.#isClosed || this.#handlers === undefined) return false
    this.#handlers.message(bytes, { address: `udp://${host.includes(':') ? `[${host}]` : host}:${this.port}`, host })
    return true
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
  }

  peer(address: string): DatagramPeer {
    const { host, port } = parseAddress(address, 'udp')
    if (port === 0 || host.includes(':') === this.#isIpv4) {
      const text = `expected udp://, an address of the family of ${this.localAddress} and a port above 0, got ${address}`
      throw new TransportError('bad-address', text)
    }
    return { address, host }
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    if (!this.#isClosed) this.#air.send(bytes, to.address, this.#host)
  }

  async join(group: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new MulticastError('closed', 'join: the socket is closed')
    if (isIpv4Group(group) !== this.#isIpv4) {
      throw new MulticastError('bad-address', `expected a group of the family of ${this.localAddress}`)
    }
    this.#hears.add(MemoryMulticastSocket.addressOf(group, this.port))
  }

  async leave(group: Uint8Array): Promise<void> {
    this.#hears.delete(MemoryMulticastSocket.addressOf(group, this.port))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#air.closed(this)
    await Promise.resolve()
    this.#handlers?.closed()
  }
}
