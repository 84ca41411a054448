import { openChunk, sealChunk } from '../file/chunk.js'
import { FileStream } from '../file/stream.js'
import type { FileDecryptor, FileEncryptor } from '../file/types.js'
import { chacha20Poly1305Open, chacha20Poly1305Seal } from './aead.js'
import { createSha256 } from './sha256.js'

/**
 * Encrypt a file, chunk by chunk: current protocol §16. The same key and plaintext give the same bytes, so an upload
 * that broke off can be made again. With another plaintext, were it one byte of it, the same key gives both away.
 * @param key - 32 random bytes, of this file alone; copied, and the copy wiped at the end
 * @throws {CryptoError} `argument`
 */
export function createFileEncryptor(key: Uint8Array): FileEncryptor {
  return new FileStream('seal', key, sealFileChunk, createSha256())
}

/**
 * Decrypt a file, chunk by chunk: current protocol §16.
 * @param key - 32 bytes; copied, and the copy wiped at the end
 * @throws {CryptoError} `argument`
 */
export function createFileDecryptor(key: Uint8Array): FileDecryptor {
  return new FileStream('open', key, openFileChunk, createSha256())
}

/**
 * One chunk of the stored form, wherever it is in the file: ciphertext, then the 16-byte tag. It stands at `index`
 * times 1,048,592. Nothing here knows which chunk is the last: any other has to be whole.
 * @param key - 32 random bytes, never used for another plaintext
 * @param index - from 0
 * @param plaintext - 1 to 1,048,576 bytes: the file from `index` times 1,048,576 on
 * @throws {CryptoError} `argument`
 */
export function sealFileChunk(key: Uint8Array, index: number, plaintext: Uint8Array): Uint8Array {
  return sealChunk(chacha20Poly1305Seal, key, index, plaintext)
}

/**
 * Undo {@link sealFileChunk}. Nothing of a chunk that was altered, or is of another place or file, is returned.
 * @param key - 32 bytes
 * @param index - from 0
 * @param sealed - at most 1,048,592 bytes
 * @throws {CryptoError} `argument` | `authentication`, also when `sealed` is shorter than 17 bytes
 */
export function openFileChunk(key: Uint8Array, index: number, sealed: Uint8Array): Uint8Array {
  return openChunk(chacha20Poly1305Open, key, index, sealed)
}
