import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { IncomingMessage } from '@mimirjs/messenger'

export interface Kept {
  readonly sizeBytes: number
  /** 64 hex digits. */
  readonly sha256: string
}

/** Put the file of a message in its place, whole or not at all, and on the disk when this resolves. */
export async function keep(message: IncomingMessage, place: string): Promise<void> {
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 })
  const unfinished = `${place}.part`
  await rm(unfinished, { recursive: true, force: true })
  await fetchFile(message, unfinished)
  await sync(unfinished)
  await rename(unfinished, place)
  await sync(path.dirname(place))
}

/** What is there; `undefined` for nothing. */
export async function lookAt(place: string): Promise<Kept | undefined> {
  const entry = await stat(place).catch(() => undefined)
  return entry && { sizeBytes: entry.size, sha256: await hashOf(place) }
}

/** Older generations carry files inside the message; the current one announces them, and they are fetched. */
async function fetchFile(message: IncomingMessage, to: string): Promise<void> {
  const bytes = message.file?.bytes
  if (bytes === undefined) {
    await message.download({ to })
    return
  }
  const file = await open(to, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
  } finally {
    await file.close()
  }
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
