export type { CallState } from './call-table.js'
export { type Blame, isPeerError, PeerError, type PeerErrorCode } from './error.js'
export { DEFAULT_LIMITS, type PeerLimits } from './limits.js'
export { Peer } from './peer.js'
export type { SessionTimers } from './timers.js'
export type {
  AuthorizeContext,
  CallFrame,
  ChallengePolicy,
  Connection,
  ConnectionHandlers,
  ConnectOptions,
  DataSink,
  FileRange,
  IncomingFileRequest,
  OutgoingContactRequest,
  OutgoingData,
  OutgoingFileRequest,
  OutgoingInfo,
  OutgoingMessage,
  PeerCloseOptions,
  PeerOptions,
  Role,
} from './types.js'
