import { isWireError, WireError } from '../error.js'
import { checkBytes } from '../int.js'
import { decodeB64u, encodeB64u } from './base64url.js'
import { PEER_KEY_BYTES } from './layout.js'

const FINGERPRINT_BYTES = 15
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * How a person is written down: base64url of the public key, 43 characters (rendezvous protocol B3).
 * @throws {WireError} `length`
 */
export function formatPeerId(publicKey: Uint8Array): string {
  return encodeB64u(checkBytes(publicKey, PEER_KEY_BYTES, 'publicKey'))
}

/** How a key that strangers chose is judged, by `@mimirjs/crypto`. Without it every 32 bytes are taken as a key. */
export interface ParsePeerIdOptions {
  /** Whether these 32 bytes may name anybody: a point of the curve, and none of small order. */
  readonly isKey?: ((publicKey: Uint8Array) => boolean) | undefined
}

/** The public key, 32 bytes. @throws {WireError} `peer-id` */
export function parsePeerId(text: string, { isKey }: ParsePeerIdOptions = {}): Uint8Array {
  let publicKey: Uint8Array
  try {
    publicKey = decodeB64u(text, PEER_KEY_BYTES)
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new WireError('peer-id', `peer id: expected 43 characters of base64url, got something else`, { cause })
  }
  if (isKey?.(publicKey) === false) throw new WireError('peer-id', 'peer id: expected a key that somebody can have')
  return publicKey
}

/**
 * What two people compare to know that nobody is between them: the first 15 bytes in base32, six groups of four
 * (rendezvous protocol B3).
 * @param digest - SHA-256 of `fingerprintBytes`; at least its first 15 bytes
 * @throws {WireError} `length`
 */
export function formatFingerprint(digest: Uint8Array): string {
  if (digest.length < FINGERPRINT_BYTES) {
    throw new WireError('length', `fingerprint: expected at least ${FINGERPRINT_BYTES} bytes, got ${digest.length}`)
  }
  let text = ''
  for (let at = 0; at < FINGERPRINT_BYTES; at += 5) {
    // 40 bits: two groups. A number holds them exactly.
    let bits = 0
    for (let index = at; index < at + 5; index++) bits = bits * 256 + digest[index]!
    for (let shift = 35; shift >= 0; shift -= 5) {
      text += BASE32[Math.floor(bits / 2 ** shift) % 32]
      if (shift === 20 || (shift === 0 && at + 5 < FINGERPRINT_BYTES)) text += '-'
    }
  }
  return text
}
