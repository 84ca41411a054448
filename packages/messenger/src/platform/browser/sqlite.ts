import { MessengerError } from '../../error.js'
import type { Store } from '../../store.js'

export interface SqliteStoreOptions {
  readonly durability?: 'power' | 'process'
}

/** There is no SQLite in a browser. @throws {MessengerError} `unsupported` */
export function openSqliteStore(_path: string, _options: SqliteStoreOptions): Store {
  throw new MessengerError('unsupported', 'a browser keeps its messages in IndexedDB: leave the option store out')
}
