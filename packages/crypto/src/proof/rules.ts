import { requireBytes, requireUint8Array } from '../bytes.js'
import { PROOF_OF_WORK_NONCE_BYTES } from '../lengths.js'

const COUNTER_BYTES = 4

/**
 * Whether a signature passes the filter of `CREATE_CHAT`: its first two bytes are zero. Says nothing about whether it is
 * valid; a server asks this first, because it costs nothing. Source: mediator protocol §8.4.
 * @throws {CryptoError} `argument`
 */
export function isProofOfWork(signature: Uint8Array): boolean {
  requireUint8Array(signature, 'signature')
  return signature[0] === 0 && signature[1] === 0
}

/** What is signed: the nonce, then the counter as a big-endian u32. */
export function proofMessage(nonce: Uint8Array, counter: number): Uint8Array {
  const message = new Uint8Array(PROOF_OF_WORK_NONCE_BYTES + COUNTER_BYTES)
  message.set(nonce)
  new DataView(message.buffer).setUint32(PROOF_OF_WORK_NONCE_BYTES, counter)
  return message
}

/** @throws {CryptoError} `argument` */
export function requireNonce(nonce: Uint8Array): void {
  requireBytes(nonce, PROOF_OF_WORK_NONCE_BYTES, 'nonce')
}
