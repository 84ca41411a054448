import { filesStore } from './store/memory/files.js'
import { groupMessagesStore } from './store/memory/group-messages.js'
import { groupsStore } from './store/memory/groups.js'
import { historyStore } from './store/memory/history.js'
import { inboxStore } from './store/memory/inbox.js'
import { invitesStore } from './store/memory/invites.js'
import { membersStore } from './store/memory/members.js'
import { notesStore } from './store/memory/notes.js'
import { outboxStore } from './store/memory/outbox.js'
import { peopleStore } from './store/memory/people.js'
import { Tables } from './store/memory/tables.js'
import type { Store } from './store.js'

/** A {@link Store} that lives as long as the process: for tests and for programs that keep nothing. */
export function createMemoryStore(): Store {
  return memoryStore(new Tables())
}

/** A store whose whole content is in these tables. */
export function memoryStore(tables: Tables): Store {
  return {
    ...peopleStore(tables),
    ...outboxStore(tables),
    ...inboxStore(tables),
    ...historyStore(tables),
    ...notesStore(tables),
    ...filesStore(tables),
    ...groupsStore(tables),
    ...membersStore(tables),
    ...groupMessagesStore(tables),
    ...invitesStore(tables),
    close: async () => {},
  }
}
