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
  RECORD_ADDRESS_BYTES,
  RECORD_SIGNATURE_BYTES,
  TrackerCommand,
  USER_KEY_BYTES,
} from './layout.js'
