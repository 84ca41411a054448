import { WireError } from '../error.js'

/** Byte 0 of a datagram; nothing else tells the packets apart (multicast protocol §4). */
export const MulticastPacketType = { addressDeclaration: 0, sessionInitiation: 1, sessionData: 2 } as const

/** Longest datagram, in bytes: the originals read into a buffer of this size (multicast protocol §10). */
export const MULTICAST_MAX_DATAGRAM_BYTES = 1500
/** A group address, in bytes; IPv4 groups stand in their mapped form, `::ffff:a.b.c.d`. */
export const GROUP_BYTES = 16
/** An Ed25519 identity key, in bytes. */
export const NODE_KEY_BYTES = 32
/** An X25519 public value, in bytes. */
export const SESSION_KEY_BYTES = 32
/** An Ed25519 signature, in bytes. */
export const SIGNATURE_BYTES = 64
/** A session id, in bytes; the side that opens the session draws it. */
export const SESSION_ID_BYTES = 16

/**
 * Originals ignore surplus bytes, which no signature covers; no sender makes any, so they are refused here (§4).
 * @throws {WireError} `truncated` | `trailing` | `unexpected-type`
 */
export function requirePacket(bytes: Uint8Array, type: number, sizeBytes: number, packet: string): void {
  requireType(bytes, type, packet)
  if (bytes.length === sizeBytes) return
  throw new WireError(
    bytes.length < sizeBytes ? 'truncated' : 'trailing',
    `${packet}: expected ${sizeBytes} bytes, got ${bytes.length}`,
    { field: packet },
  )
}

/** @throws {WireError} `truncated` when there is no byte at all | `unexpected-type` */
export function requireType(bytes: Uint8Array, type: number, packet: string): void {
  if (bytes[0] === type) return
  if (bytes.length === 0)
    throw new WireError('truncated', `${packet}: expected a packet, got no byte`, { field: packet })
  throw new WireError('unexpected-type', `${packet}: expected type ${type}, got ${bytes[0]}`, { field: packet })
}
