import type { Signer } from '@mimirjs/crypto'
import type { Clock, Logger } from '@mimirjs/transport'
import type { MulticastLimits } from '../limits.js'
import type { MachineMode, Place, PolicyAnswer } from '../machine/index.js'
import type { StreamLimits } from '../stream/limits.js'
import type { MulticastNetwork } from './network.js'

/**
 * Whether a key that declares itself becomes a peer, and may open sessions. `ask`: the event `peer` tells of it, and
 * `addPeer` lets it in. Asked before its signature is checked.
 */
export type PeerPolicy = (publicKey: Uint8Array, place: Place) => PolicyAnswer

/** How to open a {@link MulticastNode}. */
export interface MulticastNodeOptions {
  /** The identity: what others pin. */
  readonly signer: Signer
  /** `multicastUdp()` of `@mimirjs/multicast/udp`, or that of a test. */
  readonly network: MulticastNetwork
  /**
   * The group to listen on, what others are told: its text, 16 bytes, or the kind to make a new one of. `ipv6`: `ff1e`;
   * `prefix6`: `ff3e` with the prefix of an interface; `ipv4`: 224.0.224.0 to 224.0.249.255. Default `ipv6`, as in the
   * original programs. Two nodes need groups of the same family. Multicast protocol §2
   */
  readonly group?: 'ipv6' | 'prefix6' | 'ipv4' | (string & {}) | Uint8Array | undefined
  /**
   * UDP port, 1024 to 65535; default 1024, as a listening node of the original has. 0: one that the system chooses. Two
   * nodes on one machine need different ones.
   */
  readonly port?: number | undefined
  /**
   * Network interface, by name or by an address of it. Default: the first that is up, is not loopback and has an
   * address of the family.
   */
  readonly interface?: string | undefined
  /** `original`: without what this package checks beyond the original programs. Default `hardened`. */
  readonly mode?: MachineMode | undefined
  /**
   * Who may become a peer by declaring itself. `known`: those given to {@link MulticastNode.addPeer} and `connect`; the
   * others are only told of by the event `peer`. Default `known`; `anybody` in the mode `original`.
   */
  readonly policy?: 'known' | 'anybody' | PeerPolicy | undefined
  readonly limits?: Partial<MulticastLimits> | undefined
  /** Of {@link MulticastNode.streams}. */
  readonly streamLimits?: Partial<StreamLimits> | undefined
  /** Accept groups of smaller scopes too, and 239.0.0.0/8: multicast protocol §2.4. Default `false`. */
  readonly extraScopes?: boolean | undefined
  /** From joining to the first packet sent by `connect`, in ms; default 1000. Multicast protocol §3 */
  readonly joinDelayMs?: number | undefined
  /** Unit of the pauses between attempts, in ms; default 1000. Multicast protocol §8.2 */
  readonly unitMs?: number | undefined
  /** Attempts to open a session; default 20, which take 210 units. */
  readonly attempts?: number | undefined
  /** Share the port with other programs that ask for the same. Default `false`. */
  readonly reuseAddress?: boolean | undefined
  /** Hop limit or TTL of everything sent, 1 to 255; default 255, as the original's. */
  readonly hopLimit?: number | undefined
  /** Default: the steady clock of the system. */
  readonly clock?: Clock | undefined
  /** Default: the system's secure generator. */
  readonly randomBytes?: ((sizeBytes: number) => Uint8Array) | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
  /** Stops the opening. */
  readonly signal?: AbortSignal | undefined
}
