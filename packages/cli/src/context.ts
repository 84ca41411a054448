import type { Logger, MediatorAddress, MulticastOptions, RendezvousIceServer } from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import type { CliIo } from './io.js'
import type { Output } from './output.js'

/** What a command works with: the shared options, resolved, and the world outside. */
export interface Context {
  readonly io: CliIo
  readonly output: Output
  /** Absolute path. */
  readonly home: string
  /** Address URLs of trackers, none given = empty. */
  readonly trackers: readonly string[]
  /** Mediators to hear invites from; the first is where new groups are made. */
  readonly mediators: readonly MediatorAddress[]
  /** Nodes of the overlay to connect to; with any, the command runs a node of its own. */
  readonly peers: readonly string[]
  /** How to be on the local network; with `undefined` the command is not, and no packet says that it runs. */
  readonly multicast: MulticastOptions | undefined
  /** Servers where people meet, browsers too; with none the command asks no server. */
  readonly rendezvous: readonly string[]
  /** STUN and TURN servers. */
  readonly iceServers: readonly RendezvousIceServer[]
  /** Only through a TURN server of those. */
  readonly relayOnly: boolean
  /** Which apps to talk with. */
  readonly generation: Generation
  /** Fires when the person wants the command to end. */
  readonly stop: AbortSignal
  /** Fires when the person does not want to wait for that. */
  readonly force: AbortSignal
  /** For the packages below; silent unless --verbose. */
  readonly logger: Logger
}
