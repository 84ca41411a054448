import { hsalsa } from '@noble/ciphers/salsa.js'
import { boxEngine } from '../box/load.js'
import { requireBytes, requireUint8Array } from '../bytes.js'
import { notAuthentic } from '../error.js'
import { BOX_NONCE_BYTES, CIPHER_KEY_BYTES } from '../lengths.js'
import { requireTag } from './aead.js'
import { x25519 } from './x25519.js'

/** The constant of Salsa20 for 32-byte keys. */
const SIGMA = 'expand 32-byte k'

/**
 * The key two people share for {@link boxSeal}: HSalsa20 of their X25519 secret, `crypto_box_beforenm` of NaCl. Costs
 * a scalar multiplication: compute it once for each peer.
 * @param privateKey - own X25519 private key, 32 bytes
 * @param publicKey - the other one's X25519 public key, 32 bytes
 * @throws {CryptoError} `argument` | `shared-secret`
 */
export function boxSharedKey(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return deriveBoxKey(x25519(privateKey, publicKey))
}

/** HSalsa20(secret, 16 zero bytes). */
export function deriveBoxKey(secret: Uint8Array): Uint8Array {
  const sigma = Uint8Array.from(SIGMA, (letter) => letter.charCodeAt(0))
  const derived = new Uint32Array(8)
  // Words in the byte order of the machine: `hsalsa` turns them where that is needed.
  hsalsa(new Uint32Array(sigma.buffer), new Uint32Array(new Uint8Array(secret).buffer), new Uint32Array(4), derived)
  return new Uint8Array(derived.buffer)
}

/**
 * XSalsa20-Poly1305 as NaCl lays it out: the 16-byte tag, then the ciphertext. Also NaCl's secretbox.
 * @param sharedKey - 32 bytes, from {@link boxSharedKey}
 * @param nonce - 24 bytes, never used twice under one key by either side; long enough to be drawn at random
 * @throws {CryptoError} `argument`
 */
export function boxSeal(sharedKey: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  requireBox(sharedKey, nonce, plaintext)
  return boxEngine().seal(sharedKey, nonce, plaintext)
}

/**
 * Undo {@link boxSeal}. Nothing of a message that was altered is returned.
 * @throws {CryptoError} `argument` | `authentication`, also when `sealed` is shorter than a tag
 */
export function boxOpen(sharedKey: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  requireBox(sharedKey, nonce, sealed)
  requireTag(sealed)
  const plaintext = boxEngine().open(sharedKey, nonce, sealed)
  if (plaintext === undefined) throw notAuthentic()
  return plaintext
}

function requireBox(sharedKey: Uint8Array, nonce: Uint8Array, message: Uint8Array): void {
  requireBytes(sharedKey, CIPHER_KEY_BYTES, 'sharedKey')
  requireBytes(nonce, BOX_NONCE_BYTES, 'nonce')
  requireUint8Array(message, 'message')
}
