import type { Signer } from '@mimirjs/crypto'
import type { Discovery, MulticastNetwork, MulticastNode } from '@mimirjs/multicast'
import type { Clock, Logger } from '@mimirjs/transport'
import { MessengerError } from './error.js'

/** How to be on the local network. */
export interface MulticastOptions {
  /**
   * Name of the network interface, or an address of it. Default: the first that is up, is not loopback and
   * has an address of the family.
   */
  readonly interface?: string
  /** IP version. People find each other only within the same. Default 4. */
  readonly family?: 4 | 6
  /** Say on the local network that we are there, and where. Default `true`; `false`: we find others, and nobody finds us. */
  readonly announce?: boolean
  /** UDP port on which people say where they are. Those on different ones do not hear each other. Default 21070. */
  readonly port?: number
  /** Default: UDP of this machine. */
  readonly network?: MulticastNetwork
}

/** Somebody came to, or went from, the local network: as they say, see {@link NearbyPerson}. */
export interface NearbyEvent {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  /** `mp2p://` URL. */
  readonly address: string
  /** `found` also when somebody is at another address than before, unless nobody answered there. `lost` comes after 150 s of silence, or when our socket is gone. */
  readonly state: 'found' | 'lost'
}

/**
 * Somebody who is on the local network, as was said there in their name: once they did say so, but anybody can repeat it.
 * Who is at the address shows when a connection is made.
 */
export interface NearbyPerson {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  /** `mp2p://` URL. */
  readonly address: string
  /** Whether we have written them down. */
  readonly contact: boolean
}

/** How we stand on the local network. */
export interface MulticastHealth {
  /** Where our node is: `mp2p://` URL, with a new group after every start. */
  readonly address: string
  /** Name of the network interface. */
  readonly interface: string
  /** People who are said to be there, contacts or not. */
  readonly nearby: number
}

/** What our node is opened with. */
export interface LocalNetworkParts {
  readonly signer: Signer
  readonly clock: Clock | undefined
  readonly logger: Logger | undefined
}

/** Our node on the local network. Nobody knows of it before `Nearby` says so. */
export interface LocalNetwork {
  readonly node: MulticastNode
  readonly options: MulticastOptions
  /** What the node is on. */
  readonly network: MulticastNetwork
  /** How to look around there. */
  readonly discover: typeof Discovery.open
  /** Who, 64 hex digits, may open sessions with us. Until it is set nobody may. */
  readonly doors: { mayCome(peer: string): boolean }
}

export function multicastError(what: string, cause: unknown): MessengerError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new MessengerError('multicast', `${what}: ${why}`, { cause })
}
