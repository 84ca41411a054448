import { WireError } from '../../error.js'
import { decodeBinaryString, encodeBinaryString } from './binary-string.js'
import { type JsonObject, objectOf, parseObject, printJson, textOf } from './json.js'

/** Of a whole frame, in UTF-8: what the library of the original server takes. rendezvous protocol A3 */
export const LEGACY_MAX_FRAME_BYTES = 65_536

/** What every challenge begins with. rendezvous protocol A6 */
export const LEGACY_CHALLENGE_HEAD = '----PROOF----'

/**
 * A signed message on its way. `relay-msg` goes to a server, `relayed-msg` comes from one, `peer-msg` is both in
 * dialect 1. rendezvous protocol A5, A8
 */
export interface LegacyRelayFrame {
  readonly type: 'relay-msg' | 'relayed-msg' | 'peer-msg'
  /** The message as JSON.stringify prints it: the very text that is signed. */
  readonly text: string
  /** As long as the modulus of the key, at most 1024 bytes. Not verified here. */
  readonly signature: Uint8Array
}

/** Between client and server. rendezvous protocol A5 */
export type LegacyFrame =
  | { readonly type: 'auth'; readonly publicPem: string }
  | { readonly type: 'prove-auth'; readonly encrypted: Uint8Array }
  | { readonly type: 'auth-proof'; readonly decrypted: string }
  | { readonly type: 'authenticated' }
  | LegacyRelayFrame

/** A frame of a type that is not known here: to be ignored. */
export interface LegacyUnknown {
  readonly type: 'unknown'
}

/** Longer than any text of a key. */
const MAX_PEM_LENGTH = 16_384
/** Of a modulus of 8192 bits. */
const MAX_BLOCK_BYTES = 1024

/**
 * Decode one text frame between client and server of pim. Unknown members are ignored. rendezvous protocol A5
 * @throws {WireError} `frame-too-large` above 65,536 bytes of UTF-8 | `json` | `json-field`
 */
export function decodeLegacyFrame(text: string): LegacyFrame | LegacyUnknown {
  checkLegacySize(text)
  const frame = parseObject(text, 'legacy frame')
  switch (textOf(frame, 'type', 'legacy frame')) {
    case 'auth':
      return { type: 'auth', publicPem: textOf(frame, 'public_pem', 'auth', MAX_PEM_LENGTH) }
    case 'prove-auth':
      return { type: 'prove-auth', encrypted: binaryOf(frame, 'encrypted', 'prove-auth') }
    case 'auth-proof':
      return { type: 'auth-proof', decrypted: textOf(frame, 'decrypted', 'auth-proof', MAX_BLOCK_BYTES) }
    case 'authenticated':
      return { type: 'authenticated' }
    case 'relay-msg':
      return relayed('relay-msg', frame)
    case 'relayed-msg':
      return relayed('relayed-msg', frame)
    case 'peer-msg':
      return relayed('peer-msg', frame)
    default:
      return { type: 'unknown' }
  }
}

/**
 * The text of a frame, with its members in the order of the original. rendezvous protocol A5
 * @param sender - who sends it: `peer-msg` has another order in either direction
 * @throws {WireError} `frame-too-large` | `json` for a message that is no JSON object as JSON.stringify prints it
 */
export function encodeLegacyFrame(frame: LegacyFrame, sender: 'client' | 'server' = 'client'): string {
  const text = print(frame, sender)
  checkLegacySize(text)
  return text
}

/** Whether a decrypted challenge is one that an honest server makes; nothing else is ever given back. A13 */
export function isLegacyChallenge(plaintext: string): boolean {
  return /^----PROOF----[0-9a-f]{32}$/.test(plaintext)
}

function print(frame: LegacyFrame, sender: 'client' | 'server'): string {
  switch (frame.type) {
    case 'auth':
      return JSON.stringify({ type: 'auth', public_pem: frame.publicPem })
    case 'prove-auth':
      return JSON.stringify({ type: 'prove-auth', encrypted: encodeBinaryString(frame.encrypted) })
    case 'authenticated':
    case 'auth-proof':
      return JSON.stringify(frame)
    case 'relay-msg':
    case 'relayed-msg':
    case 'peer-msg': {
      if (printJson(parseObject(frame.text, frame.type), frame.type) !== frame.text)
        throw new WireError('json', `${frame.type}: expected a message as JSON.stringify prints it`)
      const signature = `"signature":${JSON.stringify(encodeBinaryString(frame.signature))}`
      const isFromServer = frame.type === 'relayed-msg' || (frame.type === 'peer-msg' && sender === 'server')
      const members = isFromServer ? `${signature},"msg":${frame.text}` : `"msg":${frame.text},${signature}`
      return `{"type":"${frame.type}",${members}}`
    }
  }
}

function relayed(type: LegacyRelayFrame['type'], frame: JsonObject): LegacyRelayFrame {
  const signature = binaryOf(frame, 'signature', type)
  return { type, text: printJson(objectOf(frame, 'msg', type), `${type}.msg`), signature }
}

function binaryOf(frame: JsonObject, name: string, what: string): Uint8Array {
  return decodeBinaryString(textOf(frame, name, what, MAX_BLOCK_BYTES), `${what}.${name}`)
}

/** @throws {WireError} `frame-too-large` above 65,536 bytes of UTF-8 */
export function checkLegacySize(text: string): void {
  const isTooLarge =
    text.length > LEGACY_MAX_FRAME_BYTES ||
    (3 * text.length > LEGACY_MAX_FRAME_BYTES && new TextEncoder().encode(text).length > LEGACY_MAX_FRAME_BYTES)
  if (isTooLarge)
    throw new WireError('frame-too-large', `legacy frame: expected at most ${LEGACY_MAX_FRAME_BYTES} bytes`)
}
