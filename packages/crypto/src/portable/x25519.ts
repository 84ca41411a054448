import { x25519 as curve } from '@noble/curves/ed25519.js'
import { requireBytes } from '../bytes.js'
import { CryptoError } from '../error.js'
import { X25519_BYTES } from '../lengths.js'
import type { X25519KeyPair } from '../types.js'
import { randomBytes } from './random.js'

/** A fresh X25519 key pair. @throws {CryptoError} `random-source` */
export function generateX25519KeyPair(): X25519KeyPair {
  const privateKey = randomBytes(X25519_BYTES)
  return { privateKey, publicKey: x25519PublicKey(privateKey) }
}

/**
 * The public key of an X25519 private key (RFC 7748), which is clamped on the way.
 * @param privateKey - 32 bytes
 * @throws {CryptoError} `argument`
 */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  requireBytes(privateKey, X25519_BYTES, 'privateKey')
  return curve.getPublicKey(privateKey)
}

/**
 * X25519 (RFC 7748): 32 bytes that both sides compute. Derive keys from them, do not use them as one. The top bit of
 * `publicKey` is without influence.
 * @param privateKey - own, 32 bytes; Node keeps its imported form as long as this very array lives
 * @param publicKey - the other one's, 32 bytes
 * @throws {CryptoError} `argument` | `shared-secret` when the result would be all zero (a public key of small order)
 */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  requireBytes(privateKey, X25519_BYTES, 'privateKey')
  requireBytes(publicKey, X25519_BYTES, 'publicKey')
  try {
    return curve.getSharedSecret(privateKey, publicKey)
  } catch (cause) {
    throw zeroSecret(cause)
  }
}

export function zeroSecret(cause: unknown): CryptoError {
  return new CryptoError('shared-secret', 'expected an X25519 public key that is not of small order; refuse the peer', {
    cause,
  })
}
