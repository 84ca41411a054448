export type { Clock, Logger } from '@mimirjs/transport'
export type { Content, IncomingFile, MessageKind, MessageView, OutgoingFile } from './content.js'
export type { LinkState, RetryOptions } from './courier.js'
export { isMessengerError, MessengerError, type MessengerErrorCode } from './error.js'
export type { MessageHandler } from './handlers.js'
export type { HistoryEntry, IncomingMessage, Sent } from './message.js'
export { Messenger } from './messenger.js'
export type {
  Contact,
  ContactChange,
  ContactKind,
  IncomingState,
  MessageContent,
  NewIncoming,
  NewOutgoing,
  OutgoingState,
  Store,
  StoreCounts,
  StoredMessage,
} from './store.js'
export { createMemoryStore } from './store-memory.js'
export { openSqliteStore, type SqliteStoreOptions } from './store-sqlite.js'
export type {
  Health,
  ListenOptions,
  MessengerEvents,
  MessengerOptions,
  MessengerParts,
  PeerState,
} from './types.js'
