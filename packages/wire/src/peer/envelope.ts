// The JSON envelope of a text frame. Nearly every envelope on the network has one shape: the six known keys, plain
// integers, no white space. That shape is read and written byte by byte; anything else takes the long way through the
// JSON reader, which decides what is an error. Where both can read a text they give the same values (a test holds it).
import { DecimalReader, decimalByteLength, writeDecimal } from '../decimal.js'
import { WireError } from '../error.js'
import { readUtf8Strict } from '../utf8.js'
import { type JsonMember, JsonNumber, parseJsonObject } from './json.js'
import type { EncodingRules, EnvelopeKey } from './rules.js'

/** The values of an envelope; 0 stands for a key that is not there. */
export interface Envelope {
  readonly guid: bigint
  readonly replyTo: bigint
  readonly sendTimeMs: bigint
  readonly editTimeMs: bigint
  readonly messageType: number
  readonly payloadSizeBytes: number
}

const MAX_I32 = 0x7fff_ffff
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
/** `"guid":` and so on. */
const GUID = ascii('"guid":')
const REPLY_TO = ascii('"replyTo":')
const SEND_TIME = ascii('"sendTime":')
const EDIT_TIME = ascii('"editTime":')
const TYPE = ascii('"type":')
const PAYLOAD_SIZE = ascii('"payloadSize":')
const NO_KEY = new Uint8Array(0)
const integer = new DecimalReader()

/**
 * @throws {WireError} `json` when the bytes are not a JSON object in UTF-8; `json-field` when a known key is doubled, is
 * not an integer in its range, or guid is missing or 0; `length` when payloadSize is beyond 2^31 - 1.
 */
export function readEnvelope(bytes: Uint8Array, start: number, end: number): Envelope {
  return readPlainEnvelope(bytes, start, end) ?? readAnyEnvelope(bytes.subarray(start, end))
}

/** The short way; `undefined` says nothing but "not in the plain shape". */
export function readPlainEnvelope(bytes: Uint8Array, start: number, end: number): Envelope | undefined {
  if (end - start < 2 || bytes[start] !== 0x7b || bytes[end - 1] !== 0x7d) return undefined
  let guid = 0n
  let replyTo = 0n
  let sendTimeMs = 0n
  let editTimeMs = 0n
  let messageType = 0
  let payloadSizeBytes = 0
  let seen = 0
  let at = start + 1
  for (;;) {
    const code = bytes[at + 1]!
    const key = plainKey(code)
    if (key.length === 0) return undefined
    for (let index = 0; index < key.length; index++) if (bytes[at + index] !== key[index]) return undefined
    if (!integer.read(bytes, at + key.length, end)) return undefined
    const flag = 1 << (code & 31)
    if ((seen & flag) !== 0) return undefined
    seen |= flag
    if (key === GUID) guid = integer.bigint
    else if (key === SEND_TIME) sendTimeMs = integer.bigint
    else if (key === TYPE) messageType = integer.number
    else if (key === PAYLOAD_SIZE) payloadSizeBytes = integer.number
    else if (key === REPLY_TO) replyTo = integer.bigint
    else editTimeMs = integer.bigint
    at = integer.end
    if (bytes[at] === 0x7d) break
    if (bytes[at] !== 0x2c) return undefined
    at++
  }
  if (at !== end - 1 || guid === 0n || (messageType | 0) !== messageType) return undefined
  if (payloadSizeBytes < 0 || payloadSizeBytes > MAX_I32) return undefined
  return { guid, replyTo, sendTimeMs, editTimeMs, messageType, payloadSizeBytes }
}

/** The only key that can have this character behind its quote; nothing when there is none. */
function plainKey(code: number): Uint8Array {
  switch (code) {
    case 0x67:
      return GUID
    case 0x73:
      return SEND_TIME
    case 0x74:
      return TYPE
    case 0x70:
      return PAYLOAD_SIZE
    case 0x72:
      return REPLY_TO
    case 0x65:
      return EDIT_TIME
    default:
      return NO_KEY
  }
}

/** The long way, for every text. Throws what {@link readEnvelope} says. */
export function readAnyEnvelope(bytes: Uint8Array): Envelope {
  const text = readUtf8Strict(bytes)
  if (text === undefined) throw new WireError('json', 'envelope: expected UTF-8, got other bytes')
  const members = parseJsonObject(text)
  const guid = i64Member(members, 'guid')
  if (guid === 0n) throw fieldError('guid', 'a number other than 0')
  const messageType = i64Member(members, 'type')
  if (BigInt.asIntN(32, messageType) !== messageType) throw fieldError('type', 'a signed 32-bit integer')
  return {
    guid,
    replyTo: i64Member(members, 'replyTo'),
    sendTimeMs: i64Member(members, 'sendTime'),
    editTimeMs: i64Member(members, 'editTime'),
    messageType: Number(messageType),
    payloadSizeBytes: payloadSize(i64Member(members, 'payloadSize')),
  }
}

/** The one member called `key`, `undefined` when there is none. @throws {WireError} `json-field` when it is doubled. */
export function singleMember(members: readonly JsonMember[], key: string): JsonMember | undefined {
  let found: JsonMember | undefined
  for (const member of members) {
    if (member[0] !== key) continue
    if (found !== undefined) throw fieldError(key, 'one value, got several')
    found = member
  }
  return found
}

/** A signed 64-bit member, 0n when it is missing. @throws {WireError} `json-field` */
export function i64Member(members: readonly JsonMember[], key: string): bigint {
  const member = singleMember(members, key)
  if (member === undefined) return 0n
  const value = member[1] instanceof JsonNumber ? member[1].integer : undefined
  if (value === undefined) throw fieldError(key, 'a signed 64-bit integer')
  return value
}

function payloadSize(value: bigint): number {
  if (value < 0n) throw fieldError('payloadSize', 'an integer from 0 on')
  if (value <= BigInt(MAX_I32)) return Number(value)
  throw new WireError('length', `payloadSize: expected at most ${MAX_I32}, got ${value}`, { field: 'payloadSize' })
}

function fieldError(field: string, expected: string): WireError {
  return new WireError('json-field', `${field}: expected ${expected}`, { field })
}

/** Bytes that {@link writeEnvelope} writes; the same in every generation. */
export function envelopeByteLength(envelope: Envelope): number {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payloadSizeBytes } = envelope
  // Braces, the keys that are always there with their commas: {"guid":,"sendTime":,"type":}
  let bytes = 29 + decimalByteLength(guid) + decimalByteLength(sendTimeMs) + decimalByteLength(messageType)
  if (replyTo !== 0n) bytes += 11 + decimalByteLength(replyTo)
  if (editTimeMs !== 0n) bytes += 12 + decimalByteLength(editTimeMs)
  if (payloadSizeBytes !== 0) bytes += 15 + decimalByteLength(payloadSizeBytes)
  return bytes
}

/** Longest envelope that {@link writeEnvelope} writes: all keys, the longest integers. */
export const MAX_ENVELOPE_BYTES: number = envelopeByteLength({
  guid: -(2n ** 63n),
  replyTo: -(2n ** 63n),
  sendTimeMs: -(2n ** 63n),
  editTimeMs: -(2n ** 63n),
  messageType: -(2 ** 31),
  payloadSizeBytes: MAX_I32,
})

/** Write the envelope without white space at `at`; return the offset behind it. */
export function writeEnvelope(target: Uint8Array, at: number, envelope: Envelope, rules: EncodingRules): number {
  let end = at
  for (const key of rules.envelopeKeys) end = writeMember(target, end, end === at ? 0x7b : 0x2c, envelope, key)
  target[end] = 0x7d
  return end + 1
}

/** Write what separates a member from those before it, its key and its value; nothing for a member that is left out. */
function writeMember(target: Uint8Array, at: number, separator: number, envelope: Envelope, key: EnvelopeKey): number {
  switch (key) {
    case 'guid':
      return writeKeyed(target, at, separator, GUID, envelope.guid)
    case 'sendTime':
      return writeKeyed(target, at, separator, SEND_TIME, envelope.sendTimeMs)
    case 'type':
      return writeKeyed(target, at, separator, TYPE, envelope.messageType)
    case 'payloadSize':
      return envelope.payloadSizeBytes === 0
        ? at
        : writeKeyed(target, at, separator, PAYLOAD_SIZE, envelope.payloadSizeBytes)
    case 'replyTo':
      return envelope.replyTo === 0n ? at : writeKeyed(target, at, separator, REPLY_TO, envelope.replyTo)
    case 'editTime':
      return envelope.editTimeMs === 0n ? at : writeKeyed(target, at, separator, EDIT_TIME, envelope.editTimeMs)
  }
}

function writeKeyed(
  target: Uint8Array,
  at: number,
  separator: number,
  key: Uint8Array,
  value: bigint | number,
): number {
  target[at] = separator
  for (let index = 0; index < key.length; index++) target[at + 1 + index] = key[index]!
  return writeDecimal(target, at + 1 + key.length, value)
}
