import { checkKind } from '../check.js'
import type { PeopleStore } from '../parts.js'
import { owned, storable, type Tables } from './tables.js'

/** Settings, and what is known of people. */
export function peopleStore(tables: Tables): PeopleStore {
  return {
    async setting(name) {
      return tables.settings.get(storable(name))
    },

    async setSetting(name, value) {
      tables.settings.set(storable(name), storable(value))
    },

    async contacts() {
      return [...tables.contacts.values()].filter(({ kind }) => kind !== 'group')
    },

    async contactKinds() {
      const known = [...tables.contacts.values()].filter(({ kind }) => kind !== 'stranger' && kind !== 'group')
      return new Map(known.map(({ peer, kind }) => [peer, kind]))
    },

    async contact(peer) {
      return tables.contacts.get(peer)
    },

    async putContact(peer, change) {
      checkKind(peer, tables.contacts.get(peer)?.kind === 'group', change.kind)
      const contact = { ...tables.contact(peer), ...owned(change) }
      tables.contacts.set(peer, contact)
      return contact
    },
  }
}
