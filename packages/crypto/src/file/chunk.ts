import { requireInteger, requireUint8Array } from '../bytes.js'
import { CryptoError, isCryptoError } from '../error.js'
import { ENCRYPTED_FILE_CHUNK_BYTES, FILE_CHUNK_BYTES } from '../lengths.js'
import { fileChunkNonce, requireFilledChunk } from './layout.js'

/** ChaCha20-Poly1305 of one of the builds, in one of the directions. */
type Cipher = (key: Uint8Array, nonce: Uint8Array, message: Uint8Array) => Uint8Array

/** @throws {CryptoError} `argument` */
export function sealChunk(seal: Cipher, key: Uint8Array, index: number, plaintext: Uint8Array): Uint8Array {
  requireUint8Array(plaintext, 'plaintext')
  requireInteger(plaintext.length, 1, FILE_CHUNK_BYTES, 'length of plaintext')
  return seal(key, fileChunkNonce(index), plaintext)
}

/** @throws {CryptoError} `argument`, also when the caller cut too long a chunk | `authentication` */
export function openChunk(open: Cipher, key: Uint8Array, index: number, sealed: Uint8Array): Uint8Array {
  requireUint8Array(sealed, 'sealed')
  requireInteger(sealed.length, 0, ENCRYPTED_FILE_CHUNK_BYTES, 'length of sealed')
  requireFilledChunk(sealed.length)
  try {
    return open(key, fileChunkNonce(index), sealed)
  } catch (error) {
    if (!isCryptoError(error) || error.code !== 'authentication') throw error
    const message = `chunk ${index} was altered, moved or sealed under another key; drop the file`
    throw new CryptoError('authentication', message, { cause: error })
  }
}
