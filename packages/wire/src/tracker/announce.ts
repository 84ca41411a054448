import {
  CLASSIC_REQUEST_VERSION,
  exactly,
  RECORD_ADDRESS_BYTES,
  RECORD_SIGNATURE_BYTES,
  requireBytes,
  requireCommand,
  requireRoom,
  TrackerCommand,
  USER_KEY_BYTES,
  uint,
  uint64,
  viewOf,
} from './layout.js'

/** Length of an announce request, in bytes. */
export const ANNOUNCE_REQUEST_BYTES = 125
/** Length of the answer to an announce, in bytes. */
export const ANNOUNCE_RESPONSE_BYTES = 13

const REQUEST = 'announceRequest'
const RESPONSE = 'announceResponse'

/**
 * "I can be reached there." (tracker protocol §4.1)
 * `version u8 | nonce u32 | command u8 | publicKey 32 | port u16 | priority u8 | clientId u32 | address 16 | signature 64`
 */
export interface AnnounceRequest {
  /** u32 that the answer repeats. */
  readonly nonce: number
  /** Identity key of the user, 32 bytes. */
  readonly publicKey: Uint8Array
  /** u16, the port on which the device accepts peer connections. Not signed. */
  readonly port: number
  /** u8. In this generation the lower number is dialed first. Not signed. */
  readonly priority: number
  /** u32 that tells the devices of one user apart. Not signed. */
  readonly clientId: number
  /** IPv6 address, 16 bytes in network order. */
  readonly address: Uint8Array
  /** Ed25519 signature of `address` alone by `publicKey`, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
}

/** The tracker keeps the record. (tracker protocol §4.2) `nonce u32 | command u8 | ttlSeconds u64` */
export interface AnnounceResponse {
  readonly nonce: number
  /** Seconds until the device should announce again. */
  readonly ttlSeconds: bigint
}

/**
 * Decode one datagram. Surplus bytes and any version byte are accepted, as every program of this generation accepts them.
 * The byte fields are views of `bytes`: copy what you keep.
 * @throws {WireError} `truncated` | `unexpected-type`
 */
export function decodeAnnounceRequest(bytes: Uint8Array): AnnounceRequest {
  requireBytes(bytes, ANNOUNCE_REQUEST_BYTES, REQUEST)
  const view = viewOf(bytes)
  requireCommand(view.getUint8(5), TrackerCommand.announce, REQUEST)
  return {
    nonce: view.getUint32(1),
    publicKey: bytes.subarray(6, 38),
    port: view.getUint16(38),
    priority: view.getUint8(40),
    clientId: view.getUint32(41),
    address: bytes.subarray(45, 61),
    signature: bytes.subarray(61, ANNOUNCE_REQUEST_BYTES),
  }
}

/** @throws {WireError} `out-of-range` | `length` */
export function encodeAnnounceRequest(request: AnnounceRequest): Uint8Array {
  const bytes = new Uint8Array(ANNOUNCE_REQUEST_BYTES)
  encodeAnnounceRequestInto(request, bytes, 0)
  return bytes
}

/**
 * Write the datagram at `offset` of `target`.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeAnnounceRequestInto(request: AnnounceRequest, target: Uint8Array, offset: number): number {
  requireRoom(target, offset, ANNOUNCE_REQUEST_BYTES, REQUEST)
  const nonce = uint(request.nonce, 0xffff_ffff, 'announceRequest.nonce')
  const publicKey = exactly(request.publicKey, USER_KEY_BYTES, 'announceRequest.publicKey')
  const port = uint(request.port, 0xffff, 'announceRequest.port')
  const priority = uint(request.priority, 0xff, 'announceRequest.priority')
  const clientId = uint(request.clientId, 0xffff_ffff, 'announceRequest.clientId')
  const address = exactly(request.address, RECORD_ADDRESS_BYTES, 'announceRequest.address')
  const signature = exactly(request.signature, RECORD_SIGNATURE_BYTES, 'announceRequest.signature')

  const view = viewOf(target)
  view.setUint8(offset, CLASSIC_REQUEST_VERSION)
  view.setUint32(offset + 1, nonce)
  view.setUint8(offset + 5, TrackerCommand.announce)
  target.set(publicKey, offset + 6)
  view.setUint16(offset + 38, port)
  view.setUint8(offset + 40, priority)
  view.setUint32(offset + 41, clientId)
  target.set(address, offset + 45)
  target.set(signature, offset + 61)
  return offset + ANNOUNCE_REQUEST_BYTES
}

/**
 * Decode one datagram; surplus bytes are accepted.
 * @throws {WireError} `truncated` | `unexpected-type`
 */
export function decodeAnnounceResponse(bytes: Uint8Array): AnnounceResponse {
  requireBytes(bytes, ANNOUNCE_RESPONSE_BYTES, RESPONSE)
  const view = viewOf(bytes)
  requireCommand(view.getUint8(4), TrackerCommand.announce, RESPONSE)
  return { nonce: view.getUint32(0), ttlSeconds: view.getBigUint64(5) }
}

/** @throws {WireError} `out-of-range` */
export function encodeAnnounceResponse(response: AnnounceResponse): Uint8Array {
  const bytes = new Uint8Array(ANNOUNCE_RESPONSE_BYTES)
  encodeAnnounceResponseInto(response, bytes, 0)
  return bytes
}

/**
 * Write the datagram at `offset` of `target`.
 * @returns the offset behind it
 * @throws {WireError} `out-of-range` | `length`
 */
export function encodeAnnounceResponseInto(response: AnnounceResponse, target: Uint8Array, offset: number): number {
  requireRoom(target, offset, ANNOUNCE_RESPONSE_BYTES, RESPONSE)
  const nonce = uint(response.nonce, 0xffff_ffff, 'announceResponse.nonce')
  const ttlSeconds = uint64(response.ttlSeconds, 'announceResponse.ttlSeconds')

  const view = viewOf(target)
  view.setUint32(offset, nonce)
  view.setUint8(offset + 4, TrackerCommand.announce)
  view.setBigUint64(offset + 5, ttlSeconds)
  return offset + ANNOUNCE_RESPONSE_BYTES
}
