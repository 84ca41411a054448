export const isBrowser: boolean = globalThis.indexedDB !== undefined

const inMemory = isBrowser ? undefined : await import('fake-indexeddb')

/** Databases that nobody else sees: the browser's, under names of their own, or some in memory. */
export function newDatabases(): IDBFactory {
  if (inMemory) return new inMemory.IDBFactory()
  const prefix = crypto.randomUUID()
  const factory: Pick<IDBFactory, 'open'> = { open: (name, version) => indexedDB.open(`${prefix} ${name}`, version) }
  return factory as IDBFactory
}
