import { WireError } from '../error.js'
import { equalBytes } from '../hex.js'
import { checkBytes, checkU64, checkUint, readU16, readU32, readU64, write32, write64, writeU16 } from '../int.js'
import { ENVELOPE_SIGNATURE_BYTES, EnvelopeKind, MAX_ENVELOPE_BODY_BYTES, PEER_KEY_BYTES, SID_BYTES } from './layout.js'

const VERSION = 1
const HEAD_BYTES = 106
/** What an envelope has more than its body, in bytes; the shortest is this long. */
export const ENVELOPE_OVERHEAD_BYTES: number = HEAD_BYTES + ENVELOPE_SIGNATURE_BYTES
/** Longest envelope, in bytes (rendezvous protocol B16). */
export const MAX_ENVELOPE_BYTES: number = ENVELOPE_OVERHEAD_BYTES + MAX_ENVELOPE_BODY_BYTES

/**
 * One signed message between two people that meet (rendezvous protocol B6).
 * `version u8 = 1 | kind u8 | flags u8 = 0 | reserved u8 = 0 | from 32 | to 32 | sid 16 | epoch u64 | ctr u32 | exp u64 |
 * bodyLength u16 | body | signature 64`, big-endian.
 */
export interface Envelope {
  /** One of {@link EnvelopeKind}. */
  readonly kind: EnvelopeKind
  /** The sender's Ed25519 public key, 32 bytes. Not judged here. */
  readonly from: Uint8Array
  /** The receiver's, 32 bytes; another one. */
  readonly to: Uint8Array
  /** The attempt, 16 bytes; the side that knocks draws it. */
  readonly sid: Uint8Array
  /** When the sender's instance started, in ms since 1970, u64. */
  readonly epoch: bigint
  /** u32, counts the envelopes of this sender to this receiver in this epoch, from 0. */
  readonly ctr: number
  /** When it is void, in ms since 1970, u64. */
  readonly exp: bigint
  /** JSON, or nothing; at most 16384 bytes. See `decodeBody`. */
  readonly body: Uint8Array
  /** Ed25519 by `from`, 64 bytes, over what `envelopeSigningBytes` gives. Not checked here. */
  readonly signature: Uint8Array
}

/**
 * Decode one envelope. The byte fields are views of `bytes`: copy what you keep. What fails first is told, in the order
 * of the checks 1 to 5 and 7 of rendezvous protocol B7; the codes are its reasons.
 * @throws {WireError} `length` | `version` | `kind` | `flags` | `self`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < ENVELOPE_OVERHEAD_BYTES) {
    throw refused('length', `at least ${ENVELOPE_OVERHEAD_BYTES} bytes`, bytes.length)
  }
  if (bytes[0] !== VERSION) throw refused('version', `version ${VERSION}`, bytes[0])
  const bodyBytes = readU16(bytes, 104)
  if (bodyBytes > MAX_ENVELOPE_BODY_BYTES || bytes.length !== ENVELOPE_OVERHEAD_BYTES + bodyBytes) {
    throw refused(
      'length',
      `${ENVELOPE_OVERHEAD_BYTES} bytes and a body of at most ${MAX_ENVELOPE_BODY_BYTES}`,
      `${bytes.length} bytes in all, with a body of ${bodyBytes}`,
    )
  }
  const kind = bytes[1] as number
  if (!isKind(kind)) throw refused('kind', 'a kind from 1 to 7', kind)
  if (bytes[2] !== 0 || bytes[3] !== 0) throw refused('flags', 'no flag', `${bytes[2]} and ${bytes[3]}`)
  const from = bytes.subarray(4, 36)
  const to = bytes.subarray(36, 68)
  if (equalBytes(from, to)) throw refused('self', 'two people', 'one key as sender and receiver')
  const bodyEnd = HEAD_BYTES + bodyBytes
  return {
    kind,
    from,
    to,
    sid: bytes.subarray(68, 84),
    epoch: readU64(bytes, 84),
    ctr: readU32(bytes, 92),
    exp: readU64(bytes, 96),
    body: bytes.subarray(HEAD_BYTES, bodyEnd),
    signature: bytes.subarray(bodyEnd),
  }
}

/**
 * The bytes of an envelope, with its signature (rendezvous protocol B6).
 * @throws {WireError} `kind` | `self` | `length` | `out-of-range`
 */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const bytes = unsignedEnvelope(envelope)
  bytes.set(
    checkBytes(envelope.signature, ENVELOPE_SIGNATURE_BYTES, 'envelope.signature'),
    bytes.length - ENVELOPE_SIGNATURE_BYTES,
  )
  return bytes
}

/**
 * The whole envelope with zeros for its signature. Sign `envelopeSigningBytes` of it and put the signature into the last
 * 64 bytes.
 * @throws {WireError} `kind` | `self` | `length` | `out-of-range`
 */
export function unsignedEnvelope({
  kind,
  from,
  to,
  sid,
  epoch,
  ctr,
  exp,
  body,
}: Omit<Envelope, 'signature'>): Uint8Array {
  if (!isKind(kind)) throw refused('kind', 'a kind from 1 to 7', kind)
  if (body.length > MAX_ENVELOPE_BODY_BYTES) {
    throw refused('length', `a body of at most ${MAX_ENVELOPE_BODY_BYTES} bytes`, body.length)
  }
  checkBytes(from, PEER_KEY_BYTES, 'envelope.from')
  checkBytes(to, PEER_KEY_BYTES, 'envelope.to')
  if (equalBytes(from, to)) throw refused('self', 'two people', 'one key as sender and receiver')
  const bytes = new Uint8Array(ENVELOPE_OVERHEAD_BYTES + body.length)
  bytes[0] = VERSION
  bytes[1] = kind
  bytes.set(from, 4)
  bytes.set(to, 36)
  bytes.set(checkBytes(sid, SID_BYTES, 'envelope.sid'), 68)
  write64(bytes, 84, checkU64(epoch, 'envelope.epoch'))
  write32(bytes, 92, checkUint(ctr, 0xffff_ffff, 'envelope.ctr'))
  write64(bytes, 96, checkU64(exp, 'envelope.exp'))
  writeU16(bytes, 104, body.length)
  bytes.set(body, HEAD_BYTES)
  return bytes
}

function isKind(kind: number): kind is EnvelopeKind {
  return Number.isInteger(kind) && kind >= EnvelopeKind.knock && kind <= EnvelopeKind.hangup
}

function refused(code: 'length' | 'version' | 'kind' | 'flags' | 'self', expected: string, got: unknown): WireError {
  return new WireError(code, `envelope: expected ${expected}, got ${String(got)}`, { field: 'envelope' })
}
