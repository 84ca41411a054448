import { YggdrasilError } from '../error.js'

// Unsigned LEB128 of 64 bits: 7 bits a byte, lowest first, top bit set on all but the last. yggdrasil protocol §3.1.

/** Longest uvarint, in bytes. */
export const MAX_UVARINT_BYTES = 10
const MAX_UVARINT = 2n ** 64n - 1n

/**
 * Offset behind the uvarint at `offset`. Forms longer than needed are accepted, as the originals do.
 * @throws {YggdrasilError} `malformed` when the input ends inside it, or it does not fit 64 bits
 */
export function uvarintEnd(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  const stop = offset + MAX_UVARINT_BYTES
  for (let at = offset; at < end; at++) {
    if (bytes[at]! >= 0x80) {
      if (at + 1 === stop) break
    } else {
      if (at + 1 === stop && bytes[at]! > 1) break
      return at + 1
    }
  }
  if (end - offset >= MAX_UVARINT_BYTES) throw new YggdrasilError('malformed', 'uvarint: it does not fit 64 bits')
  throw new YggdrasilError(
    'malformed',
    `uvarint: it ends after ${Math.max(end - offset, 0)} bytes without its last one`,
  )
}

/** The value of the uvarint from `start` to `end`, as {@link uvarintEnd} found it; exact. */
export function uvarintValue(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start <= 7) return BigInt(uvarintNumber(bytes, start, end))
  const low = uvarintNumber(bytes, start, start + 7)
  return BigInt(low) + (BigInt(uvarintNumber(bytes, start + 7, end)) << 49n)
}

/** The same as a number: exact up to 2^53, the nearest one above. Enough to compare with small numbers. */
export function uvarintNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let at = end - 1; at >= start; at--) value = value * 128 + (bytes[at]! & 0x7f)
  return value
}

/** Whether the uvarint from `start` to `end` has no byte that it does not need. */
export function isMinimalUvarint(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 || bytes[end - 1] !== 0
}

/** Bytes of the shortest form of `value`. @throws {YggdrasilError} `misuse` unless it is an integer of 64 bits */
export function uvarintBytes(value: number | bigint): number {
  if (typeof value === 'bigint' ? value >= 0n && value <= MAX_UVARINT : Number.isSafeInteger(value) && value >= 0) {
    let bytes = 1
    if (value <= Number.MAX_SAFE_INTEGER) {
      for (let rest = Number(value); rest >= 128; rest /= 128) bytes++
    } else {
      for (let rest = BigInt(value) >> 7n; rest > 0n; rest >>= 7n) bytes++
    }
    return bytes
  }
  throw new YggdrasilError('misuse', `uvarint: expected an integer from 0 to 2^64-1, got ${value}`)
}

/** Write the shortest form of `value`, which {@link uvarintBytes} has accepted, and return the offset behind it. */
export function writeUvarint(value: number | bigint, target: Uint8Array, offset: number): number {
  let at = offset
  let rest = value
  // Nonces and first watermarks need more bits than a number has; what is left of them soon fits.
  if (typeof rest === 'bigint') {
    for (; rest > Number.MAX_SAFE_INTEGER; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80
    rest = Number(rest)
  }
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 0x80
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80
  target[at++] = rest
  return at
}

/** The shortest form of `value`. @throws {YggdrasilError} `misuse` */
export function encodeUvarint(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(uvarintBytes(value))
  writeUvarint(value, bytes, 0)
  return bytes
}

/** The value of a uvarint that is alone. @throws {YggdrasilError} `malformed`, trailing bytes too */
export function decodeUvarint(bytes: Uint8Array): bigint {
  const end = uvarintEnd(bytes, 0)
  if (end === bytes.length) return uvarintValue(bytes, 0, end)
  throw new YggdrasilError('malformed', `uvarint of ${end} bytes: ${bytes.length - end} are left over`)
}
