import { ownArguments, READS, WRITES } from './store/indexeddb/calls.js'
import { Journal } from './store/indexeddb/journal.js'
import { Recorder } from './store/indexeddb/recorder.js'
import type { Store } from './store.js'

export interface IndexedDbStoreOptions {
  /** Default: the browser's. */
  readonly indexedDB?: IDBFactory
  /**
   * What happened is kept call by call, and all of it anew at a start after so many calls, when they are more than the
   * messages. Default 1 000.
   */
  readonly snapshotCalls?: number
}

/**
 * A {@link Store} in a database of the browser, which one page may have open at a time: see to that with a lock. It is opened
 * in the background; when that fails, everything asked of it rejects with {@link MessengerError} `store`.
 *
 * All of it is in memory while it is open. What a method has accepted is on the disk when its promise resolves.
 * @param name - of the database
 */
export function openIndexedDbStore(name: string, options: IndexedDbStoreOptions = {}): Store {
  const { indexedDB = globalThis.indexedDB, snapshotCalls = 1_000 } = options
  const recorder: Recorder = new Recorder(
    Journal.open(name, indexedDB, () => recorder.lost()),
    snapshotCalls,
  )
  const methods = [
    ...READS.map((method) => [
      method,
      (...args: readonly unknown[]) =>
        recorder.look((store) => (store[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args)),
    ]),
    ...WRITES.map((method) => [
      method,
      (...args: readonly unknown[]) => recorder.change({ method, args: args.map(ownArguments) }),
    ]),
    ['close', () => recorder.close()],
  ]
  return Object.fromEntries(methods) as Store
}
