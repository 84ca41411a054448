import { WireError } from '../error.js'

/** The byte that tells the exchanges apart (tracker protocol §2.1). Only datagrams of the current generation know `ping`. */
export const TrackerCommand = { announce: 0, getAddrs: 1, ping: 2 } as const

/** Version byte of every classic request. No tracker of this generation ever looked at it (tracker protocol §4). */
export const CLASSIC_REQUEST_VERSION = 1

/** `version u8 | nonce u32 | command u8`: what every classic request starts with. */
export const REQUEST_HEADER_BYTES = 6
/** `nonce u32 | command u8`: what every answer starts with. */
export const RESPONSE_HEADER_BYTES = 5

export const USER_KEY_BYTES = 32
/** Public key of an overlay node: what a record of the later generations signs in place of an IP address (§3). */
export const NODE_KEY_BYTES = 32
/** An IPv6 address in network order; it is exactly what a record's signature covers (tracker protocol §3). */
export const RECORD_ADDRESS_BYTES = 16
export const RECORD_SIGNATURE_BYTES = 64

/** A view of `bytes` for big-endian reads and writes at offsets of its own. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** @throws {WireError} `truncated` */
export function requireBytes(bytes: Uint8Array, needed: number, message: string): void {
  if (bytes.length >= needed) return
  throw new WireError('truncated', `${message}: ${needed} bytes are needed, ${bytes.length} came`, { field: message })
}

/** @throws {WireError} `unexpected-type` */
export function requireCommand(found: number, expected: number, message: string): void {
  if (found === expected) return
  throw new WireError('unexpected-type', `${message}: command ${expected} expected, ${found} came`, { field: message })
}

/** @throws {WireError} `length` unless there is room for `needed` bytes at `offset` of `target`. */
export function requireRoom(target: Uint8Array, offset: number, needed: number, message: string): void {
  if (Number.isInteger(offset) && offset >= 0 && target.length - offset >= needed) return
  throw new WireError(
    'length',
    `${message}: ${needed} bytes do not fit at offset ${offset} of a ${target.length}-byte target`,
    { field: message },
  )
}

/** @throws {WireError} `out-of-range`: the setters of a DataView would wrap silently. */
export function uint(value: number, max: number, field: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new WireError('out-of-range', `${field} must be an integer from 0 to ${max}, got ${value}`, { field })
}

/** @throws {WireError} `out-of-range` */
export function uint64(value: bigint, field: string): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= 0xffff_ffff_ffff_ffffn) return value
  throw new WireError('out-of-range', `${field} must be a bigint from 0 to 2^64-1, got ${value}`, { field })
}

/** @throws {WireError} `length` */
export function exactly(value: Uint8Array, byteLength: number, field: string): Uint8Array {
  if (value.length === byteLength) return value
  throw new WireError('length', `${field} must be ${byteLength} bytes, got ${value.length}`, { field })
}
