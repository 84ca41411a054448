import { openDatabase } from '@mimirjs/store'
import { conversationsStore } from './store/sqlite/conversations.js'
import { filesStore } from './store/sqlite/files.js'
import { groupMessagesStore } from './store/sqlite/group-messages.js'
import { groupsStore } from './store/sqlite/groups.js'
import { historyStore } from './store/sqlite/history.js'
import { inboxStore } from './store/sqlite/inbox.js'
import { invitesStore } from './store/sqlite/invites.js'
import { membersStore } from './store/sqlite/members.js'
import { notesStore } from './store/sqlite/notes.js'
import { outboxStore } from './store/sqlite/outbox.js'
import { peopleStore } from './store/sqlite/people.js'
import { APPLICATION_ID, MIGRATIONS } from './store/sqlite/schema.js'
import { searchStore } from './store/sqlite/search.js'
import { Tables } from './store/sqlite/tables.js'
import type { Store } from './store.js'

export interface SqliteStoreOptions {
  /** 'power': survives power loss, one fsync per group of writes. 'process': survives SIGKILL. Default 'power'. */
  durability?: 'power' | 'process'
}

/** A {@link Store} in one SQLite file, which only one process may have open. */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const tables = new Tables(
    openDatabase(path, {
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      durability: options.durability ?? 'power',
      exclusive: true,
    }),
  )
  return {
    ...peopleStore(tables),
    ...outboxStore(tables),
    ...inboxStore(tables),
    ...historyStore(tables),
    ...conversationsStore(tables),
    ...searchStore(tables),
    ...notesStore(tables),
    ...filesStore(tables),
    ...groupsStore(tables),
    ...membersStore(tables),
    ...groupMessagesStore(tables),
    ...invitesStore(tables),
    close: () => tables.close(),
  }
}
