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
  /**
   * The proof of work of `CREATE_CHAT`: see {@link ProofOfWork}. Absent where the key cannot search for a point;
   * `proofOfWork` then signs in a loop.
   * @param nonce - the mediator's, 32 bytes
   * @throws {CryptoError} `argument`; the reason of `signal` when it is aborted
   */
  signProofOfWork?(nonce: Uint8Array, options?: ProofOfWorkOptions): Promise<ProofOfWork>
}

/**
 * What a mediator asks before it makes a chat: a signature over `nonce (32) ‖ counter (u32, big-endian)` that begins
 * with two zero bytes. Source: mediator protocol §8.4.
 */
export interface ProofOfWork {
  /** 0 from a signer that searches for a point; else the number that was counted up to. */
  readonly counter: number
  /** 64 bytes; the first two are zero. */
  readonly signature: Uint8Array
}

/** What searches for a point: two at once in WebAssembly, or one at a time in plain JavaScript. */
export type ProofOfWorkEngine = 'wasm-simd' | 'js'

export interface ProofOfWorkOptions {
  /** Stops the search; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** For measurements: `js` although this runtime has WebAssembly. Without it the faster one is taken. */
  readonly engine?: ProofOfWorkEngine | undefined
}

/**
 * A proof of work that lacks only the mediator's nonce: the search is behind it. It holds a secret that is good for one
 * signature, and wipes it when that is made.
 */
export interface PreparedProofOfWork {
  /**
   * The signature for this nonce.
   * @param nonce - the mediator's, 32 bytes
   * @throws {CryptoError} `argument`, which leaves it usable | `finished` for the second time, and after `discard`
   */
  finish(nonce: Uint8Array): ProofOfWork
  /** Wipe the secret without a signature. Does nothing the second time. */
  discard(): void
}

/** A {@link Signer} whose seed is in this process: it answers at once and can do everything. */
export interface SeedSigner extends Signer {
  sign(message: Uint8Array): Uint8Array
  /** @throws {CryptoError} `argument` | `shared-secret` */
  agree(x25519PublicKey: Uint8Array): Uint8Array
  signProofOfWork(nonce: Uint8Array, options?: ProofOfWorkOptions): Promise<ProofOfWork>
  /**
   * Search before the nonce is known: what is left to do afterwards takes less than a millisecond. Keep it in memory,
   * never on disk.
   * @throws the reason of `signal` when it is aborted
   */
  prepareProofOfWork(options?: ProofOfWorkOptions): Promise<PreparedProofOfWork>
}

/** How the members of a chat encrypt, one of two for each chat. Source: mediator protocol §18.1. */
export type GroupCipher = 'rfc8439' | 'legacy'

export interface OpenedGroupMessage {
  readonly plaintext: Uint8Array
  /** The one that fitted, which need not be the one that was asked for. */
  readonly cipher: GroupCipher
}

export interface UnwrappedGroupKey {
  /** 32 bytes, secret. */
  readonly groupKey: Uint8Array
  /** The one that fitted: that of the inviter's program. */
  readonly cipher: GroupCipher
}

/** What is drawn at random for an invite, for tests and vectors: never use one twice. */
export interface GroupInviteRandom {
  /** 32 bytes. */
  readonly ephemeralPrivateKey: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
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
