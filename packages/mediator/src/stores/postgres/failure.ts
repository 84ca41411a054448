import { MediatorServerError } from '../../error.js'

// SQLSTATE codes, PostgreSQL appendix A.
const AGAIN: ReadonlySet<unknown> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '23505', // unique_violation: another process inserted the same row since this transaction looked
  '55P03', // lock_not_available: lock_timeout
])

/** Whether the transaction may well succeed when it is run once more. */
export function isWorthAnotherTry(error: unknown): boolean {
  return AGAIN.has((error as { code?: unknown } | undefined)?.code)
}

/** Whether the database or the way to it failed, and not the program that ran. */
export function isDatabaseFailure(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return /^[0-9A-Z]{5}$/.test(code) || /^E[A-Z]+$/.test(code)
  return LOST.test(error.message)
}

/**
 * Whether the transaction may have been committed for all that: the answer was lost on the way. Whatever else the server
 * refuses is rolled back.
 */
export function mayBeCommitted(error: unknown): boolean {
  if (!isDatabaseFailure(error)) return false
  const { code } = error as { code?: unknown }
  // Class 08: connection exceptions; 57P: the server is shut down.
  return typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P)/.test(code)
}

/** What `pg` and its pool say without a code. */
const LOST = /connection|timeout exceeded|cannot use a pool after calling end|client was closed|not queryable/i

/** @returns what the caller is told; what a program threw stays as it is */
export function postgresFailure(error: unknown): unknown {
  if (!isDatabaseFailure(error)) return error
  const closed = /after calling end/i.test(error.message)
  return new MediatorServerError(closed ? 'closed' : 'store', `PostgreSQL: ${error.message}`, { cause: error })
}
