import { MessengerError } from '../../error.js'

// IndexedDB with promises. A transaction lives as long as its work awaits nothing but requests of it.

/** What a version of a database adds to the one before. */
export type AddVersion = (database: IDBDatabase) => void

/**
 * @param versions - all there have been, oldest first: what is missing is added
 * @throws {MessengerError} `store` for a database of a version that is newer than these | `in-use` when a page that has an older
 * one open does not let go of it
 */
export async function openDatabase(
  name: string,
  factory: IDBFactory,
  versions: readonly AddVersion[],
): Promise<IDBDatabase> {
  const request = factory.open(name, versions.length)
  request.onupgradeneeded = ({ oldVersion }) => {
    for (const add of versions.slice(oldVersion)) add(request.result)
  }
  const blocked = new Promise<never>((_, reject) => {
    request.onblocked = () => {
      const why = `an older version of this program has the database ${name} open`
      reject(new MessengerError('in-use', `${why}: close its page, then load this one again`))
      // It opens when that page goes, and would then be in the way of the next one.
      request.onsuccess = () => request.result.close()
    }
  })
  try {
    return await Promise.race([done(request), blocked])
  } catch (cause) {
    if (!isNamed(cause, 'VersionError')) throw cause
    const why = `a newer version of this program has written the database ${name}`
    throw new MessengerError('store', `${why}: load that one again; nothing was changed`, { cause })
  }
}

export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? noReason())
  })
}

/** One transaction: all of `work` is there when it resolves, or nothing of it if it rejects. */
export async function transact<T>(
  database: IDBDatabase,
  stores: readonly string[],
  how: 'readonly' | 'relaxed' | 'strict',
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const transaction =
    how === 'readonly'
      ? database.transaction(stores, how)
      : database.transaction(stores, 'readwrite', { durability: how })
  const over = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? noReason())
  })
  // What its work rejects with comes first.
  over.catch(() => {})
  try {
    const result = await work(transaction)
    await over
    return result
  } catch (cause) {
    // Requests only say that they were aborted; the transaction says why.
    const why = isNamed(cause, 'AbortError') ? transaction.error : null
    abort(transaction)
    throw why ?? cause
  }
}

/** @param name - of an exception of the browser */
export function isNamed(cause: unknown, name: string): boolean {
  return typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === name
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It is over already.
  }
}

function noReason(): Error {
  return new Error('IndexedDB gave no reason')
}
