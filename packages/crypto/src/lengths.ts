/** Lengths in bytes of everything this package takes and gives. */
export const ED25519_SEED_BYTES = 32
export const ED25519_PUBLIC_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
/** X25519 private keys, public keys and shared secrets. */
export const X25519_BYTES = 32
/** Keys of ChaCha20-Poly1305, AES-256-GCM, the box and encrypted files. */
export const CIPHER_KEY_BYTES = 32
/** Nonces of ChaCha20-Poly1305 and AES-256-GCM. */
export const AEAD_NONCE_BYTES = 12
export const BOX_NONCE_BYTES = 24
/** The longest plaintext that a `CounterBox` takes: more than any packet of an overlay holds. */
export const COUNTER_BOX_MAX_BYTES = 131_072
/** What sealing adds, whatever the cipher. */
export const TAG_BYTES = 16
/** RFC 5869: 255 blocks of SHA-256. */
export const HKDF_SHA256_MAX_BYTES: number = 255 * 32
export const BLAKE2B_MAX_BYTES = 64
/** The digest of a file, and every other SHA-256. */
export const SHA256_BYTES = 32
/** Plaintext of a chunk of a file; the last one may be shorter, but not empty. Source: current protocol §16. */
export const FILE_CHUNK_BYTES = 1_048_576
/** The same chunk in the stored form: ciphertext, then tag. */
export const ENCRYPTED_FILE_CHUNK_BYTES: number = FILE_CHUNK_BYTES + TAG_BYTES
/** The largest file to encrypt: sizes and offsets of its stored form are exact numbers, every chunk index is a u32. */
export const FILE_MAX_BYTES: number = 2 ** 52
/** A key of a group chat. */
export const GROUP_KEY_BYTES = 32
/** An invite: ephemeral X25519 key, nonce, and the group key with its tag. Source: mediator protocol §18.2. */
export const GROUP_INVITE_BYTES: number = X25519_BYTES + AEAD_NONCE_BYTES + GROUP_KEY_BYTES + TAG_BYTES
/** What sealing adds to a message of a group: nonce and tag. */
export const GROUP_OVERHEAD_BYTES: number = AEAD_NONCE_BYTES + TAG_BYTES
/** The nonce of a mediator that a proof of work answers. */
export const PROOF_OF_WORK_NONCE_BYTES = 32
