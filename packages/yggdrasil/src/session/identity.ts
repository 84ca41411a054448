import { boxSharedKey, ed25519SeedToX25519, type SeedSigner } from '@mimirjs/crypto'

/** What the sessions of a node do with its key, without seeing it. */
export interface SessionIdentity {
  /** Ed25519: 64 bytes. */
  sign(message: Uint8Array): Uint8Array
  /**
   * The key of a box between our node key and this X25519 key. yggdrasil protocol §8.2
   * @throws {CryptoError} `shared-secret` for a key of small order
   */
  boxKey(x25519PublicKey: Uint8Array): Uint8Array
}

/** @param seed - that of `signer`, 32 bytes */
export function sessionIdentity(seed: Uint8Array, signer: SeedSigner): SessionIdentity {
  const privateKey = ed25519SeedToX25519(seed)
  return {
    sign: (message) => signer.sign(message),
    boxKey: (publicKey) => boxSharedKey(privateKey, publicKey),
  }
}
