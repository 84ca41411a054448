import type { DatagramPeer, DatagramSocket } from '@mimirjs/transport'
import type { MulticastError } from '../error.js'

/** What a {@link MulticastSocket} is opened with. */
export interface MulticastSocketOptions {
  /** Groups to listen on from the start, at least one, 16 bytes each (IPv4 as mapped), all of one family. */
  readonly groups: readonly Uint8Array[]
  /** UDP port to listen on and to send from, 0 to 65535; 0: the system chooses. */
  readonly port: number
  /**
   * The network interface, by its name or by an address of it. Default: the first that is up, is not loopback and has an
   * address of the family.
   */
  readonly interface?: string | undefined
  /** Stops the opening. */
  readonly signal?: AbortSignal | undefined
  /** Share the port with other programs of this machine that ask for the same. Default `false`. */
  readonly reuseAddress?: boolean | undefined
  /** Hop limit or TTL of what is sent, 1 to 255; default 255. Multicast protocol §3 */
  readonly hopLimit?: number | undefined
}

/** An interface with a network whose prefix a group can carry: multicast protocol §2.2. */
export interface PrefixInterface {
  /** Of the interface. */
  readonly name: string
  /** The address with the length of its prefix: `2001:db8::7/64`. */
  readonly cidr: string
}

/** A way of sending to and hearing multicast groups: the operating system's (`@mimirjs/multicast/udp`), or memory. */
export interface MulticastNetwork {
  /** @throws {MulticastError} `bad-address` | `bad-interface` | `address-in-use` | `aborted` | `socket` */
  open(options: MulticastSocketOptions): Promise<MulticastSocket>
  /**
   * The first interface with a global IPv6 network, or the one wanted.
   * @throws {MulticastError} `bad-interface` when there is none
   */
  prefixInterface(wanted?: string): PrefixInterface
}

/**
 * One UDP port on one interface that hears the groups it has joined. Addresses are `udp://[ff1e::…]:1024` or
 * `udp://224.0.224.1:1024`. `send` drops silently what the system does not take.
 */
export interface MulticastSocket extends DatagramSocket {
  /**
   * The same as `send`, and tells what became of it, not before it has returned: `done` gets the failure, or `undefined`
   * when the system took the datagram. For few datagrams: it costs more. A socket whose sends cannot fail has none.
   */
  sendTelling?(bytes: Uint8Array, to: DatagramPeer, done: (error: MulticastError | undefined) => void): void
  readonly interfaceName: string
  /** Really bound. */
  readonly port: number
  /**
   * Whether the system lets through only what was sent to the groups joined. Otherwise everything arrives that is sent to
   * the port: unicast, and groups that others on this machine have joined.
   */
  readonly boundToGroup: boolean
  /** Hear a further group, of the same family. Joining one twice does nothing. */
  join(group: Uint8Array): Promise<void>
  /** Hear it no more. */
  leave(group: Uint8Array): Promise<void>
}
