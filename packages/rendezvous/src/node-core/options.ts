import type { Signer } from '@mimirjs/crypto'
import type { Clock, Logger } from '@mimirjs/transport'
import type { RendezvousLimits } from '../limits.js'
import type { PolicyAnswer, RendezvousState } from '../machine/types.js'
import type { IceServer, RendezvousPlatform } from '../rtc/types.js'

/** Where {@link RendezvousState} survives a restart: a file, a row of a database. */
export interface RendezvousStateStore {
  /** Called once, when the node is opened. @returns what was saved last, `undefined` when there is nothing yet */
  load(): Promise<RendezvousState | undefined>
  /** Not called again before its promise is settled. */
  save(state: RendezvousState): Promise<void>
}

/** What `RendezvousNode.open` takes. */
export interface RendezvousNodeOptions {
  /** The identity: signs logins, envelopes and what binds channels to them. */
  readonly signer: Signer
  /** `nodePlatform()`, `browserPlatform()`, or one of memory for tests. */
  readonly platform: RendezvousPlatform
  /** URLs of servers, at most 8: `wss://…`, or `ws://` on this machine. All are used at once. Default: none. */
  readonly servers?: readonly string[] | undefined
  /** STUN and TURN servers. None is built in: without them two networks may find no path to each other. */
  readonly iceServers?: readonly IceServer[] | undefined
  /** Let nobody see an address of ours but that of a TURN server. Default `false`. */
  readonly relayOnly?: boolean | undefined
  /** What we say that we are called when we knock, at most 64 characters; a function where it changes. Default: nothing. */
  readonly name?: string | (() => string | undefined) | undefined
  /**
   * Who may knock. `accept`: a contact, let in without a question. `ask`: event `knock`. `ignore`: as if nobody was there.
   * It has to be quick. Default: `ask` for all.
   */
  readonly policy?: ((publicKey: Uint8Array) => PolicyAnswer) | undefined
  /** Default: none; then a message that was captured can be played to us again for three minutes after a restart. */
  readonly state?: RendezvousStateStore | undefined
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<RendezvousLimits> | undefined
  /** Has to show the time of day. Default: that of the system for dates, and one that nobody sets for what is waited for. */
  readonly clock?: Clock | undefined
  /** Default: the system's secure generator. */
  readonly randomBytes?: ((sizeBytes: number) => Uint8Array) | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
}
