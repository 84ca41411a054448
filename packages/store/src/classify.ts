import { isStoreError, StoreError, type StoreErrorCode } from './error.js'

// SQLite's primary result codes (sqlite.org/rescode.html), by number, by name and by message: each driver reports
// another of the three.
const CODES: readonly (readonly [code: number, name: string, message: RegExp, StoreErrorCode])[] = [
  [5, 'SQLITE_BUSY', /database is locked/i, 'in-use'],
  [6, 'SQLITE_LOCKED', /table is locked/i, 'in-use'],
  [8, 'SQLITE_READONLY', /readonly database/i, 'denied'],
  [3, 'SQLITE_PERM', /access permission denied/i, 'denied'],
  [13, 'SQLITE_FULL', /database or disk is full/i, 'full'],
  [11, 'SQLITE_CORRUPT', /malformed/i, 'corrupt'],
  [26, 'SQLITE_NOTADB', /not a database/i, 'foreign'],
  [14, 'SQLITE_CANTOPEN', /unable to open/i, 'denied'],
  [19, 'SQLITE_CONSTRAINT', /constraint failed/i, 'constraint'],
]

/** Put what a driver threw into our words. */
export function classify(error: unknown, doing: string): StoreError {
  if (isStoreError(error)) return error
  const {
    code,
    errcode,
    message = String(error),
  } = (error ?? {}) as { code?: unknown; errcode?: unknown; message?: string }
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined
  const name = typeof code === 'string' ? code : ''
  const row =
    CODES.find(([number]) => number === primary) ??
    CODES.find(([, prefix]) => name === prefix || name.startsWith(`${prefix}_`)) ??
    CODES.find(([, , pattern]) => pattern.test(message))
  return new StoreError(row?.[3] ?? 'io', `${doing}: ${message}`, { cause: error })
}
