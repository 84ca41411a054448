export type { NewChat } from './chat-fields.js'
export { MediatorClient } from './client.js'
export {
  type Blame,
  isMediatorError,
  MediatorError,
  type MediatorErrorCode,
  type MediatorErrorOptions,
} from './error.js'
export { DEFAULT_LIMITS, type MediatorClientLimits } from './limits.js'
export { type PermissionName, Permissions } from './permissions.js'
export { DEFAULT_TIMERS, type MediatorTimers } from './timers.js'
export type {
  CallOptions,
  ChatFollower,
  Following,
  MediatorClientCommonOptions,
  MediatorClientEvents,
  MediatorClientOptions,
  MediatorState,
  ReceivedBatch,
  ReceivedMessage,
} from './types.js'
