import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'

/** The key of a mediator, out of its file. */
export interface MediatorKey {
  readonly signer: SeedSigner
  /** The file was made by this call. */
  readonly created: boolean
  /** Other users of this machine may read the file: tell its owner to `chmod 600` it. */
  readonly readableByOthers: boolean
}

/**
 * The key in a file, in any form that a mediator has written: 32 raw bytes, 64 raw bytes (seed and public key, which has
 * to fit), or 64 hex digits. Where there is no file a new key is written first, 32 raw bytes, mode 0600. A file that is
 * there is never overwritten (mediator protocol §17).
 * @throws {CryptoError} `key-file` | `io`
 */
export function loadMediatorKey(path: string): MediatorKey {
  const { seed, created, readableByOthers } = loadOrCreateKeyFile(path)
  const signer = createSigner(seed)
  seed.fill(0)
  return { signer, created, readableByOthers }
}
