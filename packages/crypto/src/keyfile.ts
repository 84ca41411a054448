import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { requireBytes } from './bytes.js'
import { CryptoError } from './error.js'
import { KEY_FILE_MAX_BYTES, type KeyFileFormat, parseKeyFile } from './keyfile/format.js'
import { placeNewFile } from './keyfile/place.js'
import { ED25519_SEED_BYTES } from './lengths.js'
import { generateSeed } from './portable/ed25519.js'

export type { KeyFileFormat } from './keyfile/format.js'

export interface KeyFile {
  /** 32-byte Ed25519 seed. */
  readonly seed: Uint8Array
  readonly format: KeyFileFormat
  /** Other users of this machine may read the file: tell its owner to `chmod 600` it. Never true on Windows. */
  readonly readableByOthers: boolean
  /** The file was made by this call. */
  readonly created: boolean
}

/**
 * The 32-byte seed in a key file: 32 raw bytes, 64 raw bytes (seed and its public key), or 64 hex digits.
 * @throws {CryptoError} `key-file` | `key-file-missing` | `io`
 */
export function readKeyFile(path: string): Uint8Array {
  return loadKeyFile(path).seed
}

/** {@link readKeyFile}, with what else is to be said of the file. */
export function loadKeyFile(path: string): KeyFile {
  const { content, readableByOthers } = readSmallFile(path)
  const key = parseKeyFile(content)
  content.fill(0)
  if (key === undefined) throw notAKeyFile(path, `${content.length} bytes in no known format`)
  return { ...key, readableByOthers, created: false }
}

/**
 * Write a seed to a new file: 32 raw bytes, mode 0600, on the disk when this returns. Whoever looks sees no file or the
 * whole one; a file that is there is never overwritten.
 * @param seed - 32 bytes
 * @throws {CryptoError} `argument` | `key-file-exists` | `io`
 */
export function writeKeyFile(path: string, seed: Uint8Array): void {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  try {
    placeNewFile(path, seed)
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST')
      throw new CryptoError('key-file-exists', `${path} exists; choose another name or move it away`, { cause })
    throw notPossible('write', path, cause)
  }
}

/**
 * The key in this file; where there is no file, a new key, written first. Two programs that do this at once get the
 * same key.
 * @param generate - makes the seed of a new key, 32 bytes
 * @throws {CryptoError} `key-file` | `io`
 */
export function loadOrCreateKeyFile(path: string, generate: () => Uint8Array = generateSeed): KeyFile {
  try {
    return loadKeyFile(path)
  } catch (error) {
    if (!(error instanceof CryptoError) || error.code !== 'key-file-missing') throw error
  }
  const seed = generate()
  try {
    writeKeyFile(path, seed)
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'key-file-exists') return loadExisting(path)
    throw error
  }
  return { seed, format: 'raw', readableByOthers: false, created: true }
}

/** Another program was faster; or there is something that can neither be read nor made, such as a link to nowhere. */
function loadExisting(path: string): KeyFile {
  try {
    return loadKeyFile(path)
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code !== 'key-file-missing') throw cause
    throw new CryptoError('io', `${path} is there and leads to no file: is it a broken link?`, { cause })
  }
}

function readSmallFile(path: string): { content: Uint8Array; readableByOthers: boolean } {
  try {
    // Without O_NONBLOCK, which Windows lacks, opening a named pipe would wait for a writer.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const status = fstatSync(file)
      if (!status.isFile()) throw notAKeyFile(path, 'something that is not a regular file')
      if (status.size > KEY_FILE_MAX_BYTES) throw notAKeyFile(path, `${status.size} bytes`)
      const buffer = new Uint8Array(KEY_FILE_MAX_BYTES)
      const content = buffer.slice(0, readSync(file, buffer))
      buffer.fill(0)
      return { content, readableByOthers: process.platform !== 'win32' && (status.mode & 0o044) !== 0 }
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof CryptoError) throw cause
    if (codeOf(cause) === 'ENOENT')
      throw new CryptoError('key-file-missing', `no file at ${path}; create the key first`, { cause })
    throw notPossible('read', path, cause)
  }
}

function notAKeyFile(path: string, got: string): CryptoError {
  const expected = '32 raw bytes, 64 raw bytes (seed and its public key) or 64 hex digits'
  return new CryptoError('key-file', `${path}: expected ${expected}, got ${got}; it was left as it is`)
}

function notPossible(verb: 'read' | 'write', path: string, cause: unknown): CryptoError {
  return new CryptoError('io', `cannot ${verb} ${path}: ${codeOf(cause) ?? String(cause)}`, { cause })
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
