import { WireError } from '../error.js'
import { checkBytes, writeU16 } from '../int.js'
import { ENVELOPE_OVERHEAD_BYTES } from './envelope.js'
import {
  CLIENT_NONCE_BYTES,
  DIGEST_BYTES,
  ENVELOPE_SIGNATURE_BYTES,
  MAX_SERVER_NAME_LENGTH,
  PEER_KEY_BYTES,
  SERVER_NONCE_BYTES,
  SID_BYTES,
} from './layout.js'

/**
 * What stands before everything that an identity signs here, so that no signature fits elsewhere (rendezvous protocol
 * B2); `fingerprint` is only hashed.
 */
export const RendezvousLabel = {
  auth: 'rendezvous/1 auth',
  signal: 'rendezvous/1 signal',
  bind: 'rendezvous/1 bind',
  fingerprint: 'rendezvous/1 fingerprint',
} as const

const AUTH: Uint8Array = label(RendezvousLabel.auth)
const SIGNAL: Uint8Array = label(RendezvousLabel.signal)
const BIND: Uint8Array = label(RendezvousLabel.bind)
const FINGERPRINT: Uint8Array = label(RendezvousLabel.fingerprint)

/**
 * What the signature of an envelope covers: the label and everything before the signature. The SHA-256 of it is the
 * envelope's id (rendezvous protocol B6).
 * @param envelope - the whole of it; what stands in place of the signature does not matter
 * @throws {WireError} `length` when it is shorter than an envelope
 */
export function envelopeSigningBytes(envelope: Uint8Array): Uint8Array {
  if (envelope.length < ENVELOPE_OVERHEAD_BYTES) {
    throw new WireError(
      'length',
      `envelope: expected at least ${ENVELOPE_OVERHEAD_BYTES} bytes, got ${envelope.length}`,
      { field: 'envelope' },
    )
  }
  return join(SIGNAL, envelope.subarray(0, envelope.length - ENVELOPE_SIGNATURE_BYTES))
}

/** What a client proves to a server (rendezvous protocol B5). */
export interface AuthProof {
  /** Name of the server, as `serverName` makes it of the URL that the client dialled. */
  readonly name: string
  /** The server's, 32 bytes. */
  readonly nonce: Uint8Array
  /** The client's, 16 bytes. */
  readonly cn: Uint8Array
  /** Of the client, 32 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * What a client signs to show a server that it has its key: `label | nameLength u16 | name | nonce 32 | cn 16 |
 * publicKey 32`. As the name is the one that was dialled, a server cannot use the answer at another one.
 * @throws {WireError} `server-url` for a name that no URL gives | `length`
 */
export function authSigningBytes({ name, nonce, cn, publicKey }: AuthProof): Uint8Array {
  if (name.length === 0 || name.length > MAX_SERVER_NAME_LENGTH || !/^[\x21-\x7e]+$/.test(name)) {
    throw new WireError(
      'server-url',
      `server name: expected 1 to ${MAX_SERVER_NAME_LENGTH} characters of ASCII, got ${name.length}`,
      { field: 'auth.name' },
    )
  }
  const size = new Uint8Array(2)
  writeU16(size, 0, name.length)
  return join(
    AUTH,
    size,
    Uint8Array.from(name, (character) => character.charCodeAt(0)),
    checkBytes(nonce, SERVER_NONCE_BYTES, 'auth.nonce'),
    checkBytes(cn, CLIENT_NONCE_BYTES, 'auth.cn'),
    checkBytes(publicKey, PEER_KEY_BYTES, 'auth.publicKey'),
  )
}

/** Whose `bind` it is: that of the side that made the offer, or of the other. */
export const BindRole = { offerer: 1, answerer: 2 } as const
/** One of the numbers of {@link BindRole}. */
export type BindRole = (typeof BindRole)[keyof typeof BindRole]

/** What both sides confirm as the first thing on a data channel (rendezvous protocol B11). */
export interface Bind {
  readonly role: BindRole
  /** Who signs, 32 bytes. */
  readonly signer: Uint8Array
  /** The other one, 32 bytes. */
  readonly other: Uint8Array
  /** The attempt, 16 bytes. */
  readonly sid: Uint8Array
  /** Envelope id of the offer, 32 bytes. */
  readonly offerId: Uint8Array
  /** Envelope id of the answer, 32 bytes. */
  readonly answerId: Uint8Array
  /** SHA-256 of the offerer's DTLS certificate, 32 bytes. */
  readonly offererFp: Uint8Array
  /** SHA-256 of the answerer's DTLS certificate, 32 bytes. */
  readonly answererFp: Uint8Array
}

/**
 * What the signature of a `bind` frame covers: `label | role u8 | signer 32 | other 32 | sid 16 | offerId 32 | answerId
 * 32 | offererFp 32 | answererFp 32`.
 * @throws {WireError} `out-of-range` | `length`
 */
export function bindSigningBytes({
  role,
  signer,
  other,
  sid,
  offerId,
  answerId,
  offererFp,
  answererFp,
}: Bind): Uint8Array {
  if (role !== BindRole.offerer && role !== BindRole.answerer) {
    throw new WireError('out-of-range', `bind.role: expected 1 or 2, got ${String(role)}`, { field: 'bind.role' })
  }
  return join(
    BIND,
    Uint8Array.of(role),
    checkBytes(signer, PEER_KEY_BYTES, 'bind.signer'),
    checkBytes(other, PEER_KEY_BYTES, 'bind.other'),
    checkBytes(sid, SID_BYTES, 'bind.sid'),
    checkBytes(offerId, DIGEST_BYTES, 'bind.offerId'),
    checkBytes(answerId, DIGEST_BYTES, 'bind.answerId'),
    checkBytes(offererFp, DIGEST_BYTES, 'bind.offererFp'),
    checkBytes(answererFp, DIGEST_BYTES, 'bind.answererFp'),
  )
}

/**
 * What is hashed with SHA-256 for the fingerprint of a person that is shown: give the hash to `formatFingerprint`
 * (rendezvous protocol B3).
 * @throws {WireError} `length`
 */
export function fingerprintBytes(publicKey: Uint8Array): Uint8Array {
  return join(FINGERPRINT, checkBytes(publicKey, PEER_KEY_BYTES, 'publicKey'))
}

function label(text: string): Uint8Array {
  return Uint8Array.from(`${text}\0`, (character) => character.charCodeAt(0))
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
