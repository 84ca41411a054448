import {
  type AnnounceRequest,
  type AnnounceResponse,
  decodeAnnounceRequest,
  decodeAnnounceResponse,
  decodeGetAddrsRequest,
  decodeGetAddrsResponse,
  decodeSyncHello,
  decodeSyncPing,
  decodeSyncRecord,
  decodeSyncStreamHello,
  decodeTrackerRequest,
  decodeTrackerResponse,
  encodeAnnounceRequest,
  encodeAnnounceResponse,
  encodeGetAddrsRequest,
  encodeGetAddrsResponse,
  encodeSyncHello,
  encodeSyncPing,
  encodeSyncRecord,
  encodeSyncStreamHello,
  encodeTrackerRequest,
  encodeTrackerResponse,
  type GetAddrsRequest,
  type GetAddrsResponse,
  type SyncHello,
  type SyncRecord,
  type TrackerCommandName,
  type TrackerForm,
} from '@mimirjs/wire/tracker'
import type { BytesCodec, CodecTable } from './codec.js'
import type { Shape } from './shape.js'

/** The members of all messages about nodes: none means different things in two of them. */
const nodeShape: Shape = {
  publicKey: 'bytes',
  address: 'bytes',
  signature: 'bytes',
  ttlSeconds: 'bigint',
  records: [{ address: 'bytes', signature: 'bytes', lifetimeMs: 'bigint' }],
}

function request(form: TrackerForm, command: TrackerCommandName): BytesCodec {
  return {
    shape: nodeShape,
    decode: (bytes) => decodeTrackerRequest(form, command, bytes),
    encode: (value: never) => encodeTrackerRequest(form, command, value),
  }
}

function response(form: TrackerForm, command: TrackerCommandName): BytesCodec {
  return {
    shape: nodeShape,
    decode: (bytes) => decodeTrackerResponse(form, command, bytes),
    encode: (value: never) => encodeTrackerResponse(form, command, value),
  }
}

function codecsOf(form: TrackerForm): CodecTable {
  const commands: TrackerCommandName[] = form === 'stream' ? ['announce', 'getAddrs'] : ['announce', 'getAddrs', 'ping']
  return Object.fromEntries(
    commands.flatMap((command) => [
      [`tracker.${form}.${command}Request`, request(form, command)],
      [`tracker.${form}.${command}Response`, response(form, command)],
    ]),
  )
}

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
  ...codecsOf('stream'),
  ...codecsOf('v1'),
  ...codecsOf('v2'),
  'tracker.sync.hello': {
    shape: { publicKey: 'bytes' },
    decode: decodeSyncHello,
    encode: (hello: SyncHello) => encodeSyncHello(hello),
  },
  'tracker.sync.streamHello': {
    shape: { publicKey: 'bytes' },
    decode: decodeSyncStreamHello,
    encode: (hello: SyncHello) => encodeSyncStreamHello(hello),
  },
  'tracker.sync.ping': {
    shape: 'plain',
    decode: decodeSyncPing,
    encode: () => encodeSyncPing(),
  },
  'tracker.sync.tlvRecord': {
    shape: { publicKey: 'bytes', address: 'bytes', signature: 'bytes', lifetimeSeconds: 'bigint' },
    decode: decodeSyncRecord,
    encode: (record: SyncRecord) => encodeSyncRecord(record),
  },
}
