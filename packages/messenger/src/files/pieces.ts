import type { Disk, DiskFile } from './disk.js'
import { badFile, fileError, withFile } from './file-error.js'

/** Bytes read at once. */
export const PIECE_BYTES = 262_144

/**
 * The bytes [offset, offset + byteLength) of an open file. Each piece is new memory, the reader's to keep.
 * @throws {MessengerError} `file`, also when the file is shorter
 */
export async function* readPieces(
  file: DiskFile,
  path: string,
  offset: number,
  byteLength: number,
): AsyncGenerator<Uint8Array, void, void> {
  for (let done = 0; done < byteLength; ) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, byteLength - done))
    await readFull(file, path, piece, offset + done)
    done += piece.length
    yield piece
  }
}

/** Fill `target`. @throws {MessengerError} `file` */
async function readFull(file: DiskFile, path: string, target: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < target.length; ) {
    let bytesRead: number
    try {
      bytesRead = (await file.read(target, at, target.length - at, position + at)).bytesRead
    } catch (cause) {
      throw fileError('read', path, cause)
    }
    if (bytesRead === 0) throw badFile('read', path, `it ends at ${position + at} bytes`, 'something has changed it')
    at += bytesRead
  }
}

/** Write all of it at this place. Rejects with the system's error. */
export async function writeFull(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

/** Open, use, close, whatever happens. Opening rejects with {@link fileError}. */
export async function withOpen<T>(
  disk: Disk,
  path: string,
  how: Parameters<Disk['open']>[1],
  use: (file: DiskFile) => Promise<T>,
): Promise<T> {
  let file: DiskFile
  try {
    file = await disk.open(path, how)
  } catch (cause) {
    throw fileError(how === 'create' ? 'make' : 'open', path, cause)
  }
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Whether two files have the same `byteLength` bytes. @throws {MessengerError} `file` */
export function isSame(
  disk: Disk,
  one: string,
  other: string,
  byteLength: number,
  equal: (a: Uint8Array, b: Uint8Array) => boolean,
): Promise<boolean> {
  return withOpen(disk, one, 'read', (first) =>
    withOpen(disk, other, 'read', async (second) => {
      for (const file of [first, second]) if ((await file.stat()).size !== byteLength) return false
      const pieces = readPieces(second, other, 0, byteLength)
      for await (const piece of readPieces(first, one, 0, byteLength)) {
        const { value } = await pieces.next()
        if (value === undefined || !equal(piece, value)) return false
      }
      return true
    }),
  )
}

/**
 * A file as a blob: read when somebody reads it, or kept by the platform outside the memory of the program.
 * @throws {MessengerError} `file`, also when it has another length
 */
export async function readBlob(disk: Disk, path: string, sizeBytes: number): Promise<Blob> {
  const found = await withFile('read', path, () => disk.findName(path))
  if (!found?.isFile() || found.size !== sizeBytes)
    throw badFile('read', path, 'something has changed it', 'restore it')
  const { blob } = disk
  if (blob) return withFile('read', path, async () => blob(path))
  return withOpen(disk, path, 'read', async (file) => {
    const parts: Blob[] = []
    for await (const piece of readPieces(file, path, 0, sizeBytes))
      parts.push(new Blob([piece as Uint8Array<ArrayBuffer>]))
    return new Blob(parts)
  })
}
