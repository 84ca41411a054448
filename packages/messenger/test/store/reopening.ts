import { METHODS, type StoreMethod } from '../../src/store/indexeddb/calls.js'
import type { Store } from '../../src/store.js'
import { openIndexedDbStore } from '../../src/store-indexeddb.js'
import { newDatabases } from './databases.js'

type Method = (...args: readonly unknown[]) => Promise<unknown>

/** A store that is closed and opened again before every look at it: only what is on the disk can answer. */
export function reopeningStore(snapshotCalls: number): Store {
  const options = { indexedDB: newDatabases(), snapshotCalls }
  let store = openIndexedDbStore('test', options)
  /** What is under way: nothing may close the store under it. */
  let underWay: Promise<unknown>[] = []
  let reopening: Promise<unknown> = Promise.resolve()
  const write = async (work: () => Promise<unknown>): Promise<unknown> => {
    await reopening
    const result = work()
    underWay.push(result.catch(() => {}))
    return result
  }
  const read = (work: () => Promise<unknown>): Promise<unknown> => {
    const result = reopening.then(async () => {
      await Promise.all(underWay)
      underWay = []
      await store.close()
      store = openIndexedDbStore('test', options)
      return work()
    })
    reopening = result.catch(() => {})
    return result
  }
  const methods = Object.entries(METHODS).map(([name, kind]) => [
    name,
    (...args: readonly unknown[]) =>
      (kind === 'look' ? read : write)(() => (store[name as StoreMethod] as Method)(...args)),
  ])
  return { ...Object.fromEntries(methods), close: () => read(() => store.close()) } as Store
}
