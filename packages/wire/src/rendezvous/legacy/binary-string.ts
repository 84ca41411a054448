import { WireError } from '../../error.js'

/** Bytes as pim puts them into JSON: one character U+0000 to U+00FF each. rendezvous protocol A4 */
export function encodeBinaryString(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/**
 * The bytes that such a text stands for. rendezvous protocol A4
 * @param field - what to call it in the error
 * @throws {WireError} `json-field` for a character above U+00FF
 */
export function decodeBinaryString(text: string, field: string): Uint8Array {
  if (NOT_BINARY.test(text))
    throw new WireError('json-field', `${field}: expected characters up to U+00FF, which stand for bytes`, { field })
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

const NOT_BINARY = /[\u0100-\uffff]/
