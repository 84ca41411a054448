import { ed25519 } from '@noble/curves/ed25519.js'
import { littleEndian, requireBytes, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { ED25519_PUBLIC_KEY_BYTES } from '../lengths.js'
import { jacobi } from './jacobi.js'

const PRIME = 2n ** 255n - 19n
/** The d of the curve equation -x² + y² = 1 + dx²y². Source: RFC 8032 §5.1. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SIGN_BIT = 1n << 255n

/**
 * Whether these bytes decode to a curve point by the letter of RFC 8032 §5.1.3: y below the field prime, an x for it,
 * and no negative zero. Points of small order are points: see {@link isSmallOrder}. Costs about 15 µs.
 * @returns `false` as well for anything that is not 32 bytes
 * @throws {CryptoError} `argument` when it is no Uint8Array
 */
export function isPoint(publicKey: Uint8Array): boolean {
  requireUint8Array(publicKey, 'publicKey')
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES) return false
  const encoded = littleEndian(publicKey)
  const y = encoded & ~SIGN_BIT
  if (y >= PRIME) return false
  // x² = (y² - 1) / (dy² + 1) has a solution where the product of the two is a square: no root is taken.
  const y2 = (y * y) % PRIME
  const product = ((y2 + PRIME - 1n) * (((D * y2) % PRIME) + 1n)) % PRIME
  return product === 0n ? encoded === y : jacobi(product, PRIME) === 1
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
