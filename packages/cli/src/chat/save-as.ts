import { existsSync, statSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { CliError } from '../error.js'
import { systemReason } from '../failure.js'

const MAX_NAME_UNITS = 100
const MAX_NUMBER = 999

/**
 * Put a file that a message carried where a person wants it: at this path, or into this folder under the sender's name
 * for it, made harmless. What is there already is never replaced: a number is added to the name. Whoever looks sees the
 * whole file or none.
 *
 * @param to - absolute path
 * @returns where it is
 * @throws {CliError} `file`
 */
export async function saveAs(to: string, file: { readonly name: string; readonly bytes: Uint8Array }): Promise<string> {
  const wanted = isFolder(to) ? join(to, harmlessName(file.name)) : to
  const part = join(dirname(wanted), `.${toHex(randomBytes(8))}.part`)
  try {
    await write(part, file.bytes)
    for (let number = 0; number <= MAX_NUMBER; number++) {
      const path = numbered(wanted, number)
      if (!existsSync(path) && (await isTaken(part, path))) return path
    }
    throw new CliError('file', `${wanted} is there already, and so are ${MAX_NUMBER} others`)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('file', `cannot save ${wanted}: ${systemReason(cause)}`, { cause })
  } finally {
    await rm(part, { force: true }).catch(() => {})
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(bytes)
  await file.sync()
}

/** @returns false when somebody else took the name in this moment */
async function isTaken(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** `report.pdf`, `report (1).pdf` */
function numbered(path: string, number: number): string {
  if (number === 0) return path
  const ending = extname(path)
  return join(dirname(path), `${basename(path, ending)} (${number})${ending}`)
}

/** Letters, digits and a few signs of the sender's name: no folder, no hidden file, nothing that a shell would obey. */
export function harmlessName(name: string): string {
  const letters = name.replaceAll(/[^\p{L}\p{N}._ -]+/gu, '_').replace(/^[. -]+/, '')
  const ending = extname(letters).slice(0, 12)
  const stem = letters.slice(0, letters.length - extname(letters).length).slice(0, MAX_NAME_UNITS)
  return stem === '' ? `file${ending}` : `${stem}${ending}`.trim()
}
