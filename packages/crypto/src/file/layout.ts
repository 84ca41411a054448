// The stored form of an encrypted file: chunk after chunk, nothing before, between or behind them. Each is sealed with
// ChaCha20-Poly1305 under the key of the file, without associated data, and its nonce is its index. So the form of a
// file is a function of key and plaintext, and any part of it can be made or opened again without the rest. Source:
// current protocol §16.
import { requireInteger } from '../bytes.js'
import { CryptoError } from '../error.js'
import {
  AEAD_NONCE_BYTES,
  ENCRYPTED_FILE_CHUNK_BYTES,
  FILE_CHUNK_BYTES,
  FILE_MAX_BYTES,
  TAG_BYTES,
} from '../lengths.js'

const MAX_CHUNKS = FILE_MAX_BYTES / FILE_CHUNK_BYTES

/**
 * How many chunks a file has. An empty file has none; a chunk is never empty.
 * @param plainBytes - length of the plaintext, 0 to 2^52
 * @throws {CryptoError} `argument`
 */
export function fileChunkCount(plainBytes: number): number {
  requireInteger(plainBytes, 0, FILE_MAX_BYTES, 'plainBytes')
  return Math.ceil(plainBytes / FILE_CHUNK_BYTES)
}

/**
 * Length in bytes of the stored form: a tag more for each chunk.
 * @param plainBytes - length of the plaintext, 0 to 2^52
 * @throws {CryptoError} `argument`
 */
export function encryptedFileSize(plainBytes: number): number {
  return plainBytes + TAG_BYTES * fileChunkCount(plainBytes)
}

/**
 * Length in bytes of the plaintext, from that of the stored form.
 * @param encryptedBytes - 0 to 2^52 + 2^36
 * @throws {CryptoError} `argument` | `authentication` for a length that no file has: its last chunk would hold no byte
 */
export function plainFileSize(encryptedBytes: number): number {
  requireInteger(encryptedBytes, 0, encryptedFileSize(FILE_MAX_BYTES), 'encryptedBytes')
  const lastBytes = encryptedBytes % ENCRYPTED_FILE_CHUNK_BYTES
  const beforeBytes = ((encryptedBytes - lastBytes) / ENCRYPTED_FILE_CHUNK_BYTES) * FILE_CHUNK_BYTES
  if (lastBytes === 0) return beforeBytes
  requireFilledChunk(lastBytes)
  return beforeBytes + lastBytes - TAG_BYTES
}

/** `index u64 little-endian | 4 zero bytes`. No file has an index that needs more than the first four bytes. */
export function fileChunkNonce(index: number): Uint8Array {
  requireInteger(index, 0, MAX_CHUNKS - 1, 'index of the chunk')
  const nonce = new Uint8Array(AEAD_NONCE_BYTES)
  new DataView(nonce.buffer).setUint32(0, index, true)
  return nonce
}

/**
 * A last chunk of nothing but its tag is one that no writer makes: a file could have two stored forms.
 * @throws {CryptoError} `authentication`
 */
export function requireFilledChunk(sealedBytes: number): void {
  if (sealedBytes <= TAG_BYTES)
    throw new CryptoError('authentication', `expected a chunk of more than ${TAG_BYTES} bytes, got ${sealedBytes}`)
}
