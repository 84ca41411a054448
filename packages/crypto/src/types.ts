/**
 * A private key that can be used but not seen. Everything that signs takes one of these, so that a hardware or
 * non-extractable key can stand in. Only this package makes one from a seed.
 */
export interface Signer {
  /** 32-byte Ed25519 public key. */
  readonly publicKey: Uint8Array
  /** Pure Ed25519 (RFC 8032) over `message`: 64 bytes. A signer that is far away returns a promise. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** X25519 shared secret (32 bytes) of this identity with `x25519PublicKey`. Absent where the key cannot do it. */
  agree?(x25519PublicKey: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A {@link Signer} whose seed is in this process: it answers at once and can do everything. */
export interface SeedSigner extends Signer {
  sign(message: Uint8Array): Uint8Array
  /** @throws {CryptoError} `argument` | `shared-secret` */
  agree(x25519PublicKey: Uint8Array): Uint8Array
}

export interface Ed25519KeyPair {
  /** 32 bytes, secret. */
  readonly seed: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

export interface X25519KeyPair {
  /** 32 bytes, secret, not clamped. */
  readonly privateKey: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}
