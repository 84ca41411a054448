import { requireBytes, requireInteger, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import {
  CIPHER_KEY_BYTES,
  ENCRYPTED_FILE_CHUNK_BYTES,
  FILE_CHUNK_BYTES,
  FILE_MAX_BYTES,
  SHA256_BYTES,
} from '../lengths.js'
import type { Sha256 } from '../sha256-stream.js'
import { ChunkBuffer } from './chunk-buffer.js'
import type { ExpectedFile, FileDecryptor, FileEncryptor, FinishedFile } from './types.js'

/** Seals or opens the chunk at `index`. */
export type ConvertChunk = (key: Uint8Array, index: number, chunk: Uint8Array) => Uint8Array

/** Both directions: they differ in how long a chunk is on the way in, and in which side of the cipher is stored. */
export class FileStream implements FileEncryptor, FileDecryptor {
  readonly #key: Uint8Array
  readonly #sealing: boolean
  readonly #convert: ConvertChunk
  readonly #sha256: Sha256
  readonly #chunks: ChunkBuffer
  #index = 0
  #plainBytes = 0
  #encryptedBytes = 0
  #ended = false

  constructor(direction: 'seal' | 'open', key: Uint8Array, convert: ConvertChunk, sha256: Sha256) {
    requireBytes(key, CIPHER_KEY_BYTES, 'key')
    this.#key = new Uint8Array(key) // not `slice`, which for a Buffer is a view of what the caller keeps
    this.#sealing = direction === 'seal'
    this.#convert = convert
    this.#sha256 = sha256
    this.#chunks = new ChunkBuffer(this.#sealing ? FILE_CHUNK_BYTES : ENCRYPTED_FILE_CHUNK_BYTES)
  }

  push(piece: Uint8Array): Uint8Array[] {
    requireUint8Array(piece, 'piece')
    this.#requireRunning()
    const converted: Uint8Array[] = []
    try {
      for (const chunk of this.#chunks.push(piece)) converted.push(this.#next(chunk))
      return converted
    } catch (error) {
      this.#end()
      for (const chunk of converted) chunk.fill(0)
      throw error
    }
  }

  finish(expected: ExpectedFile = {}): FinishedFile {
    requireExpectable(expected)
    this.#requireRunning()
    let lastChunk: Uint8Array | undefined
    try {
      const rest = this.#chunks.rest()
      if (rest.length > 0) lastChunk = this.#next(rest)
      const [plainBytes, encryptedBytes] = [this.#plainBytes, this.#encryptedBytes]
      const file: FinishedFile = { lastChunk, sha256: this.#sha256.digest(), plainBytes, encryptedBytes }
      requireExpected(file, expected)
      return file
    } catch (error) {
      lastChunk?.fill(0)
      throw error
    } finally {
      this.#end()
    }
  }

  #next(chunk: Uint8Array): Uint8Array {
    const converted = this.#convert(this.#key, this.#index++, chunk)
    const [plain, stored] = this.#sealing ? [chunk, converted] : [converted, chunk]
    this.#sha256.update(stored)
    this.#plainBytes += plain.length
    this.#encryptedBytes += stored.length
    return converted
  }

  #requireRunning(): void {
    if (this.#ended) throw new CryptoError('finished', 'this file was finished, or failed; start a new one')
  }

  /** Nothing secret stays behind. */
  #end(): void {
    this.#ended = true
    this.#key.fill(0)
    this.#chunks.wipe()
  }
}

/** @throws {CryptoError} `argument` */
function requireExpectable({ sha256, plainBytes }: ExpectedFile): void {
  if (sha256 !== undefined) requireBytes(sha256, SHA256_BYTES, 'expected sha256')
  if (plainBytes !== undefined) requireInteger(plainBytes, 0, FILE_MAX_BYTES, 'expected plainBytes')
}

/** @throws {CryptoError} `authentication` */
function requireExpected(file: FinishedFile, { sha256, plainBytes }: ExpectedFile): void {
  if (plainBytes !== undefined && plainBytes !== file.plainBytes)
    throw new CryptoError('authentication', `expected a file of ${plainBytes} bytes, got ${file.plainBytes}`)
  if (sha256?.some((byte, at) => byte !== file.sha256[at]))
    throw new CryptoError('authentication', 'expected the stored form with another SHA-256; fetch the file again')
}
