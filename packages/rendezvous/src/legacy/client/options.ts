import type { Clock, Logger } from '@mimirjs/transport'
import { RendezvousError } from '../../error.js'
import type { IceServer, PeerConnectionLike, RendezvousPlatform } from '../../rtc/types.js'
import type { LegacyAccount } from '../account.js'
import type { LegacyLimits } from '../limits.js'
import type { LegacyPolicy } from '../types.js'

/** What `LegacyNode.open` takes. */
export interface LegacyNodeOptions {
  /** An account of its own, never an identity of Mimir. */
  readonly account: LegacyAccount
  /** `ws://` or `wss://`, at most 8. None of them is trusted, and plain `ws://` makes the network one more of them. */
  readonly servers?: readonly string[] | undefined
  /** `browserPlatform()` or `nodePlatform()`. */
  readonly platform: RendezvousPlatform
  /** STUN and TURN servers; none are built in. */
  readonly iceServers?: readonly IceServer[] | undefined
  /** Connect through TURN servers only, so that the other side does not learn our address. Default `false`. */
  readonly isRelayOnly?: boolean | undefined
  /** One's own name, told to whoever a link is open with. */
  readonly name?: string | undefined
  /** Who may connect: `accept`, `ignore`, or `ask`, which is the default. Until an answer nothing is sent to them. */
  readonly policy?: LegacyPolicy | undefined
  /** Default: `DEFAULT_LEGACY_LIMITS`. */
  readonly limits?: Partial<LegacyLimits> | undefined
  readonly clock?: Clock | undefined
  readonly logger?: Logger | undefined
  /** For tests. Default: that of `@mimirjs/crypto`. */
  readonly randomBytes?: ((sizeBytes: number) => Uint8Array) | undefined
}

/** @throws {RendezvousError} `bad-server` */
export function requireLegacyServer(url: string): void {
  let parsed: URL | undefined
  try {
    parsed = new URL(url)
  } catch {
    parsed = undefined
  }
  const isFine =
    parsed !== undefined &&
    (parsed.protocol === 'ws:' || parsed.protocol === 'wss:') &&
    parsed.username === '' &&
    parsed.password === '' &&
    parsed.hash === ''
  if (!isFine) throw new RendezvousError('bad-server', 'expected ws://host:port or wss://host:port of a pim server')
}

export function openPeerConnection(options: LegacyNodeOptions): Promise<PeerConnectionLike> {
  const { iceServers = [], isRelayOnly = false, platform } = options
  return platform.createPeerConnection({ iceServers, iceTransportPolicy: isRelayOnly ? 'relay' : 'all' })
}
