import { fromHex, toHex } from '@mimirjs/wire'
import type { Contact, ContactChange, ContactKind } from '../../store.js'
import { checkKind } from '../check.js'
import type { PeopleStore } from '../parts.js'
import { toContact } from './rows.js'
import type { Tables } from './tables.js'

const CONTACT_COLUMNS: ReadonlySet<string> = new Set(['kind', 'name', 'nickname', 'info', 'avatar', 'infoTimeSeconds'])

/** Settings, and what is known of people. */
export function peopleStore(tables: Tables): PeopleStore {
  return {
    async setting(name) {
      return tables.get('SELECT value FROM setting WHERE name = ?', name)?.['value'] as string | undefined
    },

    async setSetting(name, value) {
      await tables.change('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value)
    },

    async contacts() {
      return tables.all(`SELECT * FROM peer WHERE kind <> 'group' ORDER BY id`).map(toContact)
    },

    async contactKinds() {
      const rows = tables.all(`SELECT key, kind FROM peer WHERE kind NOT IN ('stranger', 'group')`)
      return new Map(rows.map((row) => [toHex(row['key'] as Uint8Array), row['kind'] as ContactKind]))
    },

    async contact(peer) {
      const row = tables.get('SELECT * FROM peer WHERE key = ?', fromHex(peer))
      return row && toContact(row)
    },

    putContact: (peer, change) => tables.write(() => putContact(tables, peer, change)),
  }
}

function putContact(tables: Tables, peer: string, change: ContactChange): Contact {
  const { id, isGroup } = tables.peer(peer)
  checkKind(peer, isGroup, change.kind)
  for (const [column, value] of Object.entries(change)) {
    if (CONTACT_COLUMNS.has(column)) tables.run(`UPDATE peer SET ${column} = ? WHERE id = ?`, value ?? null, id)
  }
  return toContact(tables.get('SELECT * FROM peer WHERE id = ?', id)!)
}
