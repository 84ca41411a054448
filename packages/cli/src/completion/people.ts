import { join } from 'node:path'
import { openSqliteStore } from '@mimirjs/messenger'
import { hasDatabase } from '../home.js'

/**
 * The names of our contacts, for a shell that completes one. Nothing is made and nobody is written to; whatever stands in
 * the way, there are simply no names.
 */
export async function contactNames(home: string): Promise<string[]> {
  try {
    if (!hasDatabase(home)) return []
    const store = openSqliteStore(join(home, 'messenger.sqlite'))
    try {
      const contacts = await store.contacts()
      return contacts
        .filter(({ kind, name }) => kind === 'contact' && name !== '' && !/\p{Cc}/u.test(name))
        .map(({ name }) => name)
        .sort()
    } finally {
      await store.close()
    }
  } catch {
    return []
  }
}
