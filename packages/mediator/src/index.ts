export { type Bus, createLocalBus } from './bus.js'
export { type Blame, isMediatorServerError, MediatorServerError, type MediatorServerErrorCode } from './error.js'
export { loadMediatorKey, type MediatorKey } from './key-file.js'
export { DEFAULT_LIMITS, type MediatorLimits } from './limits.js'
export { createMediator } from './mediator.js'
export {
  type ChatSettings,
  call,
  type InviteRow,
  type MediatorStore,
  type MessagePage,
  type Operations,
  type Program,
  type StoreCall,
  type StoredMessageRow,
  type UserRow,
} from './operations.js'
export { openSqliteStore, type SqliteStoreOptions } from './stores/sqlite.js'
export type {
  CutReason,
  Mediator,
  MediatorEvents,
  MediatorHttp,
  MediatorListen,
  MediatorOptions,
  MediatorStats,
  Moderation,
} from './types.js'
