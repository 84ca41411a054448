import { checkBytes } from '../int.js'
import {
  MulticastPacketType,
  NODE_KEY_BYTES,
  requirePacket,
  SESSION_ID_BYTES,
  SESSION_KEY_BYTES,
  SIGNATURE_BYTES,
} from './layout.js'

/** Size of a session initiation, in bytes; request and answer look alike. */
export const SESSION_INITIATION_BYTES = 177
/** What its signature covers: so many bytes from the first on; the signature follows. */
export const SESSION_INITIATION_SIGNED_BYTES = 113

const PACKET = 'sessionInitiation'

/**
 * "Let us talk", and the answer to it: only the situation tells which. (multicast protocol §4.2)
 * `type u8 | sessionId 16 | src 32 | dst 32 | sessionKey 32 | signature 64`
 */
export interface SessionInitiation {
  /** Drawn at random by whoever opens the session, 16 bytes; the answer repeats it. */
  readonly sessionId: Uint8Array
  /** The sender's Ed25519 public key, 32 bytes. */
  readonly src: Uint8Array
  /** The receiver's Ed25519 public key, 32 bytes. */
  readonly dst: Uint8Array
  /** The sender's X25519 public value for this session, 32 bytes. Not judged here. */
  readonly sessionKey: Uint8Array
  /** Ed25519 by `src` over the first 113 bytes of the packet, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
}

/**
 * Decode one datagram. The byte fields are views of `bytes`: copy what you keep.
 * @throws {WireError} `truncated` | `trailing` | `unexpected-type`
 */
export function decodeSessionInitiation(bytes: Uint8Array): SessionInitiation {
  requirePacket(bytes, MulticastPacketType.sessionInitiation, SESSION_INITIATION_BYTES, PACKET)
  return {
    sessionId: bytes.subarray(1, 17),
    src: bytes.subarray(17, 49),
    dst: bytes.subarray(49, 81),
    sessionKey: bytes.subarray(81, SESSION_INITIATION_SIGNED_BYTES),
    signature: bytes.subarray(SESSION_INITIATION_SIGNED_BYTES, SESSION_INITIATION_BYTES),
  }
}

/** @throws {WireError} `length` */
export function encodeSessionInitiation(initiation: SessionInitiation): Uint8Array {
  const bytes = unsignedSessionInitiation(initiation)
  bytes.set(
    checkBytes(initiation.signature, SIGNATURE_BYTES, 'sessionInitiation.signature'),
    SESSION_INITIATION_SIGNED_BYTES,
  )
  return bytes
}

/**
 * The whole datagram with zeros for its signature. Sign {@link signedSessionInitiationBytes} of it and put the
 * signature at {@link SESSION_INITIATION_SIGNED_BYTES}.
 * @throws {WireError} `length`
 */
export function unsignedSessionInitiation({
  sessionId,
  src,
  dst,
  sessionKey,
}: Omit<SessionInitiation, 'signature'>): Uint8Array {
  const bytes = new Uint8Array(SESSION_INITIATION_BYTES)
  bytes[0] = MulticastPacketType.sessionInitiation
  bytes.set(checkBytes(sessionId, SESSION_ID_BYTES, 'sessionInitiation.sessionId'), 1)
  bytes.set(checkBytes(src, NODE_KEY_BYTES, 'sessionInitiation.src'), 17)
  bytes.set(checkBytes(dst, NODE_KEY_BYTES, 'sessionInitiation.dst'), 49)
  bytes.set(checkBytes(sessionKey, SESSION_KEY_BYTES, 'sessionInitiation.sessionKey'), 81)
  return bytes
}

/** What the signature of this datagram covers, as a view. The datagram is complete, or unsigned yet. */
export function signedSessionInitiationBytes(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(0, SESSION_INITIATION_SIGNED_BYTES)
}
