import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CliError, isCliError } from './error.js'
import { systemReason } from './failure.js'

/**
 * Make a folder that is not there, and the missing ones above it, for their owner alone.
 * @throws {CliError} `file`
 */
export function makeFolder(folder: string): void {
  try {
    makeLevels(folder)
  } catch (cause) {
    if (isCliError(cause)) throw cause
    throw new CliError('file', `cannot use the folder ${folder}: ${systemReason(cause)}`, { cause })
  }
}

/** Level by level: Node's own way never ends where the system makes no folders, as below /proc. */
function makeLevels(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (found !== undefined) throw new CliError('file', `${folder} is not a folder`)
  const parent = dirname(folder)
  if (parent !== folder) makeLevels(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it at the same moment.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw refusal(error, parent)
  }
}

/** `it does not exist` would be no reason for not making it. */
function refusal(error: unknown, parent: string): unknown {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return isMissing ? new CliError('file', `the system makes no folders in ${parent}`, { cause: error }) : error
}

/** @throws {CliError} `file` for a folder, a pipe and the like where a database has to be; what is not there will be made */
export function requireFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw new CliError('file', `${path} is not a regular file, as a database has to be`)
}
