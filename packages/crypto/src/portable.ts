// The build for every runtime: @noble/* and nothing else. Its types and texts are those of both builds.
export { createCounterBox } from './box/counter-box.js'
export type { CounterBox } from './box/types.js'
export { type Blame, CryptoError, type CryptoErrorCode, isCryptoError } from './error.js'
export { encryptedFileSize, fileChunkCount, plainFileSize } from './file/layout.js'
export type { ExpectedFile, FileDecryptor, FileEncryptor, FinishedFile } from './file/types.js'
export {
  AEAD_NONCE_BYTES,
  BLAKE2B_MAX_BYTES,
  BOX_NONCE_BYTES,
  CIPHER_KEY_BYTES,
  COUNTER_BOX_MAX_BYTES,
  ED25519_PUBLIC_KEY_BYTES,
  ED25519_SEED_BYTES,
  ED25519_SIGNATURE_BYTES,
  ENCRYPTED_FILE_CHUNK_BYTES,
  FILE_CHUNK_BYTES,
  FILE_MAX_BYTES,
  GROUP_INVITE_BYTES,
  GROUP_KEY_BYTES,
  GROUP_OVERHEAD_BYTES,
  HKDF_SHA256_MAX_BYTES,
  PROOF_OF_WORK_NONCE_BYTES,
  SHA256_BYTES,
  TAG_BYTES,
  X25519_BYTES,
} from './lengths.js'
export {
  aes256GcmOpen,
  aes256GcmSeal,
  aes256GcmSealInto,
  aes256GcmTryOpen,
  chacha20Poly1305Open,
  chacha20Poly1305Seal,
} from './portable/aead.js'
export { boxOpen, boxSeal, boxSharedKey } from './portable/box.js'
export { ed25519SeedToX25519, generateKeyPair, generateSeed, publicKeyFromSeed, sign } from './portable/ed25519.js'
export { equalConstantTime } from './portable/equal.js'
export { createFileDecryptor, createFileEncryptor, openFileChunk, sealFileChunk } from './portable/file.js'
export { groupOpen, groupSeal, unwrapGroupKey, wrapGroupKey } from './portable/group.js'
export { blake2b, hkdfSha256, sha256, sha512 } from './portable/hash.js'
export { ed25519PublicKeyToX25519, isPoint } from './portable/point.js'
export { randomBytes } from './portable/random.js'
export { createSha256 } from './portable/sha256.js'
export { createSigner } from './portable/signer.js'
export { verify } from './portable/verify.js'
export { generateX25519KeyPair, x25519, x25519PublicKey } from './portable/x25519.js'
export { proofOfWork } from './proof/loop.js'
export { isProofOfWork } from './proof/rules.js'
export type { Sha256 } from './sha256-stream.js'
export { isSmallOrder } from './small-order.js'
export type {
  Ed25519KeyPair,
  GroupCipher,
  GroupInviteRandom,
  OpenedGroupMessage,
  PreparedProofOfWork,
  ProofOfWork,
  ProofOfWorkEngine,
  ProofOfWorkOptions,
  SeedSigner,
  Signer,
  UnwrappedGroupKey,
  X25519KeyPair,
} from './types.js'
