import { openChunk, sealChunk } from '../file/chunk.js'
import { FileStream } from '../file/stream.js'
import type * as portable from '../portable/file.js'
import { chacha20Poly1305Open, chacha20Poly1305Seal } from './aead.js'
import { createSha256 } from './sha256.js'

export const createFileEncryptor: typeof portable.createFileEncryptor = (key) =>
  new FileStream('seal', key, sealFileChunk, createSha256())

export const createFileDecryptor: typeof portable.createFileDecryptor = (key) =>
  new FileStream('open', key, openFileChunk, createSha256())

export const sealFileChunk: typeof portable.sealFileChunk = (key, index, plaintext) =>
  sealChunk(chacha20Poly1305Seal, key, index, plaintext)

export const openFileChunk: typeof portable.openFileChunk = (key, index, sealed) =>
  openChunk(chacha20Poly1305Open, key, index, sealed)
