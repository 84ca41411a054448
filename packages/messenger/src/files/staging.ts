import { CIPHER_KEY_BYTES, createFileEncryptor, createSha256 } from '@mimirjs/crypto'
import { fromHex, isWireError, toHex } from '@mimirjs/wire'
import { type AnnouncedFile, encodeAttachmentMetadata } from '@mimirjs/wire/content'
import { basename, join } from '#platform'
import {
  describeBlob,
  type FileContent,
  isBlob,
  isPath,
  type OutgoingBlob,
  type OutgoingBytes,
  type OutgoingPath,
  wireName,
} from '../content.js'
import { MessengerError } from '../error.js'
import type { NewFile } from '../store.js'
import type { FilesContext } from './context.js'
import type { Disk, DiskEntry } from './disk.js'
import { badFile, withFile } from './file-error.js'
import { PIECE_BYTES, readPieces, withOpen, writeFull } from './pieces.js'
import { randomName } from './places.js'

/** A file of ours that is on disk, and what announces it. */
export interface Staged {
  readonly file: NewFile
  /** Payload of the message. */
  readonly payload: Uint8Array
  /** `preparing`: the message has to wait for the upload. */
  readonly state: 'preparing' | undefined
}

const NO_HASH = '0'.repeat(64)

/**
 * Copy a file into our folder, so that what becomes of the original does not matter any more, and say what announces it.
 * With a file server, key and hash are chosen here: whatever happens later, the same bytes are uploaded. An empty file is
 * never uploaded, because no server can give it back (current protocol §15.3). Nothing is left behind on failure.
 * @param server - node key of the file server, 64 hex digits; `undefined`: the receiver asks us
 * @throws {MessengerError} `file` | `too-large` for name and caption
 */
export async function stage(context: FilesContext, content: FileContent, server: string | undefined): Promise<Staged> {
  const { disk, places, random } = context
  const { text } = content
  const file = isBlob(content.file) ? describeBlob(content.file) : content.file
  const originalName = isPath(file) ? (file.name ?? basename(file.path)) : file.name
  const name = wireName(originalName)
  const described = {
    name,
    originalName,
    ...(file.mimeType === undefined ? {} : { mimeType: file.mimeType }),
    ...(text === '' ? {} : { text }),
  }
  // Refused before anything is copied, if it will be refused at all.
  encode({ ...described, hash: NO_HASH, sizeBytes: Number.MAX_SAFE_INTEGER })
  const path = join(places.out, randomName(random))
  await withFile('make', places.out, () => disk.makeFolder(places.out))
  try {
    const sizeBytes = await (isPath(file) ? copy(disk, file, path) : write(disk, file, path))
    await withFile('write', places.out, () => disk.syncFolder(places.out))
    const key = server === undefined || sizeBytes === 0 ? undefined : new Uint8Array(random(CIPHER_KEY_BYTES))
    const hash = await hashStored(disk, path, sizeBytes, key)
    const target = key && server ? { key, server: fromHex(server) } : {}
    const payload = encode({ ...described, hash, sizeBytes, ...target })
    await context.fault('staged')
    return {
      payload,
      state: key && 'preparing',
      file: {
        name,
        hash,
        sizeBytes,
        key,
        server: key ? (server ?? '') : '',
        path: places.stored(path),
        state: key ? 'preparing' : 'offered',
        doneBytes: 0,
        partPath: '',
      },
    }
  } catch (cause) {
    await disk.remove(path).catch(context.report)
    throw cause
  }
}

function encode(file: AnnouncedFile): Uint8Array {
  try {
    return encodeAttachmentMetadata(file)
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new MessengerError('too-large', 'name, type and caption of the file are too long together', { cause })
  }
}

async function copy(disk: Disk, { path: source }: OutgoingPath, path: string): Promise<number> {
  await findSource(disk, source)
  await withFile('copy', source, () => disk.copy(source, path))
  return withOpen(disk, path, 'update', async (file) => {
    await withFile('write', path, () => file.datasync())
    return (await file.stat()).size
  })
}

/** Before it is opened: opening a pipe could take for ever. */
async function findSource(disk: Disk, path: string): Promise<DiskEntry> {
  const found = await withFile('read', path, () => disk.find(path))
  const advice = disk.isPrivate ? 'give a file of the user as a blob' : 'check the path'
  if (found === undefined) throw badFile('read', path, 'it does not exist', advice)
  if (found.isDirectory()) throw badFile('read', path, 'it is a folder', 'name a file')
  if (!found.isFile()) throw badFile('read', path, 'it is no ordinary file', 'name a file')
  return found
}

/** In pieces, so that the event loop has its turn, and a large blob is never in memory as a whole. */
function write(disk: Disk, given: OutgoingBytes | OutgoingBlob, path: string): Promise<number> {
  return withOpen(disk, path, 'create', (file) =>
    withFile('write', path, async () => {
      const sizeBytes = isBlob(given) ? given.blob.size : given.bytes.length
      for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
        const piece = isBlob(given)
          ? new Uint8Array(await given.blob.slice(at, at + PIECE_BYTES).arrayBuffer())
          : given.bytes.subarray(at, at + PIECE_BYTES)
        await writeFull(file, piece, at)
      }
      await file.datasync()
      return sizeBytes
    }),
  )
}

/** SHA-256 of what the receiver fetches: of the encrypted form if there is a key, else of the file. */
function hashStored(disk: Disk, path: string, sizeBytes: number, key: Uint8Array | undefined): Promise<string> {
  return withOpen(disk, path, 'read', async (file) => {
    const pieces = readPieces(file, path, 0, sizeBytes)
    if (key === undefined) {
      const sha256 = createSha256()
      for await (const piece of pieces) sha256.update(piece)
      return toHex(sha256.digest())
    }
    const encryptor = createFileEncryptor(key)
    for await (const piece of pieces) encryptor.push(piece)
    return toHex(encryptor.finish().sha256)
  })
}

/** The encrypted form of a file, made while it is read. The same bytes every time. */
export async function* encryptedPieces(
  disk: Disk,
  path: string,
  sizeBytes: number,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const file = await withFile('open', path, () => disk.open(path, 'read'))
  try {
    const encryptor = createFileEncryptor(key)
    for await (const piece of readPieces(file, path, 0, sizeBytes)) yield* encryptor.push(piece)
    const { lastChunk } = encryptor.finish()
    if (lastChunk) yield lastChunk
  } finally {
    await file.close()
  }
}

/** The whole of a file to send, in memory: for messages that carry it. @throws {MessengerError} `file` | `too-large` */
export async function readOutgoing(
  disk: Disk,
  file: OutgoingPath | OutgoingBlob,
  maxBytes: number,
): Promise<OutgoingBytes> {
  if (isBlob(file)) {
    const { blob, name, mimeType } = describeBlob(file)
    demandRoom(name, blob.size, maxBytes)
    return { bytes: new Uint8Array(await blob.arrayBuffer()), name, mimeType }
  }
  const { path, name = basename(path), mimeType } = file
  const { size } = await findSource(disk, path)
  demandRoom(name, size, maxBytes)
  const bytes = new Uint8Array(size)
  let at = 0
  await withOpen(disk, path, 'source', async (opened) => {
    for await (const piece of readPieces(opened, path, 0, size)) {
      bytes.set(piece, at)
      at += piece.length
    }
  })
  return { bytes, name, ...(mimeType === undefined ? {} : { mimeType }) }
}

/** @throws {MessengerError} `too-large` */
function demandRoom(name: string, sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return
  throw new MessengerError('too-large', `file ${name} has ${sizeBytes} bytes, a message carries at most ${maxBytes}`)
}
