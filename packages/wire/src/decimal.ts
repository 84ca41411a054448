import { highHalf, i64FromHalves, lowHalfOfLast } from './int.js'

// Decimal text of 64-bit integers without a bigint on the way: a number holds 53 bits, so every step below is split
// such that no intermediate result passes them.
const TWO_32 = 0x1_0000_0000
const MILLION = 1_000_000
const TEN_MILLION = 10_000_000
const POWERS_OF_TEN: readonly number[] = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)
const MAX_DIGITS = 19
/** So many digits fit a 32-bit integer, which is the fastest to gather them in … */
const INTEGER_DIGITS = 9
/** … and so many a number. */
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
    const head = this.#digits(bytes, first, Math.min(end, first + INTEGER_DIGITS))
    const headEnd = this.end
    if (headEnd === first || (bytes[first] === 0x30 && headEnd > first + 1)) return false
    this.#high = 0
    this.#low = head
    if (headEnd === first + INTEGER_DIGITS) {
      const middle = this.#digits(bytes, headEnd, Math.min(end, first + EXACT_DIGITS))
      const leading = head * POWERS_OF_TEN[this.end - headEnd]! + middle
      const leadingEnd = this.end
      const rest = this.#digits(bytes, leadingEnd, Math.min(end, first + MAX_DIGITS))
      const scale = POWERS_OF_TEN[this.end - leadingEnd]!
      const lowProduct = (leading >>> 0) * scale + rest
      this.#low = lowProduct >>> 0
      this.#high = Math.floor(leading / TWO_32) * scale + Math.floor(lowProduct / TWO_32)
      if (this.end < end && isDigit(bytes[this.end]!)) return false
    }
    if (!negative) return this.#high < 0x8000_0000
    if (this.#high > 0x8000_0000 || (this.#high === 0x8000_0000 && this.#low !== 0)) return false
    this.#low = -this.#low >>> 0
    this.#high = (~this.#high + (this.#low === 0 ? 1 : 0)) >>> 0
    return true
  }

  /** The number that the digits from `at` on make, up to `end`; leaves {@link end} behind the last one. */
  #digits(bytes: Uint8Array, at: number, end: number): number {
    let value = 0
    let position = at
    for (; position < end; position++) {
      const digit = bytes[position]! - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    this.end = position
    return value
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

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

// The magnitude of the last value split, in decimal: up to 6, 7 and 6 digits. A typed array, because module variables
// hold boxed numbers.
const parts = new Int32Array(3)

/** Characters of `value` in decimal, sign included: a signed 64-bit bigint or a signed 32-bit number. */
export function decimalByteLength(value: bigint | number): number {
  const sign = typeof value === 'bigint' ? split(value) : splitNumber(value)
  if (parts[0] !== 0) return sign + 13 + digitsOf(parts[0]!)
  return sign + (parts[1] === 0 ? digitsOf(parts[2]!) : 6 + digitsOf(parts[1]!))
}

/** Write such a `value` in decimal at `at`; return the offset behind it. */
export function writeDecimal(target: Uint8Array, at: number, value: bigint | number): number {
  const end = at + decimalByteLength(value)
  let first = at
  if (value < 0) target[first++] = 0x2d
  if (parts[0] !== 0) {
    writeDigits(target, first, end - 13, parts[0]!)
    writeDigits(target, end - 13, end - 6, parts[1]!)
    writeDigits(target, end - 6, end, parts[2]!)
  } else if (parts[1] !== 0) {
    writeDigits(target, first, end - 6, parts[1]!)
    writeDigits(target, end - 6, end, parts[2]!)
  } else {
    writeDigits(target, first, end, parts[2]!)
  }
  return end
}

/** Returns the characters of the sign: 1 or 0. */
function split(value: bigint): number {
  let high = highHalf(value)
  let low = lowHalfOfLast()
  const negative = high >= 0x8000_0000
  if (negative) {
    low = -low >>> 0
    high = (~high + (low === 0 ? 1 : 0)) >>> 0
  }
  // Quotient and product instead of %, which is a function call for doubles. All of it is exact below 2^53.
  const highMillions = Math.floor(high / MILLION)
  const middle = (high - highMillions * MILLION) * TWO_32 + low
  const lowMillions = Math.floor(middle / MILLION)
  const leading = highMillions * TWO_32 + lowMillions
  const upper = Math.floor(leading / TEN_MILLION)
  parts[0] = upper
  parts[1] = leading - upper * TEN_MILLION
  parts[2] = middle - lowMillions * MILLION
  return negative ? 1 : 0
}

function splitNumber(value: number): number {
  const magnitude = Math.abs(value)
  const millions = Math.floor(magnitude / MILLION)
  parts[0] = 0
  parts[1] = millions
  parts[2] = magnitude - millions * MILLION
  return value < 0 ? 1 : 0
}

/** Digits of an integer below 10^7. */
function digitsOf(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < 100_000) return value < 10_000 ? 4 : 5
  return value < MILLION ? 6 : 7
}

/** The two characters of every number below 100. */
const PAIRS: Uint8Array = Uint8Array.from(
  { length: 200 },
  (_, at) => 0x30 + (at % 2 === 0 ? Math.floor(at / 20) : (at >> 1) % 10),
)

/** Fill `start` to `end` with the digits of `value`, zeros in front. */
function writeDigits(target: Uint8Array, start: number, end: number, value: number): void {
  let rest = value | 0
  let at = end
  while (at - start >= 2) {
    const shorter = (rest / 100) | 0
    const pair = 2 * (rest - shorter * 100)
    target[--at] = PAIRS[pair + 1]!
    target[--at] = PAIRS[pair]!
    rest = shorter
  }
  if (at > start) target[start] = 0x30 + rest
}
