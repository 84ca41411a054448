import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { IncomingMessage } from '@mimirjs/messenger'

export interface Kept {
  readonly sizeBytes: number
  /** 64 hex digits. */
  readonly sha256: string
}

/**
 * Put the file of a message in its place, whole or not at all, and on the disk when this resolves. Older generations carry files
 * inside the message; the current one announces them, and the messenger fetches them, from where it was after a crash.
 */
export async function keep(message: IncomingMessage, place: string, signal: AbortSignal): Promise<void> {
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 })
  const bytes = message.file?.bytes
  if (bytes === undefined) await message.download({ to: place, signal })
  else await write(bytes, place)
}

async function write(bytes: Uint8Array, place: string): Promise<void> {
  const unfinished = `${place}.part`
  await writeFile(unfinished, bytes, { mode: 0o600 })
  await sync(unfinished)
  await rename(unfinished, place)
  await sync(path.dirname(place))
}

/** What is there; `undefined` for nothing. */
export async function lookAt(place: string): Promise<Kept | undefined> {
  const entry = await stat(place).catch(() => undefined)
  return entry && { sizeBytes: entry.size, sha256: await hashOf(place) }
}

async function sync(file: string): Promise<void> {
  // Windows opens no folders, and needs nothing of the kind.
  if (process.platform === 'win32') return
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
