import { CryptoError } from './error.js'

/** @throws {CryptoError} `argument`. The text is built on the throwing path only, and never shows the bytes. */
export function requireBytes(value: Uint8Array, lengthBytes: number, what: string): void {
  requireUint8Array(value, what)
  if (value.length !== lengthBytes)
    throw new CryptoError('argument', `${what}: expected ${lengthBytes} bytes, got ${value.length}`)
}

/** @throws {CryptoError} `argument` */
export function requireUint8Array(value: Uint8Array, what: string): void {
  if (!(value instanceof Uint8Array))
    throw new CryptoError('argument', `${what}: expected a Uint8Array, got ${value === null ? 'null' : typeof value}`)
}

/** @throws {CryptoError} `argument` */
export function requireInteger(value: number, least: number, most: number, what: string): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new CryptoError('argument', `${what}: expected an integer from ${least} to ${most}, got ${String(value)}`)
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Of constants in this package, which are well-formed. */
export function bytesFromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16))
}

/** @param bytes - a multiple of 8 of them */
export function littleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let value = 0n
  for (let offset = bytes.length - 8; offset >= 0; offset -= 8) value = (value << 64n) | view.getBigUint64(offset, true)
  return value
}
