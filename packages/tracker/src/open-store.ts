import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { type Database, isStoreError, type OpenOptions, openDatabase, StoreError } from '@mimirjs/store'
import type { Logger } from '@mimirjs/transport'
import { TrackerError, type TrackerErrorCode } from './error.js'
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.js'

const REFUSED: Partial<Record<StoreError['code'], TrackerErrorCode>> = {
  foreign: 'store-foreign',
  newer: 'store-newer',
  'in-use': 'store-in-use',
}

/** SQLite keeps its newest commits and their index beside the file. */
const COMPANIONS = ['', '-wal', '-shm'] as const

/**
 * Open the tracker's own file. A damaged one is moved aside, never deleted: a tracker that forgets its records for ten
 * minutes is better than one that does not start.
 * @throws {TrackerError} `store-foreign` | `store-newer` | `store-in-use` | `store`
 */
export function openStore(path: string, durability: NonNullable<OpenOptions['durability']>): Database {
  try {
    return openDatabase(path, {
      applicationId: STORE_APPLICATION_ID,
      migrations: STORE_MIGRATIONS,
      durability,
      exclusive: true,
    })
  } catch (error) {
    if (isStoreError(error) && error.code === 'foreign' && isZeroed(path)) {
      throw new StoreError('corrupt', `${path} holds nothing but zeros`, { cause: error })
    }
    throw error
  }
}

/** Whether this failure means that the file is beyond use, so that {@link moveAside} helps. */
export function isDamage(error: unknown): boolean {
  return isStoreError(error) && error.code === 'corrupt'
}

/** @returns what the caller of the tracker is told when the store cannot be used */
export function storeFailure(error: unknown): TrackerError {
  const code = isStoreError(error) ? (REFUSED[error.code] ?? 'store') : 'store'
  const message = error instanceof Error ? error.message : String(error)
  return new TrackerError(code, `the store of the tracker: ${message}`, { cause: error })
}

/** Rename a damaged file and its companions, so that a new one can be made in its place. */
export function moveAside(path: string, nowMs: number, logger: Logger | undefined, cause: unknown): void {
  const suffix = `.damaged-${new Date(nowMs).toISOString().replace(/[^0-9TZ]/g, '')}`
  for (const companion of COMPANIONS) {
    try {
      renameSync(`${path}${companion}`, `${path}${suffix}${companion}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  logger?.warn({ err: cause, movedTo: `${path}${suffix}` }, 'the store was damaged: moved aside, starting empty')
}

/** What a file system leaves of a file that was being written when the power went. */
function isZeroed(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  const head = Buffer.alloc(100, 0xff)
  const file = openSync(path, 'r')
  try {
    readSync(file, head, 0, head.length, 0)
  } finally {
    closeSync(file)
  }
  return head.every((byte) => byte === 0)
}
