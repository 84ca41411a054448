export {
  ANNOUNCE_REQUEST_BYTES,
  ANNOUNCE_RESPONSE_BYTES,
  type AnnounceRequest,
  type AnnounceResponse,
  decodeAnnounceRequest,
  decodeAnnounceResponse,
  encodeAnnounceRequest,
  encodeAnnounceRequestInto,
  encodeAnnounceResponse,
  encodeAnnounceResponseInto,
} from './announce.js'
export { decodeRequest, decodeResponse, peekResponse, type TrackerRequest, type TrackerResponse } from './dispatch.js'
export {
  decodeGetAddrsRequest,
  decodeGetAddrsResponse,
  encodeGetAddrsHeadInto,
  encodeGetAddrsRequest,
  encodeGetAddrsRequestInto,
  encodeGetAddrsResponse,
  encodeGetAddrsResponseInto,
  encodeRecordInto,
  GET_ADDRS_REQUEST_BYTES,
  GET_ADDRS_RESPONSE_HEAD_BYTES,
  type GetAddrsRequest,
  type GetAddrsResponse,
  MAX_COUNTED_RECORDS,
  RECORD_BYTES,
  type TrackerRecord,
} from './get-addrs.js'
export {
  CLASSIC_REQUEST_VERSION,
  NODE_KEY_BYTES,
  RECORD_ADDRESS_BYTES,
  RECORD_SIGNATURE_BYTES,
  TrackerCommand,
  USER_KEY_BYTES,
} from './layout.js'
export { decodeNodeRecord, encodeNodeRecord, NODE_RECORD_BYTES } from './node-fixed.js'
export {
  decodeTrackerRequest,
  decodeTrackerResponse,
  encodeTrackerRequest,
  encodeTrackerResponse,
  peekTrackerCommand,
  peekTrackerForm,
} from './node-forms.js'
export type {
  NodeAnnounceRequest,
  NodeGetAddrsResponse,
  NodeRecord,
  TrackerCommandName,
  TrackerForm,
  TrackerPing,
  TrackerRequests,
  TrackerResponses,
} from './node-messages.js'
export {
  decodeSyncHello,
  decodeSyncPing,
  decodeSyncRecord,
  decodeSyncStreamHello,
  encodeSyncHello,
  encodeSyncPing,
  encodeSyncRecord,
  encodeSyncStreamHello,
  MAX_SYNC_PAYLOAD_BYTES,
  SyncCommand,
  type SyncFrame,
  type SyncHello,
  SyncReader,
  type SyncRecord,
} from './sync.js'
