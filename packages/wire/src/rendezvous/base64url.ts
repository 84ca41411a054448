import { WireError } from '../error.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BAD = 0xff
/** Value of each ASCII character, {@link BAD} for what is not in the alphabet. */
const VALUES: Uint8Array = new Uint8Array(128).fill(BAD)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value
/** A character of each value. */
const CHARACTERS: Uint8Array = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const ascii = new TextDecoder()

/** base64url without padding (rendezvous protocol B2). */
export function encodeB64u(bytes: Uint8Array): string {
  const characters = new Uint8Array(b64uLength(bytes.length))
  const whole = bytes.length - (bytes.length % 3)
  let to = 0
  for (let at = 0; at < whole; at += 3) {
    const triple = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    characters[to++] = CHARACTERS[triple >>> 18]!
    characters[to++] = CHARACTERS[(triple >>> 12) & 63]!
    characters[to++] = CHARACTERS[(triple >>> 6) & 63]!
    characters[to++] = CHARACTERS[triple & 63]!
  }
  if (bytes.length - whole === 1) {
    characters[to++] = CHARACTERS[bytes[whole]! >>> 2]!
    characters[to] = CHARACTERS[(bytes[whole]! & 3) << 4]!
  } else if (bytes.length - whole === 2) {
    const pair = (bytes[whole]! << 8) | bytes[whole + 1]!
    characters[to++] = CHARACTERS[pair >>> 10]!
    characters[to++] = CHARACTERS[(pair >>> 4) & 63]!
    characters[to] = CHARACTERS[(pair & 15) << 2]!
  }
  return ascii.decode(characters)
}

/**
 * Bytes of base64url without padding. Every byte string has exactly one text: other characters, padding, white space and
 * unused bits that are not zero are refused (rendezvous protocol B2).
 * @param sizeBytes - how many bytes it has to be; any number without it
 * @throws {WireError} `b64u`
 */
export function decodeB64u(text: string, sizeBytes?: number): Uint8Array {
  if (sizeBytes !== undefined && text.length !== b64uLength(sizeBytes)) {
    throw refused(`${b64uLength(sizeBytes)} characters for ${sizeBytes} bytes, got ${text.length}`)
  }
  const rest = text.length % 4
  if (rest === 1) throw refused(`a length that bytes can have, got ${text.length} characters`)
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let to = 0
  for (let at = 0; at < text.length - rest; at += 4) {
    const quad =
      (valueAt(text, at) << 18) | (valueAt(text, at + 1) << 12) | (valueAt(text, at + 2) << 6) | valueAt(text, at + 3)
    bytes[to++] = quad >>> 16
    bytes[to++] = quad >>> 8
    bytes[to++] = quad
  }
  if (rest === 2) {
    const bits = (valueAt(text, text.length - 2) << 6) | valueAt(text, text.length - 1)
    if ((bits & 15) !== 0) throw refused('unused bits that are zero')
    bytes[to] = bits >>> 4
  } else if (rest === 3) {
    const bits =
      (valueAt(text, text.length - 3) << 12) | (valueAt(text, text.length - 2) << 6) | valueAt(text, text.length - 1)
    if ((bits & 3) !== 0) throw refused('unused bits that are zero')
    bytes[to++] = bits >>> 10
    bytes[to] = bits >>> 2
  }
  return bytes
}

/** Whether {@link decodeB64u} takes this text, without the bytes. */
export function isB64u(text: string): boolean {
  const rest = text.length % 4
  if (rest === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return false
  return rest === 0 || (VALUES[text.charCodeAt(text.length - 1)]! & (rest === 2 ? 15 : 3)) === 0
}

/** Characters of so many bytes. */
export function b64uLength(sizeBytes: number): number {
  return Math.ceil((sizeBytes * 4) / 3)
}

/** @throws {WireError} `b64u` */
function valueAt(text: string, at: number): number {
  const value = VALUES[text.charCodeAt(at)] ?? BAD
  if (value === BAD) throw refused(`the characters A-Z a-z 0-9 - _ only, got another in position ${at}`)
  return value
}

function refused(expected: string): WireError {
  return new WireError('b64u', `base64url: expected ${expected}`)
}
