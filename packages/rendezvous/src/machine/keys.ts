import { isPoint, isSmallOrder, sha256 } from '@mimirjs/crypto'
import { equalBytes, toHex } from '@mimirjs/wire'
import { fingerprintBytes, formatFingerprint, PEER_KEY_BYTES } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../error.js'

/** What tables are keyed by. */
export function nameOf(publicKey: Uint8Array): string {
  return toHex(publicKey)
}

/** Whether these bytes can name anybody (rendezvous protocol B3). */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  return publicKey.length === PEER_KEY_BYTES && !isSmallOrder(publicKey) && isPoint(publicKey)
}

/** @throws {RendezvousError} `bad-key` for what is no key, and for our own */
export function requirePeerKey(publicKey: Uint8Array, own: Uint8Array): void {
  if (!(publicKey instanceof Uint8Array) || !isAcceptableKey(publicKey))
    throw new RendezvousError('bad-key', 'publicKey: expected 32 bytes of an Ed25519 public key that somebody can have')
  if (equalBytes(publicKey, own))
    throw new RendezvousError('bad-key', 'publicKey: expected somebody else, got our own key')
}

/** What two people compare to know that nobody is between them (rendezvous protocol B3). */
export function displayFingerprint(publicKey: Uint8Array): string {
  return formatFingerprint(sha256(fingerprintBytes(publicKey)))
}

/** Who makes the offer when both knock at once: the smaller key, byte by byte (rendezvous protocol B9.3). */
export function isSmallerKey(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < PEER_KEY_BYTES; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
