import { ed25519 } from '@noble/curves/ed25519.js'
import { requireBytes, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { ED25519_PUBLIC_KEY_BYTES } from '../lengths.js'

/**
 * Whether these bytes decode to a curve point by the letter of RFC 8032 §5.1.3: y below the field prime, and no
 * negative zero. Points of small order are points: see {@link isSmallOrder}.
 * @returns `false` as well for anything that is not 32 bytes
 * @throws {CryptoError} `argument` when it is no Uint8Array
 */
export function isPoint(publicKey: Uint8Array): boolean {
  requireUint8Array(publicKey, 'publicKey')
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES) return false
  try {
    ed25519.Point.fromBytes(publicKey, false)
    return true
  } catch {
    return false
  }
}

/**
 * The X25519 public key of an Ed25519 public key: u = (1 + y) / (1 - y). The sign of the point is without influence.
 * @param publicKey - 32 bytes
 * @throws {CryptoError} `argument` | `point` for what {@link isPoint} refuses, and for the neutral element
 */
export function ed25519PublicKeyToX25519(publicKey: Uint8Array): Uint8Array {
  requireBytes(publicKey, ED25519_PUBLIC_KEY_BYTES, 'publicKey')
  try {
    return ed25519.utils.toMontgomery(publicKey)
  } catch (cause) {
    throw new CryptoError('point', 'expected an Ed25519 public key that is a point other than the neutral one', {
      cause,
    })
  }
}
