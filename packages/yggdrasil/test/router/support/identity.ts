import { createSigner, verify } from '@mimirjs/crypto'
import type { Random } from '@mimirjs/transport/testing'

/** A key and its signatures. */
export interface Identity {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

export function realIdentity(seed: Uint8Array): Identity {
  const signer = createSigner(seed)
  return { publicKey: signer.publicKey, sign: (message) => signer.sign(message), verify }
}

/**
 * Signatures that anybody could make, and a hundred times as cheap: where many nodes are simulated, and nobody forges.
 * They still depend on every byte of key and message.
 */
export function cheapIdentity(random: Random, firstByte?: number): Identity {
  const publicKey = random.bytes(32)
  if (firstByte !== undefined) publicKey[0] = firstByte
  return {
    publicKey,
    sign: (message) => cheapSignature(message, publicKey),
    verify(signature, message, key) {
      const expected = cheapSignature(message, key)
      return signature.length === 64 && signature.every((byte, at) => byte === expected[at])
    },
  }
}

function cheapSignature(message: Uint8Array, key: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193)
  for (const byte of message) hash = Math.imul(hash ^ byte, 0x01000193)
  const signature = new Uint8Array(64)
  for (let at = 0; at < 64; at++) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    signature[at] = hash >>> 24
  }
  return signature
}
