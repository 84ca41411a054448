import {
  BOX_NONCE_BYTES,
  boxOpen,
  boxSeal,
  boxSharedKey,
  ed25519PublicKeyToX25519,
  verify,
  type X25519KeyPair,
} from '@mimirjs/crypto'
import {
  decodeSessionInit,
  decodeSessionInitMessage,
  encodeSessionInit,
  encodeSessionInitMessage,
  SESSION_INIT_BYTES,
  type SessionType,
  signedSessionBytes,
} from '../wire/session.js'
import type { SessionIdentity } from './identity.js'

// Inits and Acks, sealed and signed. yggdrasil protocol §8.3.

/** An Init is alone under its key, so its counter is 0. */
const NONCE = new Uint8Array(BOX_NONCE_BYTES)

/** What an Init or Ack says. Numbers above 2^53 are of nobody honest and are not read. */
export interface Announced {
  /** X25519, 32 bytes. */
  readonly current: Uint8Array
  /** X25519, 32 bytes. */
  readonly next: Uint8Array
  readonly keySeq: number
  readonly seq: number
}

export type InitType = typeof SessionType.init | typeof SessionType.ack

/**
 * The 193 bytes of an Init or Ack.
 * @param ephemeral - fresh for each message
 * @param recipient - Ed25519
 * @throws {CryptoError} `point` | `shared-secret` when the recipient's key is none that one can agree with
 */
export function sealInit(
  type: InitType,
  announced: Announced,
  identity: SessionIdentity,
  ephemeral: X25519KeyPair,
  recipient: Uint8Array,
): Uint8Array {
  const sharedKey = boxSharedKey(ephemeral.privateKey, ed25519PublicKeyToX25519(recipient))
  const { current, next } = announced
  const fields = { current, next, keySeq: BigInt(announced.keySeq), seq: BigInt(announced.seq) }
  const signature = identity.sign(signedSessionBytes(ephemeral.publicKey, fields))
  const sealed = boxSeal(sharedKey, NONCE, encodeSessionInit({ signature, ...fields }))
  return encodeSessionInitMessage({ type, ephemeralKey: ephemeral.publicKey, sealed })
}

/** @returns `undefined` for whatever is no Init or Ack by `source` for us: such a message is ignored */
export function openInit(message: Uint8Array, identity: SessionIdentity, source: Uint8Array): Announced | undefined {
  if (message.length !== SESSION_INIT_BYTES) return undefined
  try {
    const { ephemeralKey, sealed } = decodeSessionInitMessage(message)
    const init = decodeSessionInit(boxOpen(identity.boxKey(ephemeralKey), NONCE, sealed))
    if (!verify(init.signature, signedSessionBytes(ephemeralKey, init), source)) return undefined
    const keySeq = Number(init.keySeq)
    const seq = Number(init.seq)
    if (!Number.isSafeInteger(keySeq + 1) || !Number.isSafeInteger(seq + 1)) return undefined
    return { current: init.current, next: init.next, keySeq, seq }
  } catch {
    // A key of small order, a box for somebody else, a source that is no point.
    return undefined
  }
}
