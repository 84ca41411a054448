import { WireError } from '../error.js'
import { utf8ByteLength } from '../utf8.js'
import { encodeB64u } from './base64url.js'
import { type JsonObject, Members, parseObject, present } from './json.js'
import {
  CHAT_ID_BYTES,
  ENVELOPE_SIGNATURE_BYTES,
  MAX_CHANNEL_FRAME_BYTES,
  MAX_CHAT_TEXT_LENGTH,
  MAX_CLAIMED_NAME_LENGTH,
  MAX_SHARED_BYTES,
  MAX_TIME_MS,
} from './layout.js'
import { checkFrameSize, type PingFrame, type UnknownFrame, unknownFrame } from './link-frame.js'

const MAX_CODE_LENGTH = 32
const MAX_U32 = 0xffff_ffff

/** First frame of each side: the signature over `bindSigningBytes` (rendezvous protocol B11). */
export interface BindFrame {
  readonly type: 'bind'
  /** 64 bytes. */
  readonly sig: Uint8Array
}

/** A message. */
export interface ChatFrame {
  readonly type: 'chat'
  /** 16 bytes; whoever gets the same again acknowledges again and shows nothing. */
  readonly id: Uint8Array
  /** The sender's clock, in ms since 1970. */
  readonly ts: number
  /** 1 to 8192 characters. */
  readonly text: string
}

/** "I have it." */
export interface AckFrame {
  readonly type: 'ack'
  /** Of the message, 16 bytes. */
  readonly id: Uint8Array
}

/** What somebody shows of himself. */
export interface SharedFrame {
  readonly type: 'shared'
  /** At most 4096 bytes of JSON. */
  readonly shared: {
    /** At most 64 characters. */
    readonly name?: string | undefined
  }
}

/** The end of the link, in order. */
export interface ByeFrame {
  readonly type: 'bye'
  /** At most 32 characters. */
  readonly code?: string | undefined
}

/**
 * How much binary data the sender of this frame takes: an addition of this implementation, which others ignore. A side
 * that has had one sends no more than it says.
 */
export interface WindowFrame {
  readonly type: 'window'
  /** Bytes granted since the bind, all in all; at most 2^53 - 1, never less than before. */
  readonly n: number
}

/** What the two ends of a data channel say as text; data is binary (rendezvous protocol B11, B12). */
export type ChannelFrame = BindFrame | ChatFrame | AckFrame | SharedFrame | PingFrame | ByeFrame | WindowFrame

/**
 * Decode one text frame of a data channel. Unknown members are ignored.
 * @throws {WireError} `frame` for what is no JSON object, has no type, is longer than 16384 bytes, or is of a known type
 * with wrong members
 */
export function decodeChannelFrame(text: string): ChannelFrame | UnknownFrame {
  checkFrameSize(text, MAX_CHANNEL_FRAME_BYTES)
  const object = parseObject(text, { code: 'frame', what: 'frame' })
  return readFrame(object) ?? unknownFrame(object)
}

/**
 * The text of a frame for a data channel (rendezvous protocol B11, B12).
 * @throws {WireError} `frame` for what {@link decodeChannelFrame} would refuse
 */
export function encodeChannelFrame(frame: ChannelFrame): string {
  const object = objectOf(frame)
  if (readFrame(object) === undefined) throw new WireError('frame', 'frame: expected a type that is known')
  const text = JSON.stringify(object)
  checkFrameSize(text, MAX_CHANNEL_FRAME_BYTES)
  return text
}

/** `undefined` for an unknown type. @throws {WireError} `frame` */
function readFrame(object: JsonObject): ChannelFrame | undefined {
  const { type } = object
  if (typeof type !== 'string') return undefined
  const members = new Members(object, { code: 'frame', what: `frame ${type}` })
  switch (type) {
    case 'bind':
      members.one('v')
      return { type, sig: members.bytes('sig', ENVELOPE_SIGNATURE_BYTES) }
    case 'chat':
      return {
        type,
        id: members.bytes('id', CHAT_ID_BYTES),
        ts: members.uint('ts', MAX_TIME_MS),
        text: members.text('text', MAX_CHAT_TEXT_LENGTH, 1),
      }
    case 'ack':
      return { type, id: members.bytes('id', CHAT_ID_BYTES) }
    case 'shared':
      return { type, shared: readShared(members.object('shared')) }
    case 'ping':
    case 'pong':
      return { type, n: members.uint('n', MAX_U32) }
    case 'bye':
      return { type, ...(members.has('code') && { code: members.text('code', MAX_CODE_LENGTH) }) }
    case 'window':
      return { type, n: members.uint('n', Number.MAX_SAFE_INTEGER) }
    default:
      return undefined
  }
}

function readShared(shared: JsonObject): SharedFrame['shared'] {
  const sizeBytes = utf8ByteLength(printed(shared))
  if (sizeBytes > MAX_SHARED_BYTES) {
    throw new WireError(
      'frame',
      `frame shared: expected shared to have at most ${MAX_SHARED_BYTES} bytes, got ${sizeBytes}`,
      { field: 'shared' },
    )
  }
  const members = new Members(shared, { code: 'frame', what: 'frame shared' })
  return members.has('name') ? { name: members.text('name', MAX_CLAIMED_NAME_LENGTH) } : {}
}

/** @throws {WireError} `frame` where it is nested too deep to be printed, though it could be read */
function printed(shared: JsonObject): string {
  try {
    return JSON.stringify(shared)
  } catch (cause) {
    throw new WireError('frame', 'frame shared: expected an object that is not nested without end', {
      field: 'shared',
      cause,
    })
  }
}

/** The members as they stand in the JSON, in the order of the published vectors. */
function objectOf(frame: ChannelFrame): JsonObject {
  switch (frame.type) {
    case 'bind':
      return { type: frame.type, v: 1, sig: encodeB64u(frame.sig) }
    case 'chat':
      return { type: frame.type, id: encodeB64u(frame.id), ts: frame.ts, text: frame.text }
    case 'ack':
      return { type: frame.type, id: encodeB64u(frame.id) }
    case 'shared':
      return { type: frame.type, shared: present({ name: frame.shared.name }) }
    case 'ping':
    case 'pong':
    case 'window':
      return { type: frame.type, n: frame.n }
    case 'bye':
      return present({ type: frame.type, code: frame.code })
  }
}
