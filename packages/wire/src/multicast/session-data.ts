import { WireError } from '../error.js'
import { checkBytes } from '../int.js'
import { MULTICAST_MAX_DATAGRAM_BYTES, MulticastPacketType, requireType, SESSION_ID_BYTES } from './layout.js'

/** A nonce of AES-256-GCM, in bytes; fresh and random in every packet. */
export const MULTICAST_NONCE_BYTES = 12
/** A tag of AES-256-GCM, in bytes. */
export const MULTICAST_TAG_BYTES = 16
/** What stands before the ciphertext, in bytes: `type u8 | sessionId 16 | nonce 12`. */
export const SESSION_DATA_HEAD_BYTES = 29
/** What a packet has more than its plaintext, in bytes. */
export const SESSION_DATA_OVERHEAD_BYTES = 45

const PACKET = 'sessionData'
const MAX_CIPHERTEXT_BYTES = MULTICAST_MAX_DATAGRAM_BYTES - SESSION_DATA_OVERHEAD_BYTES

/**
 * A payload under the key of a session (multicast protocol §4.3): AES-256-GCM without associated data, so type and
 * session id are not authenticated. `type u8 | sessionId 16 | nonce 12 | ciphertext | tag 16`
 */
export interface SessionData {
  /** 16 bytes. */
  readonly sessionId: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** As long as the plaintext, 0 to 1455 bytes. */
  readonly ciphertext: Uint8Array
  /** 16 bytes. Not checked here. */
  readonly tag: Uint8Array
}

/**
 * Decode one datagram. The byte fields are views of `bytes`: copy what you keep.
 * @throws {WireError} `truncated` below 45 bytes | `length` above 1500 | `unexpected-type`
 */
export function decodeSessionData(bytes: Uint8Array): SessionData {
  requireType(bytes, MulticastPacketType.sessionData, PACKET)
  const tagAt = bytes.length - MULTICAST_TAG_BYTES
  if (tagAt < SESSION_DATA_HEAD_BYTES) {
    throw new WireError(
      'truncated',
      `${PACKET}: expected at least ${SESSION_DATA_OVERHEAD_BYTES} bytes, got ${bytes.length}`,
      { field: PACKET },
    )
  }
  requireFit(tagAt - SESSION_DATA_HEAD_BYTES)
  return {
    sessionId: bytes.subarray(1, 17),
    nonce: bytes.subarray(17, SESSION_DATA_HEAD_BYTES),
    ciphertext: bytes.subarray(SESSION_DATA_HEAD_BYTES, tagAt),
    tag: bytes.subarray(tagAt),
  }
}

/** @throws {WireError} `length` */
export function encodeSessionData({ sessionId, nonce, ciphertext, tag }: SessionData): Uint8Array {
  requireFit(ciphertext.length)
  const bytes = new Uint8Array(SESSION_DATA_OVERHEAD_BYTES + ciphertext.length)
  writeSessionDataHead(bytes, sessionId, nonce)
  bytes.set(ciphertext, SESSION_DATA_HEAD_BYTES)
  bytes.set(checkBytes(tag, MULTICAST_TAG_BYTES, 'sessionData.tag'), SESSION_DATA_HEAD_BYTES + ciphertext.length)
  return bytes
}

/**
 * Write what stands before the ciphertext into the first {@link SESSION_DATA_HEAD_BYTES} bytes of `target`, so that a
 * payload can be sealed straight behind it.
 * @throws {WireError} `length`
 */
export function writeSessionDataHead(target: Uint8Array, sessionId: Uint8Array, nonce: Uint8Array): void {
  checkBytes(sessionId, SESSION_ID_BYTES, 'sessionData.sessionId')
  checkBytes(nonce, MULTICAST_NONCE_BYTES, 'sessionData.nonce')
  if (target.length < SESSION_DATA_HEAD_BYTES) {
    throw new WireError(
      'length',
      `${PACKET}: expected room for ${SESSION_DATA_HEAD_BYTES} bytes, got ${target.length}`,
      { field: PACKET },
    )
  }
  target[0] = MulticastPacketType.sessionData
  target.set(sessionId, 1)
  target.set(nonce, 17)
}

/** @throws {WireError} `length` */
function requireFit(ciphertextBytes: number): void {
  if (ciphertextBytes <= MAX_CIPHERTEXT_BYTES) return
  throw new WireError(
    'length',
    `${PACKET}.ciphertext: expected at most ${MAX_CIPHERTEXT_BYTES} bytes, got ${ciphertextBytes}`,
    { field: 'sessionData.ciphertext' },
  )
}
