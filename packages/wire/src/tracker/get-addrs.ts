import { WireError } from '../error.js'
import {
  CLASSIC_REQUEST_VERSION,
  exactly,
  RECORD_ADDRESS_BYTES,
  RECORD_SIGNATURE_BYTES,
  REQUEST_HEADER_BYTES,
  RESPONSE_HEADER_BYTES,
  requireBytes,
  requireCommand,
  requireRoom,
  TrackerCommand,
  USER_KEY_BYTES,
  uint,
  uint64,
  viewOf,
} from './layout.js'

/** Length of a resolve request, in bytes. */
export const GET_ADDRS_REQUEST_BYTES: number = REQUEST_HEADER_BYTES + USER_KEY_BYTES
/** Length of the answer to a resolve without its records: the header and the count. */
export const GET_ADDRS_RESPONSE_HEAD_BYTES: number = RESPONSE_HEADER_BYTES + 1
/** Length of one record of the answer, in bytes. */
export const RECORD_BYTES = 95
/** Most records that one byte can count. Originals read at most 10 (tracker protocol §4.4): a tracker sends no more. */
export const MAX_COUNTED_RECORDS = 255

const REQUEST = 'getAddrsRequest'
const RESPONSE = 'getAddrsResponse'
const RECORD = 'getAddrsResponse.records'

/** "Where is this user?" (tracker protocol §4.3) `version u8 | nonce u32 | command u8 | publicKey 32` */
export interface GetAddrsRequest {
  /** u32 that the answer repeats. */
  readonly nonce: number
  /** Identity key of the user looked for, 32 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * One address of a user (tracker protocol §4.4).
 * `address 16 | signature 64 | port u16 | priority u8 | clientId u32 | ttlSeconds u64`
 */
export interface TrackerRecord {
  /** IPv6 address, 16 bytes in network order. */
  readonly address: Uint8Array
  /** Ed25519 signature of `address` alone by the user asked for, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
  readonly port: number
  readonly priority: number
  readonly clientId: number
  /** Lifetime of the record in seconds; trackers of this generation send the constant 3600. */
  readonly ttlSeconds: bigint
}

/** (tracker protocol §4.4) `nonce u32 | command u8 | count u8 | count records of 95 bytes` */
export interface GetAddrsResponse {
  readonly nonce: number
  /** Empty when the tracker knows no live address. */
  readonly records: readonly TrackerRecord[]
}

/**
 * Decode one datagram. Surplus bytes and any version byte are accepted. `publicKey` is a view of `bytes`.
 * @throws {WireError} `truncated` | `unexpected-type`
 */
export function decodeGetAddrsRequest(bytes: Uint8Array): GetAddrsRequest {
  requireBytes(bytes, GET_ADDRS_REQUEST_BYTES, REQUEST)
  const view = viewOf(bytes)
  requireCommand(view.getUint8(5), TrackerCommand.getAddrs, REQUEST)
  return { nonce: view.getUint32(1), publicKey: bytes.subarray(REQUEST_HEADER_BYTES, GET_ADDRS_REQUEST_BYTES) }
}

/** @throws {WireError} `out-of-range` | `length` */
export function encodeGetAddrsRequest(request: GetAddrsRequest): Uint8Array {
  const bytes = new Uint8Array(GET_ADDRS_REQUEST_BYTES)
  encodeGetAddrsRequestInto(request, bytes, 0)
  return bytes
}

/**
 * Write the datagram at `offset` of `target`.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeGetAddrsRequestInto(request: GetAddrsRequest, target: Uint8Array, offset: number): number {
  requireRoom(target, offset, GET_ADDRS_REQUEST_BYTES, REQUEST)
  const nonce = uint(request.nonce, 0xffff_ffff, 'getAddrsRequest.nonce')
  const publicKey = exactly(request.publicKey, USER_KEY_BYTES, 'getAddrsRequest.publicKey')

  const view = viewOf(target)
  view.setUint8(offset, CLASSIC_REQUEST_VERSION)
  view.setUint32(offset + 1, nonce)
  view.setUint8(offset + 5, TrackerCommand.getAddrs)
  target.set(publicKey, offset + REQUEST_HEADER_BYTES)
  return offset + GET_ADDRS_REQUEST_BYTES
}

/**
 * Decode one datagram; surplus bytes behind the counted records are accepted. The byte fields are views of `bytes`.
 * @throws {WireError} `truncated` (no room for the head) | `unexpected-type` | `length` (the count promises more than came)
 */
export function decodeGetAddrsResponse(bytes: Uint8Array): GetAddrsResponse {
  requireBytes(bytes, RESPONSE_HEADER_BYTES, RESPONSE)
  const view = viewOf(bytes)
  requireCommand(view.getUint8(4), TrackerCommand.getAddrs, RESPONSE)
  requireBytes(bytes, GET_ADDRS_RESPONSE_HEAD_BYTES, RESPONSE)
  const count = view.getUint8(RESPONSE_HEADER_BYTES)
  const bodyBytes = bytes.length - GET_ADDRS_RESPONSE_HEAD_BYTES
  if (bodyBytes < count * RECORD_BYTES) {
    throw new WireError(
      'length',
      `${RESPONSE}: the count ${count} needs ${count * RECORD_BYTES} bytes, ${bodyBytes} came`,
      {
        field: RECORD,
      },
    )
  }
  const records: TrackerRecord[] = []
  for (let index = 0; index < count; index++) {
    records.push(readRecord(bytes, view, GET_ADDRS_RESPONSE_HEAD_BYTES + index * RECORD_BYTES))
  }
  return { nonce: view.getUint32(0), records }
}

function readRecord(bytes: Uint8Array, view: DataView, offset: number): TrackerRecord {
  return {
    address: bytes.subarray(offset, offset + 16),
    signature: bytes.subarray(offset + 16, offset + 80),
    port: view.getUint16(offset + 80),
    priority: view.getUint8(offset + 82),
    clientId: view.getUint32(offset + 83),
    ttlSeconds: view.getBigUint64(offset + 87),
  }
}

/** @throws {WireError} `out-of-range` | `length` */
export function encodeGetAddrsResponse(response: GetAddrsResponse): Uint8Array {
  const bytes = new Uint8Array(GET_ADDRS_RESPONSE_HEAD_BYTES + RECORD_BYTES * response.records.length)
  encodeGetAddrsResponseInto(response, bytes, 0)
  return bytes
}

/**
 * Write the datagram at `offset` of `target`.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeGetAddrsResponseInto(response: GetAddrsResponse, target: Uint8Array, offset: number): number {
  const { records } = response
  const count = uint(records.length, MAX_COUNTED_RECORDS, 'getAddrsResponse.records.length')
  requireRoom(target, offset, GET_ADDRS_RESPONSE_HEAD_BYTES + count * RECORD_BYTES, RESPONSE)
  let end = encodeGetAddrsHeadInto(response.nonce, count, target, offset)
  for (const record of records) end = encodeRecordInto(record, target, end)
  return end
}

/**
 * Write the head of an answer (nonce, command, count) alone, for a server that keeps its records encoded and copies them
 * behind it.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeGetAddrsHeadInto(nonce: number, count: number, target: Uint8Array, offset: number): number {
  requireRoom(target, offset, GET_ADDRS_RESPONSE_HEAD_BYTES, RESPONSE)
  uint(nonce, 0xffff_ffff, 'getAddrsResponse.nonce')
  uint(count, MAX_COUNTED_RECORDS, 'getAddrsResponse.records.length')
  target[offset] = nonce >>> 24
  target[offset + 1] = nonce >>> 16
  target[offset + 2] = nonce >>> 8
  target[offset + 3] = nonce
  target[offset + 4] = TrackerCommand.getAddrs
  target[offset + 5] = count
  return offset + GET_ADDRS_RESPONSE_HEAD_BYTES
}

/**
 * Write one record at `offset` of `target`.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeRecordInto(record: TrackerRecord, target: Uint8Array, offset: number): number {
  requireRoom(target, offset, RECORD_BYTES, RECORD)
  const address = exactly(record.address, RECORD_ADDRESS_BYTES, `${RECORD}.address`)
  const signature = exactly(record.signature, RECORD_SIGNATURE_BYTES, `${RECORD}.signature`)
  const port = uint(record.port, 0xffff, `${RECORD}.port`)
  const priority = uint(record.priority, 0xff, `${RECORD}.priority`)
  const clientId = uint(record.clientId, 0xffff_ffff, `${RECORD}.clientId`)
  const ttlSeconds = uint64(record.ttlSeconds, `${RECORD}.ttlSeconds`)

  const view = viewOf(target)
  target.set(address, offset)
  target.set(signature, offset + 16)
  view.setUint16(offset + 80, port)
  view.setUint8(offset + 82, priority)
  view.setUint32(offset + 83, clientId)
  view.setBigUint64(offset + 87, ttlSeconds)
  return offset + RECORD_BYTES
}
