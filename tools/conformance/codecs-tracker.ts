import {
  type AnnounceRequest,
  type AnnounceResponse,
  decodeAnnounceRequest,
  decodeAnnounceResponse,
  decodeGetAddrsRequest,
  decodeGetAddrsResponse,
  encodeAnnounceRequest,
  encodeAnnounceResponse,
  encodeGetAddrsRequest,
  encodeGetAddrsResponse,
  type GetAddrsRequest,
  type GetAddrsResponse,
} from '@mimirjs/wire/tracker'
import type { CodecTable } from './codec.js'

export const trackerCodecs: CodecTable = {
  'tracker.udp.announceRequest': {
    shape: { publicKey: 'bytes', address: 'bytes', signature: 'bytes' },
    decode: decodeAnnounceRequest,
    encode: (request: AnnounceRequest) => encodeAnnounceRequest(request),
  },
  'tracker.udp.announceResponse': {
    shape: { ttlSeconds: 'bigint' },
    decode: decodeAnnounceResponse,
    encode: (response: AnnounceResponse) => encodeAnnounceResponse(response),
  },
  'tracker.udp.getAddrsRequest': {
    shape: { publicKey: 'bytes' },
    decode: decodeGetAddrsRequest,
    encode: (request: GetAddrsRequest) => encodeGetAddrsRequest(request),
  },
  'tracker.udp.getAddrsResponse': {
    shape: { records: [{ address: 'bytes', signature: 'bytes', ttlSeconds: 'bigint' }] },
    decode: decodeGetAddrsResponse,
    encode: (response: GetAddrsResponse) => encodeGetAddrsResponse(response),
  },
}
