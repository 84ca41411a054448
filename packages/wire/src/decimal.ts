import { highHalf, i64FromHalves, lowHalfOfLast } from './int.js'

// Decimal text of 64-bit integers without a bigint on the way: a number holds 53 bits, so every step below is split
// such that no intermediate result passes them.
const TWO_32 = 0x1_0000_0000
const MILLION = 1_000_000
const TEN_MILLION = 10_000_000
const POWERS_OF_TEN: readonly number[] = Array.from({ length: 5 }, (_, exponent) => 10 ** exponent)
const MAX_DIGITS = 19
const EXACT_DIGITS = 15

/** Reads `-?` and digits out of bytes; one instance is reused, its result stands until the next `read`. */
export class DecimalReader {
  /** Offset behind the last digit. */
  end = 0
  #high = 0
  #low = 0

  /**
   * Whether at `at` stands the plain form of a signed 64-bit integer: no leading zero, nothing but digits and the
   * sign. What follows it is not looked at.
   */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    const negative = at < end && bytes[at] === 0x2d
    const first = negative ? at + 1 : at
    const exactEnd = Math.min(end, first + EXACT_DIGITS)
    let position = first
    let leading = 0
    for (; position < exactEnd; position++) {
      const digit = bytes[position]! - 0x30
      if (digit < 0 || digit > 9) break
      leading = leading * 10 + digit
    }
    let rest = 0
    let restDigits = 0
    if (position === first + EXACT_DIGITS) {
      for (; position < end; position++) {
        const digit = bytes[position]! - 0x30
        if (digit < 0 || digit > 9) break
        if (++restDigits > MAX_DIGITS - EXACT_DIGITS) return false
        rest = rest * 10 + digit
      }
    }
    if (position === first || (bytes[first] === 0x30 && position > first + 1)) return false
    this.end = position
    const scale = POWERS_OF_TEN[restDigits]!
    const lowProduct = (leading % TWO_32) * scale + rest
    this.#low = lowProduct % TWO_32
    this.#high = Math.floor(leading / TWO_32) * scale + Math.floor(lowProduct / TWO_32)
    if (!negative) return this.#high < 0x8000_0000
    if (this.#high > 0x8000_0000 || (this.#high === 0x8000_0000 && this.#low !== 0)) return false
    this.#low = this.#low === 0 ? 0 : TWO_32 - this.#low
    this.#high = (~this.#high + (this.#low === 0 ? 1 : 0)) >>> 0
    return true
  }

  /** The integer read. */
  get bigint(): bigint {
    return i64FromHalves(this.#high, this.#low)
  }

  /** The integer read; exact within 2^53 either way. */
  get number(): number {
    return (this.#high | 0) * TWO_32 + this.#low
  }
}

// The magnitude of the last value split, as `leading * 10^6 + lastSix`.
let leading = 0
let lastSix = 0

/** Characters of `value` in decimal, sign included: a signed 64-bit bigint or an integer within 2^53. */
export function decimalByteLength(value: bigint | number): number {
  const sign = typeof value === 'bigint' ? split(value) : splitNumber(value)
  return sign + (leading === 0 ? digitsOf(lastSix) : digitsOf(leading) + 6)
}

/** Write such a `value` in decimal at `at`; return the offset behind it. */
export function writeDecimal(target: Uint8Array, at: number, value: bigint | number): number {
  const end = at + decimalByteLength(value)
  if (value < 0) target[at] = 0x2d
  if (leading === 0) {
    writeDigits(target, end, lastSix, digitsOf(lastSix))
  } else {
    writeDigits(target, end, lastSix, 6)
    const upper = Math.floor(leading / TEN_MILLION)
    const lower = leading % TEN_MILLION
    writeDigits(target, end - 6, lower, upper === 0 ? digitsOf(lower) : 7)
    if (upper !== 0) writeDigits(target, end - 13, upper, digitsOf(upper))
  }
  return end
}

/** Returns the characters of the sign: 1 or 0. */
function split(value: bigint): number {
  let high = highHalf(value)
  let low = lowHalfOfLast()
  const negative = high >= 0x8000_0000
  if (negative) {
    low = low === 0 ? 0 : TWO_32 - low
    high = (~high + (low === 0 ? 1 : 0)) >>> 0
  }
  const middle = (high % MILLION) * TWO_32 + low
  leading = Math.floor(high / MILLION) * TWO_32 + Math.floor(middle / MILLION)
  lastSix = middle % MILLION
  return negative ? 1 : 0
}

function splitNumber(value: number): number {
  const magnitude = Math.abs(value)
  leading = Math.floor(magnitude / MILLION)
  lastSix = magnitude % MILLION
  return value < 0 ? 1 : 0
}

function digitsOf(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

function writeDigits(target: Uint8Array, end: number, value: number, digits: number): void {
  let rest = value
  for (let at = end - 1; at >= end - digits; at--) {
    const shorter = (rest / 10) | 0
    target[at] = 0x30 + rest - shorter * 10
    rest = shorter
  }
}
