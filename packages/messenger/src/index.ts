export type { Clock, Logger } from '@mimirjs/transport'
export {
  type Closable,
  type CloseOnSignalsOptions,
  closeOnSignals,
  openSqliteStore,
  type SqliteStoreOptions,
} from '#platform'
export type { Command } from './bot/command.js'
export type { Dialogue, WaitOptions } from './bot/dialogue.js'
export type { Middleware } from './bot/middleware.js'
export { type RateLimitOptions, rateLimit } from './bot/rate-limit.js'
export type { CommandHandler, CommandMessage, CommandOptions, HeardHandler, HeardMessage } from './bot/routes.js'
export type {
  Call,
  CallEnd,
  CallEndReason,
  CallMedia,
  CallOptions,
  CallState,
  CallStats,
  MissedCall,
} from './calls/call.js'
export type { ContactDecision, ContactRequest, ContactRequestPolicy } from './contact-requests.js'
export type { Content, OutgoingBlob, OutgoingBytes, OutgoingFile, OutgoingPath } from './content.js'
export type { LinkState, RetryOptions } from './courier.js'
export { isMessengerError, MessengerError, type MessengerErrorCode } from './error.js'
export { type Carriage, FEATURES, type Features } from './features.js'
export type { FaultHook, FaultPoint } from './files/faults.js'
export {
  DEFAULT_TRANSFER_LIMITS,
  type DownloadedFile,
  type DownloadOptions,
  type DownloadProgress,
  type FileEvent,
  type TransferLimits,
} from './files/types.js'
export { Group } from './groups/group.js'
export type {
  CreateGroupOptions,
  GroupChange,
  GroupEvent,
  GroupInvite,
  GroupInvitePolicy,
  GroupMember,
  GroupProfile,
  GroupRole,
  GroupState,
  MediatorAddress,
  MediatorEvent,
  RotateKeyOptions,
} from './groups/types.js'
export type { MessageHandler } from './handlers.js'
export type { HistoryEntry, IncomingMessage, Sent } from './message.js'
export { Messenger } from './messenger.js'
export {
  type CounterName,
  type GaugeName,
  type Gauges,
  type HistogramName,
  METRICS,
  type MetricDefinition,
  type Metrics,
} from './metrics.js'
export type { LocalNetwork, MulticastHealth, MulticastOptions, NearbyEvent, NearbyPerson } from './multicast.js'
export type { OverlayEvent, OverlayHealth, OverlayLink, OverlayNode, OverlayOptions } from './overlay.js'
export type {
  Knock,
  RendezvousClock,
  RendezvousHealth,
  RendezvousIceServer,
  RendezvousOptions,
  RendezvousServerStatus,
  RendezvousStrangers,
} from './rendezvous.js'
export { MAX_AVATAR_BYTES, type ProfileChange } from './settings.js'
export type {
  Contact,
  ContactChange,
  ContactKind,
  ContactNote,
  ContactNoteKind,
  Conversation,
  FileChange,
  FileState,
  IncomingState,
  MessageContent,
  NewFile,
  NewIncoming,
  NewOutgoing,
  OutgoingState,
  PendingOptions,
  Received,
  SearchOptions,
  Store,
  StoreCounts,
  StoredFile,
  StoredMessage,
} from './store.js'
export type {
  GroupBatch,
  GroupCopy,
  GroupMembership,
  GroupRowChange,
  GroupStore,
  InGroup,
  MemberChange,
  MemberEntry,
  MemberProfile,
  NewGroupMessage,
  Sealed,
  SentToGroup,
  StoredGroup,
  StoredInvite,
  StoredMember,
} from './store-groups.js'
export { createMemoryStore } from './store-memory.js'
export type {
  ConversationSummary,
  FileServerOptions,
  Health,
  ListenOptions,
  MessengerEvents,
  MessengerOptions,
  MessengerParts,
  PeerState,
} from './types.js'
export type { IncomingFile, MessageKind, MessageView } from './view.js'
