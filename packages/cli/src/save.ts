import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { CliError } from './error.js'
import { systemReason } from './failure.js'

/**
 * Put a received file into `folder` and onto the disk. Its name is ours: the start of the sender's key, the message's id
 * and, if it is harmless, the ending that the sender chose. So saving it again replaces it with itself, and no sender
 * can reach another file. Whoever looks sees the whole file or none.
 *
 * @returns its path
 * @throws {CliError} `file`
 */
export async function saveFile(
  folder: string,
  message: { readonly id: string; readonly from: string },
  file: { readonly name: string; readonly bytes: Uint8Array },
): Promise<string> {
  const path = join(folder, `${message.from.slice(0, 16)}_${message.id}.${ending(file.name)}`)
  const part = join(folder, `.${toHex(randomBytes(8))}.part`)
  try {
    await writeDurably(part, file.bytes)
    await rename(part, path)
    await syncFolder(folder)
    return path
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {})
    throw new CliError('file', `cannot save ${path}: ${systemReason(cause)}`, { cause })
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(bytes)
  await file.sync()
}

/** The name is durable only when the folder is, too; Windows cannot open folders and does without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}

function ending(name: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? 'bin'
}
