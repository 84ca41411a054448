import { closeSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { classify } from './classify.js'
import { StoreError } from './error.js'

/** A database that lives in memory and is gone when it is closed. */
export const MEMORY = ':memory:'

/**
 * Make the file if it is not there, for its owner alone to read, and find out whether the system lets us write it: the
 * drivers say "unable to open" for everything. SQLite gives its companion files the same permissions.
 * @returns the absolute path: some drivers take other texts for addresses
 * @throws {StoreError} `foreign` | `denied` | `read-only` | `full` | `io`
 */
export function prepareFile(path: string): string {
  if (path === MEMORY) return path
  if (path === '' || path.includes('\0')) throw new TypeError('expected the path of a file')
  const absolute = resolve(path)
  try {
    const found = statSync(absolute, { throwIfNoEntry: false })
    // Opening a pipe would wait for its other end.
    if (found !== undefined && !found.isFile()) throw new StoreError('foreign', `${absolute} is not a file`)
    closeSync(openSync(absolute, 'a', 0o600))
  } catch (error) {
    throw classify(error, `cannot open ${absolute}`)
  }
  return absolute
}
