import { CryptoError } from '../error.js'

/** Longer than any key of 8192 bits with some text around it. */
const MAX_TEXT_LENGTH = 16_384
const LINE_LENGTH = 64
const BEGIN = '-----BEGIN '
const DASHES = '-----'

export interface PemBlock {
  /** What stands after BEGIN. */
  readonly label: string
  readonly bytes: Uint8Array
}

/**
 * The first block in a text, whatever its line ends are, or without any: the page of the original has fields of one
 * line. Text around it is passed over. rendezvous protocol A2
 * @throws {CryptoError} `rsa-key`
 */
export function readPem(text: string): PemBlock {
  if (typeof text !== 'string') throw new CryptoError('argument', `PEM: expected a text, got ${typeof text}`)
  if (text.length > MAX_TEXT_LENGTH) throw noBlock()
  const begin = text.indexOf(BEGIN)
  const labelEnd = begin < 0 ? -1 : text.indexOf(DASHES, begin + BEGIN.length)
  if (labelEnd < 0) throw noBlock()
  const label = text.slice(begin + BEGIN.length, labelEnd)
  const bodyStart = labelEnd + DASHES.length
  const bodyEnd = text.indexOf(`-----END ${label}-----`, bodyStart)
  if (bodyEnd < 0) throw noBlock()
  const body = text.slice(bodyStart, bodyEnd).replace(/[\t\n\r ]+/g, '')
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw noBlock()
  return { label, bytes: Uint8Array.from(atob(body), (character) => character.charCodeAt(0)) }
}

/** The normal form: 64 characters a line, CRLF after every line including the last. */
export function writePem(label: string, bytes: Uint8Array): string {
  const body = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  const lines = [`${BEGIN}${label}${DASHES}`]
  for (let at = 0; at < body.length; at += LINE_LENGTH) lines.push(body.slice(at, at + LINE_LENGTH))
  lines.push(`-----END ${label}-----`, '')
  return lines.join('\r\n')
}

function noBlock(): CryptoError {
  return new CryptoError('rsa-key', 'expected a PEM text of an RSA key; this is none')
}
