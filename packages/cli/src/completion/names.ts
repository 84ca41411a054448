import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore, type Store } from '@mimirjs/messenger'
import { hasDatabase } from '../home.js'

/** The names of our contacts, for a shell that completes one; whatever stands in the way, there are simply none. */
export function contactNames(home: string): Promise<string[]> {
  return namesIn(home, async (store) => {
    const contacts = await store.contacts()
    return contacts.filter(({ kind }) => kind === 'contact').map(({ name }) => name)
  })
}

/** The names of the groups that we are in, or were, likewise. */
export function groupNames(home: string): Promise<string[]> {
  return namesIn(home, async (store) => (await store.groups()).map(({ name }) => name))
}

/** The network interfaces that are up. */
export function interfaceNames(): string[] {
  return Object.keys(networkInterfaces()).sort()
}

/** Nothing is made and nobody is written to. */
async function namesIn(home: string, read: (store: Store) => Promise<string[]>): Promise<string[]> {
  try {
    if (!hasDatabase(home)) return []
    const store = openSqliteStore(join(home, 'messenger.sqlite'))
    try {
      const names = (await read(store)).filter((name) => name !== '' && !/\p{Cc}/u.test(name))
      return [...new Set(names)].sort()
    } finally {
      await store.close()
    }
  } catch {
    return []
  }
}
