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
const KEY_BYTES: Readonly<Record<EnvelopeKey, Uint8Array>> = {
  guid: ascii('"guid":'),
  replyTo: ascii('"replyTo":'),
  sendTime: ascii('"sendTime":'),
  editTime: ascii('"editTime":'),
  type: ascii('"type":'),
  payloadSize: ascii('"payloadSize":'),
}
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
    const key = plainKey(bytes[at + 1]!)
    if (key === undefined) return undefined
    const keyBytes = KEY_BYTES[key]
    for (let index = 0; index < keyBytes.length; index++) if (bytes[at + index] !== keyBytes[index]) return undefined
    if (!integer.read(bytes, at + keyBytes.length, end)) return undefined
    const flag = 1 << (bytes[at + 1]! & 31)
    if ((seen & flag) !== 0) return undefined
    seen |= flag
    if (key === 'guid') guid = integer.bigint
    else if (key === 'sendTime') sendTimeMs = integer.bigint
    else if (key === 'replyTo') replyTo = integer.bigint
    else if (key === 'editTime') editTimeMs = integer.bigint
    else if (key === 'type') messageType = integer.number
    else payloadSizeBytes = integer.number
    at = integer.end
    if (bytes[at] === 0x7d) break
    if (bytes[at] !== 0x2c) return undefined
    at++
  }
  if (at !== end - 1 || guid === 0n || (messageType | 0) !== messageType) return undefined
  if (payloadSizeBytes < 0 || payloadSizeBytes > MAX_I32) return undefined
  return { guid, replyTo, sendTimeMs, editTimeMs, messageType, payloadSizeBytes }
}

/** The only key that can have this character behind its quote. */
function plainKey(code: number): EnvelopeKey | undefined {
  switch (code) {
    case 0x67:
      return 'guid'
    case 0x72:
      return 'replyTo'
    case 0x73:
      return 'sendTime'
    case 0x65:
      return 'editTime'
    case 0x74:
      return 'type'
    case 0x70:
      return 'payloadSize'
    default:
      return undefined
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

/** Write the envelope without white space at `at`; return the offset behind it. */
export function writeEnvelope(target: Uint8Array, at: number, envelope: Envelope, rules: EncodingRules): number {
  let position = at
  let separator = 0x7b
  for (const key of rules.envelopeKeys) {
    const value = memberValue(envelope, key)
    if (value === undefined) continue
    target[position++] = separator
    separator = 0x2c
    const keyBytes = KEY_BYTES[key]
    for (let index = 0; index < keyBytes.length; index++) target[position + index] = keyBytes[index]!
    position += keyBytes.length
    position = writeDecimal(target, position, value)
  }
  target[position++] = 0x7d
  return position
}

/** The value to write for `key`, `undefined` for a key that is left out. */
function memberValue(envelope: Envelope, key: EnvelopeKey): bigint | number | undefined {
  switch (key) {
    case 'guid':
      return envelope.guid
    case 'sendTime':
      return envelope.sendTimeMs
    case 'type':
      return envelope.messageType
    case 'replyTo':
      return envelope.replyTo === 0n ? undefined : envelope.replyTo
    case 'editTime':
      return envelope.editTimeMs === 0n ? undefined : envelope.editTimeMs
    case 'payloadSize':
      return envelope.payloadSizeBytes === 0 ? undefined : envelope.payloadSizeBytes
  }
}
