import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { StoreError } from './error.js'

/**
 * Write a copy to a new file that is there whole or not at all, also after a loss of power.
 * @param copyTo - writes the database to a path where nothing is
 * @throws {StoreError} `exists`, and what `copyTo` or the system throws
 */
export async function writeBackup(path: string, copyTo: (path: string) => void): Promise<void> {
  const target = resolve(path)
  if (existsSync(target)) throw new StoreError('exists', `${target} is there already: choose a new file for the backup`)
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  try {
    // Made beforehand, so that nobody but the owner can read the copy.
    closeSync(openSync(partial, 'wx', 0o600))
    copyTo(partial)
    const file = await open(partial, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
  syncFolder(dirname(target))
}

/** The name of a new file is safe only when its folder is. Windows cannot open folders, and needs no telling. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
