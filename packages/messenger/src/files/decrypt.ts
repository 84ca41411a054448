import { createFileDecryptor, isCryptoError } from '@mimirjs/crypto'
import { MessengerError } from '../error.js'
import type { Disk } from './disk.js'
import { withFile } from './file-error.js'
import { readPieces, withOpen, writeFull } from './pieces.js'

export interface EncryptedFile {
  readonly path: string
  readonly byteLength: number
  readonly key: Uint8Array
  /** SHA-256 of the encrypted form, 32 bytes. */
  readonly sha256: Uint8Array
  /** Length of the file. */
  readonly plainBytes: number
}

/**
 * Write the plaintext to a new file, safely on disk. Nobody is shown it before all of it was compared: hash first, then
 * length (current protocol §16).
 * @throws {MessengerError} `damaged` | `file`
 */
export async function decryptFile(disk: Disk, encrypted: EncryptedFile, plainPath: string): Promise<void> {
  const { path, byteLength, key, sha256, plainBytes } = encrypted
  await withFile('write', plainPath, () => disk.remove(plainPath))
  await withOpen(disk, path, 'read', (from) =>
    withOpen(disk, plainPath, 'create', async (to) => {
      const decryptor = createFileDecryptor(key)
      let written = 0
      const write = async (chunk: Uint8Array): Promise<void> => {
        await withFile('write', plainPath, () => writeFull(to, chunk, written))
        written += chunk.length
      }
      for await (const piece of readPieces(from, path, 0, byteLength)) {
        for (const chunk of authentic(() => decryptor.push(piece))) await write(chunk)
      }
      const { lastChunk } = authentic(() => decryptor.finish({ sha256, plainBytes }))
      if (lastChunk) await write(lastChunk)
      await withFile('write', plainPath, () => to.datasync())
    }),
  )
}

function authentic<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!isCryptoError(cause) || cause.code !== 'authentication') throw cause
    throw new MessengerError('damaged', `the file is not the one that was announced: ${cause.message}`, { cause })
  }
}
