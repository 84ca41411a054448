// What a browser has, and Node has not: databases and locks in memory. In a browser nothing of it is used.
import { afterEach } from 'vitest'

if (globalThis.indexedDB === undefined) {
  const { IDBFactory } = await import('fake-indexeddb')
  Object.defineProperty(globalThis, 'indexedDB', { value: new IDBFactory(), configurable: true })
}

const lines = new Map<string, Promise<void>>()

async function request<T>(name: string, options: LockOptions, hold: () => Promise<T>): Promise<T> {
  const before = lines.get(name)
  let leave = (): void => {}
  const held = new Promise<void>((resolve) => {
    leave = resolve
  })
  lines.set(
    name,
    Promise.all([before, held]).then(() => {}),
  )
  try {
    await new Promise<void>((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error))
      void Promise.resolve(before).then(resolve)
    })
    return await hold()
  } finally {
    leave()
  }
}

if (globalThis.navigator?.locks === undefined) {
  const storage = { persist: async () => true, estimate: async () => ({ quota: 1_000_000, usage: 1_000 }) }
  Object.defineProperty(globalThis, 'navigator', { value: { locks: { request }, storage }, configurable: true })
}

const used: string[] = []

afterEach(async () => {
  for (const name of used.splice(0))
    for (const database of [name, `${name}-files`, `${name}-identity`]) await deleted(`mimir-${database}`)
})

function deleted(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.deleteDatabase(name)
    asked.onsuccess = () => resolve()
    asked.onerror = () => reject(asked.error as Error)
    // Whoever still has it open when a test has failed.
    asked.onblocked = () => resolve()
  })
}

/** A name that nobody had before; its databases are deleted after the test. */
export function newName(kind = 'test'): string {
  const name = `${kind}-${crypto.randomUUID().slice(-12)}`.slice(-64)
  used.push(name)
  return name
}

export interface BreakableFactory extends Pick<IDBFactory, 'open'> {
  /** Whatever would put something is refused for lack of room. */
  isFull: boolean
  /** No database can be opened. */
  isBroken: boolean
  /** Values put into object stores of this name so far. */
  puts(store: string): number
  /** How safely they were put, in order. */
  durabilities(store: string): IDBTransactionDurability[]
}

/** The browser's databases, until told otherwise. */
export function breakableFactory(): BreakableFactory & IDBFactory {
  const puts: { readonly store: string; readonly durability: IDBTransactionDurability }[] = []
  const factory = {
    isFull: false,
    isBroken: false,
    puts: (store: string) => factory.durabilities(store).length,
    durabilities: (name: string) => puts.filter(({ store }) => store === name).map(({ durability }) => durability),
    open(name: string, version?: number) {
      if (factory.isBroken) throw new DOMException('said the test', 'UnknownError')
      const opening = indexedDB.open(name, version)
      opening.addEventListener('success', () => watch(opening.result))
      return opening
    },
  }

  const watch = (database: IDBDatabase): void => {
    const begin = database.transaction.bind(database)
    database.transaction = (...args) => {
      const transaction = begin(...args)
      const storeOf = transaction.objectStore.bind(transaction)
      transaction.objectStore = (name) => {
        const store = storeOf(name)
        for (const method of ['add', 'put'] as const) {
          const write = store[method].bind(store)
          store[method] = (...values) => {
            puts.push({ store: name, durability: args[2]?.durability ?? 'default' })
            if (factory.isFull) throw new DOMException('full', 'QuotaExceededError')
            return write(...values)
          }
        }
        return store
      }
      return transaction
    }
  }

  return factory as unknown as BreakableFactory & IDBFactory
}

/** All that is kept in an object store of a database that nobody changes now. */
export async function keptIn<T>(database: string, store: string): Promise<T[]> {
  const opening = indexedDB.open(database)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const all = opening.result.transaction([store]).objectStore(store).getAll() as IDBRequest<T[]>
  await new Promise((resolve) => all.addEventListener('success', resolve))
  opening.result.close()
  return all.result
}
