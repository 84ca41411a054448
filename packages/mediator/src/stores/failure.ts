import { isStoreError, type StoreErrorCode } from '@mimirjs/store'
import { MediatorServerError, type MediatorServerErrorCode } from '../error.js'

const CODES: Partial<Record<StoreErrorCode, MediatorServerErrorCode>> = {
  foreign: 'store-foreign',
  newer: 'store-newer',
  'in-use': 'store-in-use',
  closed: 'closed',
}

/** What the caller is told when SQLite fails. What is no failure of it stays as it is: programs throw, too. */
export function storeFailure(error: unknown): unknown {
  if (!isStoreError(error)) return error
  return new MediatorServerError(CODES[error.code] ?? 'store', `the store of the mediator: ${error.message}`, {
    cause: error,
  })
}
