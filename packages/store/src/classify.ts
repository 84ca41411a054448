import { isStoreError, StoreError, type StoreErrorCode } from './error.js'

// SQLite's primary result codes (sqlite.org/rescode.html), by number, by name and by message: each driver reports
// another of the three.
const SQLITE_CODES: readonly (readonly [code: number, name: string, message: RegExp, StoreErrorCode])[] = [
  [5, 'SQLITE_BUSY', /database is locked/i, 'in-use'],
  [6, 'SQLITE_LOCKED', /table is locked/i, 'in-use'],
  [8, 'SQLITE_READONLY', /readonly database/i, 'read-only'],
  [3, 'SQLITE_PERM', /access permission denied/i, 'denied'],
  [13, 'SQLITE_FULL', /database or disk is full/i, 'full'],
  [11, 'SQLITE_CORRUPT', /malformed/i, 'corrupt'],
  [26, 'SQLITE_NOTADB', /not a database/i, 'foreign'],
  [14, 'SQLITE_CANTOPEN', /unable to open/i, 'denied'],
  [19, 'SQLITE_CONSTRAINT', /constraint failed/i, 'constraint'],
]

const SYSTEM_CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: 'denied',
  ENOTDIR: 'denied',
  EISDIR: 'denied',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EEXIST: 'exists',
}

const ADVICE: Partial<Record<StoreErrorCode, string>> = {
  'in-use': 'another program has it open: stop that one, or choose another file',
  full: 'no space left: make room and try again',
  'read-only': 'it cannot be written: check the permissions of the file and its folder',
  denied: 'it cannot be opened there: check that the folder exists and its permissions',
  corrupt: 'the file is damaged: restore a backup',
  foreign: 'the file is not an SQLite database: choose another',
}

/**
 * Put what a driver or the system threw into our words.
 * @param doing - what was tried, for the message
 */
export function classify(error: unknown, doing: string): StoreError {
  if (isStoreError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error, message)
  const advice = ADVICE[code]
  return new StoreError(code, `${doing}: ${advice === undefined ? message : `${advice} (${message})`}`, {
    cause: error,
  })
}

function codeOf(error: unknown, message: string): StoreErrorCode {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined
  const name = typeof code === 'string' ? code : ''
  const row =
    SQLITE_CODES.find(([number]) => number === primary) ??
    SQLITE_CODES.find(([, prefix]) => name === prefix || name.startsWith(`${prefix}_`)) ??
    SQLITE_CODES.find(([, , pattern]) => pattern.test(message))
  return row?.[3] ?? SYSTEM_CODES[name] ?? 'io'
}
