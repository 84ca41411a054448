import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, littleEndian, requireUint8Array } from '../bytes.js'
import { ED25519_PUBLIC_KEY_BYTES, ED25519_SIGNATURE_BYTES } from '../lengths.js'

/**
 * Whether `signature` is a pure Ed25519 signature of `message` under `publicKey`: RFC 8032 §5.1.7 without the cofactor,
 * as OpenSSL and Go decide it. Recomputes R = sB - hA and compares its encoding with the one given, so:
 * - s must be below the group order, and R in its only canonical encoding;
 * - A may be any encoding that decodes, a point of small order among them: see {@link isSmallOrder};
 * - a signature that only fits after multiplication by the cofactor is refused.
 *
 * One answer for every input in every build and on every runtime, which is why what a platform decides otherwise is
 * not left to it.
 * @returns `false`, never an error, for lengths other than 64 and 32 and for bytes that are no point
 * @throws {CryptoError} `argument` when one of the three is not a Uint8Array
 */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (!hasVerifiableShape(signature, message, publicKey)) return false
  const { Point } = ed25519
  const s = littleEndian(signature.subarray(32))
  if (s >= Point.Fn.ORDER) return false
  let a: InstanceType<typeof Point>
  try {
    a = Point.fromBytes(publicKey, true)
  } catch {
    return false
  }
  const encodedR = signature.subarray(0, 32)
  const h = Point.Fn.create(littleEndian(sha512(concatBytes(encodedR, publicKey, message))))
  // Not (order - h) times A: that differs where A has a part of small order.
  const r = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(h)).toBytes()
  return r.every((byte, at) => byte === encodedR[at])
}

/** @throws {CryptoError} `argument` */
export function hasVerifiableShape(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  requireUint8Array(signature, 'signature')
  requireUint8Array(message, 'message')
  requireUint8Array(publicKey, 'publicKey')
  return signature.length === ED25519_SIGNATURE_BYTES && publicKey.length === ED25519_PUBLIC_KEY_BYTES
}
