export type { StreamReader } from '../stream-reader.js'
export {
  hasMediatorCommand,
  MAX_MEDIATOR_REQUEST_BYTES,
  MAX_MEDIATOR_RESPONSE_BYTES,
  MEDIATOR_DIALECTS,
  MediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  MediatorPush,
  type MediatorPushName,
  MediatorStatus,
  mediatorCommandName,
  mediatorPushName,
  RESERVED_REQUEST_IDS,
} from './codes.js'
export {
  decodeMediatorError,
  decodeMediatorRequest,
  decodeMediatorResponse,
  encodeErrorFrame,
  encodeMediatorError,
  encodeMediatorRequest,
  encodeMediatorResponse,
  encodePushFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  encodeResponseHeader,
  MEDIATOR_RESPONSE_HEADER_BYTES,
  type MediatorRequestFrame,
  type MediatorResponseFrame,
} from './frame.js'
export {
  type MediatorReader,
  type MediatorReaderOptions,
  MediatorRequestReader,
  MediatorResponseReader,
} from './frame-reader.js'
export { decodeGroupMessage, encodeGroupMessage, type GroupMessage } from './group-message.js'
export { encodeMediatorInit, type MediatorLayout, mediatorInitBytes, peekMediatorInit } from './init.js'
export { messageGuid } from './message-guid.js'
export {
  decodePushPayload,
  decodeRequestPayload,
  decodeResponsePayload,
  encodePushPayload,
  encodeRequestPayload,
  encodeResponsePayload,
} from './payload.js'
export { hasPermission, type MediatorRole, Permission, type PermissionName, roleOf } from './permissions.js'
export {
  decodeSystemMessage,
  encodeSystemMessage,
  SystemEvent,
  type SystemEventName,
  type SystemMessage,
  systemGuid,
} from './system.js'
export type {
  ChatRequest,
  MediatorMessage,
  MediatorPushes,
  MediatorRequests,
  MediatorResponses,
  MemberInfoRecord,
  MemberRecord,
  MessageIdResponse,
  NoFields,
  UserRequest,
} from './types.js'
