export { type Counters, VERDICTS, type Verdict } from './counters.js'
export { type Blame, isRendezvousError, RendezvousError, type RendezvousErrorCode } from './error.js'
export { DEFAULT_LIMITS, type MachineLimits, type RendezvousLimits } from './limits.js'
export type {
  CloseCode,
  DeclineOptions,
  Knock,
  PolicyAnswer,
  RendezvousState,
  Role,
  ServerReason,
  ServerStatus,
} from './machine/index.js'
export { displayFingerprint } from './machine/index.js'
export { formatRendezvousAddress, parseRendezvousAddress } from './node-core/address.js'
export { RendezvousLink } from './node-core/link.js'
export { RendezvousNode } from './node-core/node.js'
export type { RendezvousNodeOptions, RendezvousStateStore } from './node-core/options.js'
export type {
  ChatMessage,
  ConnectOptions,
  RendezvousLinkCounters,
  RendezvousLinkEvents,
  RendezvousNodeEvents,
  SharedProfile,
} from './node-core/types.js'
export type { StreamLimits } from './rtc/limits.js'
export type {
  DataChannelInit,
  DataChannelLike,
  IceCandidate,
  IceServer,
  PeerConnectionConfig,
  PeerConnectionLike,
  RendezvousPlatform,
  SessionDescription,
  WebSocketLike,
} from './rtc/types.js'
