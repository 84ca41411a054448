import { WireError } from './error.js'

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex of `bytes`, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at++) text += DIGITS[bytes[at]!]
  return text
}

/**
 * Bytes of a hex text of either case; nothing else (no prefix, no white space) is taken.
 * @throws {WireError} `length` for an odd number of digits, `out-of-range` for a character that is not a hex digit.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new WireError('length', `hex of ${text.length} digits: expected an even number`)
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const high = nibble(text.charCodeAt(2 * at))
    const low = nibble(text.charCodeAt(2 * at + 1))
    if (high < 0 || low < 0) {
      throw new WireError('out-of-range', `hex: expected digits 0-9 a-f, got something else in position ${2 * at}`)
    }
    bytes[at] = (high << 4) | low
  }
  return bytes
}

/** Value of the character code of a hex digit, -1 for any other. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Whether two byte strings are the same. Not constant time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
