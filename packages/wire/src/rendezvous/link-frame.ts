import { WireError } from '../error.js'
import { utf8ByteLength } from '../utf8.js'
import { b64uLength, encodeB64u, isB64u } from './base64url.js'
import { ENVELOPE_OVERHEAD_BYTES, MAX_ENVELOPE_BYTES } from './envelope.js'
import { type JsonContext, type JsonObject, Members, parseObject, present } from './json.js'
import {
  CLIENT_NONCE_BYTES,
  ENVELOPE_SIGNATURE_BYTES,
  MAX_LINK_FRAME_BYTES,
  MAX_SERVER_NAME_LENGTH,
  MAX_TIME_MS,
  PEER_KEY_BYTES,
  SERVER_NONCE_BYTES,
} from './layout.js'

const MAX_CODE_LENGTH = 32
const MAX_UNKNOWN_NAME_LENGTH = 32
const MAX_U32 = 0xffff_ffff

/** Client to server, first of all: "I say that I am …". */
export interface AuthFrame {
  readonly type: 'auth'
  /** Ed25519 public key, 32 bytes. Not judged here. */
  readonly peer: Uint8Array
}

/** Server to client: "show it". */
export interface ProveAuthFrame {
  readonly type: 'prove-auth'
  /** 32 bytes. */
  readonly nonce: Uint8Array
  /** What the server calls itself; the client signs the name that it dialled. */
  readonly name?: string | undefined
  /** The server's clock, in ms since 1970. */
  readonly ts?: number | undefined
}

/** Client to server: the signature over `authSigningBytes`. */
export interface AuthProofFrame {
  readonly type: 'auth-proof'
  /** 16 bytes. */
  readonly cn: Uint8Array
  /** 64 bytes. */
  readonly sig: Uint8Array
}

/** Server to client: "come in". */
export interface AuthenticatedFrame {
  readonly type: 'authenticated'
  /** Longest frame that the server takes, in bytes; 32768 at least. */
  readonly max?: number | undefined
}

/** An envelope on its way, to the server or from it. */
export interface RelayFrame {
  readonly type: 'relay-msg' | 'relayed-msg'
  /** base64url of the envelope, checked; `decodeB64u` gives the bytes. Servers hand on this text as it is. */
  readonly e: string
}

/** Server to client: what became of a frame. */
export interface LinkErrorFrame {
  readonly type: 'error'
  /** `from`, `expired`, `envelope`, `rate`, `replaced`, or one that is not known yet; at most 32 characters. */
  readonly code: string
}

/** "Are you there?" and "yes"; the number is repeated. */
export interface PingFrame {
  readonly type: 'ping' | 'pong'
  /** u32 */
  readonly n: number
}

/** What client and server say to each other (rendezvous protocol B5). */
export type LinkFrame =
  | AuthFrame
  | ProveAuthFrame
  | AuthProofFrame
  | AuthenticatedFrame
  | RelayFrame
  | LinkErrorFrame
  | PingFrame

/** A frame of a type that is not known here: to be ignored. */
export interface UnknownFrame {
  readonly type: 'unknown'
  /** Its type, cut to 32 characters. */
  readonly name: string
}

/**
 * Decode one text frame between client and server. Unknown members are ignored.
 * @throws {WireError} `frame` for what is no JSON object, has no type, is longer than 32768 bytes, or is of a known type
 * with wrong members
 */
export function decodeLinkFrame(text: string): LinkFrame | UnknownFrame {
  checkFrameSize(text, MAX_LINK_FRAME_BYTES)
  const object = parseObject(text, FRAME)
  return readFrame(object) ?? unknownFrame(object)
}

/**
 * The text of a frame between client and server (rendezvous protocol B5).
 * @throws {WireError} `frame` for what {@link decodeLinkFrame} would refuse
 */
export function encodeLinkFrame(frame: LinkFrame): string {
  if (isRelay(frame)) {
    // The most frequent frame by far, and the longest: no detour over an object.
    if (!isEnvelopeText(frame.e)) throw new WireError('frame', `frame ${frame.type}: expected e to be an envelope`)
    return `{"type":"${frame.type}","e":"${frame.e}"}`
  }
  const object = objectOf(frame)
  if (readFrame(object) === undefined) throw new WireError('frame', 'frame: expected a type that is known')
  return JSON.stringify(object)
}

const FRAME: JsonContext = { code: 'frame', what: 'frame' }

/** `undefined` for an unknown type. @throws {WireError} `frame` */
function readFrame(object: JsonObject): LinkFrame | undefined {
  const { type } = object
  // What a stranger put in its place may be anything, and not all of it can be made a text.
  if (typeof type !== 'string') return undefined
  const members = new Members(object, { code: 'frame', what: `frame ${type}` })
  switch (type) {
    case 'auth':
      members.one('v')
      return { type, peer: members.bytes('peer', PEER_KEY_BYTES) }
    case 'prove-auth':
      members.one('v')
      return {
        type,
        nonce: members.bytes('nonce', SERVER_NONCE_BYTES),
        ...(members.has('name') && { name: members.text('name', MAX_SERVER_NAME_LENGTH) }),
        ...(members.has('ts') && { ts: members.uint('ts', MAX_TIME_MS) }),
      }
    case 'auth-proof':
      return {
        type,
        cn: members.bytes('cn', CLIENT_NONCE_BYTES),
        sig: members.bytes('sig', ENVELOPE_SIGNATURE_BYTES),
      }
    case 'authenticated':
      return {
        type,
        ...(members.has('max') && { max: members.uint('max', Number.MAX_SAFE_INTEGER, MAX_LINK_FRAME_BYTES) }),
      }
    case 'relay-msg':
    case 'relayed-msg':
      if (isEnvelopeText(object.e)) return { type, e: object.e }
      throw new WireError('frame', `frame ${type}: expected e to be base64url of an envelope`, { field: 'e' })
    case 'error':
      return { type, code: members.text('code', MAX_CODE_LENGTH) }
    case 'ping':
    case 'pong':
      return { type, n: members.uint('n', MAX_U32) }
    default:
      return undefined
  }
}

/** The members as they stand in the JSON, in the order of the published vectors. */
function objectOf(frame: Exclude<LinkFrame, RelayFrame>): JsonObject {
  switch (frame.type) {
    case 'auth':
      return { type: frame.type, v: 1, peer: encodeB64u(frame.peer) }
    case 'prove-auth':
      return present({ type: frame.type, v: 1, nonce: encodeB64u(frame.nonce), name: frame.name, ts: frame.ts })
    case 'auth-proof':
      return { type: frame.type, cn: encodeB64u(frame.cn), sig: encodeB64u(frame.sig) }
    case 'authenticated':
      return present({ type: frame.type, max: frame.max })
    case 'error':
      return { type: frame.type, code: frame.code }
    case 'ping':
    case 'pong':
      return { type: frame.type, n: frame.n }
  }
}

function isRelay(frame: LinkFrame): frame is RelayFrame {
  return frame.type === 'relay-msg' || frame.type === 'relayed-msg'
}

function isEnvelopeText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length >= b64uLength(ENVELOPE_OVERHEAD_BYTES) &&
    value.length <= b64uLength(MAX_ENVELOPE_BYTES) &&
    isB64u(value)
  )
}

/** @throws {WireError} `frame` */
export function checkFrameSize(text: string, maxBytes: number): void {
  // Only a text that is short enough as such is counted in bytes: nothing grows with what a stranger sends.
  if (text.length <= maxBytes && (text.length * 3 <= maxBytes || utf8ByteLength(text) <= maxBytes)) return
  throw new WireError('frame', `frame: expected at most ${maxBytes} bytes, got ${text.length} characters`)
}

/** @throws {WireError} `frame` when it has no type */
export function unknownFrame({ type }: JsonObject): UnknownFrame {
  if (typeof type === 'string') return { type: 'unknown', name: type.slice(0, MAX_UNKNOWN_NAME_LENGTH) }
  throw new WireError('frame', 'frame: expected a type that is a text', { field: 'type' })
}
