import { bytesFromHex } from '../bytes.js'

/** Big-endian, unsigned. No bytes are 0. */
export function toInteger(bytes: Uint8Array): bigint {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}

/** Big-endian in exactly `sizeBytes`, which are enough. */
export function fromInteger(value: bigint, sizeBytes: number): Uint8Array {
  return bytesFromHex(value.toString(16).padStart(2 * sizeBytes, '0'))
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** Digits of the exponent that are taken at a time. */
const WINDOW_BITS = 4n

/** `base ** exponent % modulus`, by windows of four bits: the same squarings and products whatever the digits are. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n]
  for (let index = 1; index < 1 << Number(WINDOW_BITS); index++)
    table.push(((table[index - 1] as bigint) * base) % modulus)
  let result = 1n
  for (const digit of exponent.toString(16)) {
    for (let bit = 0n; bit < WINDOW_BITS; bit++) result = (result * result) % modulus
    result = (result * (table[Number.parseInt(digit, 16)] as bigint)) % modulus
  }
  return result
}

/** The number whose product with `value` leaves 1, by Euclid; `undefined` when there is none. */
export function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [previous, current] = [modulus, ((value % modulus) + modulus) % modulus]
  let [before, factor] = [0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  return previous === 1n ? ((before % modulus) + modulus) % modulus : undefined
}
