import type { MessengerError } from './error.js'
import { ask, METHODS, ownArguments, type StoreMethod } from './store/indexeddb/calls.js'
import { Journal } from './store/indexeddb/journal.js'
import { Recorder } from './store/indexeddb/recorder.js'
import type { Store } from './store.js'

export interface IndexedDbStoreOptions {
  /** Default: the browser's. */
  readonly indexedDB?: IDBFactory
  /**
   * What happened is kept call by call, and what came of it anew after so many calls, when they are more than the messages.
   * Default 1 000.
   */
  readonly snapshotCalls?: number
  /** Something failed in the background; nothing was lost. */
  readonly onError?: (error: MessengerError) => void
}

/**
 * A {@link Store} in a database of the browser, which one page may have open at a time: see to that with a lock. Where there
 * is none, the page that opened it last has it. Those before it are refused what they want to change, with `in-use`, and from the
 * first time on everything. It is opened in the background; when that fails, everything asked of it rejects with
 * {@link MessengerError} `store`, or `in-use` while a page of an older version has it open and does not let go of it.
 *
 * All of it is in memory while it is open. What a method has accepted is on the disk when its promise resolves.
 * @param name - of the database
 */
export function openIndexedDbStore(name: string, options: IndexedDbStoreOptions = {}): Store {
  const { indexedDB = globalThis.indexedDB, snapshotCalls = 1_000, onError = () => {} } = options
  const recorder: Recorder = new Recorder(
    Journal.open(name, indexedDB, (why) => recorder.lost(why)),
    { snapshotCalls, onError },
  )
  const methods = Object.entries(METHODS).map(([name, kind]) => {
    const method = name as StoreMethod
    const look = (...args: readonly unknown[]): Promise<unknown> =>
      recorder.look((store) => ask(store, { method, args }))
    const change = (...args: readonly unknown[]): Promise<unknown> =>
      recorder.change({ method, args: args.map(ownArguments) })
    return [method, kind === 'look' ? look : change]
  })
  return { ...Object.fromEntries(methods), close: () => recorder.close() } as Store
}
