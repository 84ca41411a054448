import { nativeDrivers } from './links/native/index.js'
import { launch } from './node/launch.js'
import type { YggdrasilNode, YggdrasilOptions } from './node/types.js'

export {
  addressForKey,
  formatAddress,
  formatSubnet,
  keyForAddress,
  keyForSubnet,
  subnetForKey,
} from './address.js'
export { isYggdrasilError, YggdrasilError, type YggdrasilErrorCode } from './error.js'
export { formatKey, parseKey } from './key.js'
export { DEFAULT_LIMITS, type YggdrasilLimits } from './limits.js'
export type { LinkDriver, LinkScheme, PeerUri } from './links/types.js'
export { type PeerUriUse, parsePeerUri } from './links/uri.js'
export { generateNodeSeed } from './node/options.js'
export type {
  CloseOptions,
  KeyLike,
  PacketHandler,
  PathInfo,
  PeerDownEvent,
  PeerInfo,
  PeerInfoState,
  PeerRetryEvent,
  PeerUpEvent,
  PingResult,
  SessionInfo,
  TreeInfo,
  WaitOptions,
  YggdrasilEvents,
  YggdrasilNode,
  YggdrasilOptions,
  YggdrasilStats,
} from './node/types.js'

/**
 * A Yggdrasil node in this process, with every kind of link that Node can make.
 * @example
 * await using node = await Yggdrasil.start({ peers: ['tls://example.org:443'] })
 * const stream = await node.openStream(key, 42)
 */
export const Yggdrasil: { start(options?: YggdrasilOptions): Promise<YggdrasilNode> } = {
  /**
   * Resolves when everything listens and dialling has begun; peers that cannot be reached are events, and tried again.
   * Rejects with a `YggdrasilError`: `bad-uri`, `bad-key`, `misuse`, `duplicate`, `unsupported`, `address-in-use`,
   * `unreachable`; then nothing is left open.
   */
  start: (options) => launch(options, nativeDrivers),
}
export type Yggdrasil = YggdrasilNode
