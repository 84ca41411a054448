import { YggdrasilError } from '../error.js'
import { KEY_BYTES } from '../key.js'
import { encodeBody, keyPart, signaturePart, sized } from './body.js'
import { SIGNATURE_BYTES } from './limits.js'
import { uvarintBytes, uvarintEnd, uvarintValue, writeUvarint } from './uvarint.js'

// Messages of the encrypted sessions: payloads of traffic. Layouts only; sealing, signing and the rules are the
// session's. yggdrasil protocol §8.3.

/** First byte of a message; any other, and an empty message, is ignored. */
export const SessionType = { dummy: 0, init: 1, ack: 2, traffic: 3 } as const

/** Tag of a sealed box. */
const TAG_BYTES = 16
const U64_BYTES = 8
/** Length of an init or ack, exactly. */
export const SESSION_INIT_BYTES = 193
/** What an init seals: signature and what it signs without the ephemeral key. */
export const SESSION_INIT_PLAIN_BYTES: number = SIGNATURE_BYTES + 2 * KEY_BYTES + 2 * U64_BYTES
const SEALED_INIT_BYTES = SESSION_INIT_PLAIN_BYTES + TAG_BYTES
/** Shortest traffic message: type, three numbers of a byte, tag, key. */
export const MIN_SESSION_TRAFFIC_BYTES = 52
/** What a sealed traffic message begins with: the sender's next public key. */
export const SESSION_TRAFFIC_HEAD_BYTES: number = KEY_BYTES

/** Init or ack as it stands on the wire: `type (1) ‖ ephemeral X25519 key (32) ‖ sealed (160)`. */
export interface SessionInitMessage {
  readonly type: typeof SessionType.init | typeof SessionType.ack
  /** Fresh for every message. */
  readonly ephemeralKey: Uint8Array
  /** Tag, then ciphertext of {@link SessionInit}, under counter 0. */
  readonly sealed: Uint8Array
}

/** What init and ack seal: `signature (64) ‖ current (32) ‖ next (32) ‖ u64be keySeq ‖ u64be seq`. */
export interface SessionInit {
  /** By the sender's node key over {@link signedSessionBytes}. */
  readonly signature: Uint8Array
  /** The sender's current X25519 key. */
  readonly current: Uint8Array
  /** The one after it. */
  readonly next: Uint8Array
  /** How many times the sender has turned its keys. */
  readonly keySeq: bigint
  /** Grows with every init and ack to the same node: Unix time in seconds, or the last one plus 1. */
  readonly seq: bigint
}

/** @throws {YggdrasilError} `misuse` */
export function encodeSessionInitMessage({ type, ephemeralKey, sealed }: SessionInitMessage): Uint8Array {
  return encodeBody(
    Uint8Array.of(type),
    keyPart(ephemeralKey, 'ephemeralKey'),
    sized(sealed, SEALED_INIT_BYTES, 'sealed'),
  )
}

/** The parts are views of `message`. @throws {YggdrasilError} `malformed`: such a message is ignored */
export function decodeSessionInitMessage(message: Uint8Array): SessionInitMessage {
  const type = message[0]
  if (type !== SessionType.init && type !== SessionType.ack) {
    throw new YggdrasilError('malformed', `session init: expected type 1 or 2, got ${type ?? 'nothing'}`)
  }
  exactly(message, SESSION_INIT_BYTES, 'session init')
  return { type, ephemeralKey: message.subarray(1, 1 + KEY_BYTES), sealed: message.subarray(1 + KEY_BYTES) }
}

/** The 144 bytes to seal. @throws {YggdrasilError} `misuse` */
export function encodeSessionInit({ signature, current, next, keySeq, seq }: SessionInit): Uint8Array {
  return encodeBody(
    signaturePart(signature, 'signature'),
    keyPart(current, 'current'),
    keyPart(next, 'next'),
    u64be(keySeq),
    u64be(seq),
  )
}

/** What was sealed, copied. @throws {YggdrasilError} `malformed`: such a message is ignored */
export function decodeSessionInit(plain: Uint8Array): SessionInit {
  exactly(plain, SESSION_INIT_PLAIN_BYTES, 'session init, opened')
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength)
  const nextStart = SIGNATURE_BYTES + KEY_BYTES
  const numbers = nextStart + KEY_BYTES
  return {
    signature: plain.slice(0, SIGNATURE_BYTES),
    current: plain.slice(SIGNATURE_BYTES, nextStart),
    next: plain.slice(nextStart, numbers),
    keySeq: view.getBigUint64(numbers),
    seq: view.getBigUint64(numbers + U64_BYTES),
  }
}

/** What the sender signs: `ephemeral (32) ‖ current (32) ‖ next (32) ‖ u64be keySeq ‖ u64be seq`, 112 bytes. */
export function signedSessionBytes(
  ephemeralKey: Uint8Array,
  { current, next, keySeq, seq }: Omit<SessionInit, 'signature'>,
): Uint8Array {
  return encodeBody(
    keyPart(ephemeralKey, 'ephemeralKey'),
    keyPart(current, 'current'),
    keyPart(next, 'next'),
    u64be(keySeq),
    u64be(seq),
  )
}

/** Traffic: `3 ‖ uvarint localKeySeq ‖ uvarint remoteKeySeq ‖ uvarint nonce ‖ sealed (next key (32) ‖ payload)`. */
export interface SessionTraffic {
  /** The sender's count of its own keys. */
  readonly localKeySeq: bigint
  /** The sender's count of the receiver's keys. */
  readonly remoteKeySeq: bigint
  /** Grows with every packet under the same keys. */
  readonly nonce: bigint
  /** Tag, then ciphertext. Decoded it is a view. */
  readonly sealed: Uint8Array
}

/** Bytes of type and numbers, in front of what is sealed. @throws {YggdrasilError} `misuse` */
export function sessionTrafficHeadBytes(localKeySeq: bigint, remoteKeySeq: bigint, nonce: bigint): number {
  return 1 + uvarintBytes(localKeySeq) + uvarintBytes(remoteKeySeq) + uvarintBytes(nonce)
}

/** Write type and numbers, and return the offset where what is sealed begins. */
export function writeSessionTrafficHead(
  target: Uint8Array,
  offset: number,
  localKeySeq: bigint,
  remoteKeySeq: bigint,
  nonce: bigint,
): number {
  target[offset] = SessionType.traffic
  let at = writeUvarint(localKeySeq, target, offset + 1)
  at = writeUvarint(remoteKeySeq, target, at)
  return writeUvarint(nonce, target, at)
}

/** @throws {YggdrasilError} `misuse` */
export function encodeSessionTraffic({ localKeySeq, remoteKeySeq, nonce, sealed }: SessionTraffic): Uint8Array {
  const size = sessionTrafficHeadBytes(localKeySeq, remoteKeySeq, nonce)
  if (sealed.length < TAG_BYTES + KEY_BYTES) {
    throw new YggdrasilError('misuse', `sealed: expected at least ${TAG_BYTES + KEY_BYTES} bytes, got ${sealed.length}`)
  }
  const message = new Uint8Array(size + sealed.length)
  message.set(sealed, writeSessionTrafficHead(message, 0, localKeySeq, remoteKeySeq, nonce))
  return message
}

/** @throws {YggdrasilError} `malformed`: such a message is ignored */
export function decodeSessionTraffic(message: Uint8Array): SessionTraffic {
  if (message[0] !== SessionType.traffic) {
    throw new YggdrasilError('malformed', `session traffic: expected type 3, got ${message[0] ?? 'nothing'}`)
  }
  const remoteStart = uvarintEnd(message, 1)
  const nonceStart = uvarintEnd(message, remoteStart)
  const sealedStart = uvarintEnd(message, nonceStart)
  if (message.length - sealedStart < TAG_BYTES + KEY_BYTES) {
    throw new YggdrasilError(
      'malformed',
      `session traffic: expected at least 48 sealed bytes, got ${message.length - sealedStart}`,
    )
  }
  return {
    localKeySeq: uvarintValue(message, 1, remoteStart),
    remoteKeySeq: uvarintValue(message, remoteStart, nonceStart),
    nonce: uvarintValue(message, nonceStart, sealedStart),
    sealed: message.subarray(sealedStart),
  }
}

function exactly(bytes: Uint8Array, size: number, name: string): void {
  if (bytes.length === size) return
  throw new YggdrasilError('malformed', `${name}: expected ${size} bytes, got ${bytes.length}`)
}

function u64be(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new YggdrasilError('misuse', `expected an integer from 0 to 2^64-1, got ${value}`)
  }
  const bytes = new Uint8Array(U64_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
