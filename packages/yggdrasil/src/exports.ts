// What both entries have, besides the way to start a node.
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
