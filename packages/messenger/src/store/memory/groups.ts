import type { GroupRowChange } from '../../store-groups.js'
import { checkGroup, checkInt64 } from '../check.js'
import { joinKeys, splitKeys } from '../keys.js'
import type { GroupsStore } from '../parts.js'
import { blankContact, guidKey, owned, type Tables } from './tables.js'

export function groupsStore(tables: Tables): GroupsStore {
  const { groups, contacts } = tables
  return {
    async putGroup(group) {
      checkGroup(group)
      checkInt64('chatId', group.chatId)
      const { id } = group
      contacts.set(id, { ...tables.contact(id), kind: 'group' })
      const syncedTo = groups.get(id)?.syncedTo ?? group.syncedTo
      groups.set(id, { ...group, syncedTo })
      changeGroup(tables, id, group)
    },

    async changeGroup(id, change) {
      checkGroup(change)
      return changeGroup(tables, id, change)
    },

    async group(id) {
      const group = groups.get(id)
      return group && { ...group }
    },

    async groups() {
      // In the order of the peers, among which one stays when its group goes.
      return [...contacts.keys()].flatMap((id) => groups.get(id) ?? []).map((group) => ({ ...group }))
    },

    async deleteGroup(id) {
      if (!groups.delete(id)) return false
      for (const each of [tables.members, tables.deletions, tables.readSeqs]) each.delete(id)
      for (const file of tables.files.values())
        if (file.peer === id) tables.files.delete(guidKey(id, file.outgoing, file.guid))
      for (const row of [...(tables.rowsByPeer.get(id) ?? [])]) {
        tables.release(row.seq)
        tables.unhold(row)
        tables.delete(row)
      }
      tables.order.forget(id)
      contacts.set(id, { ...blankContact(id), kind: 'group' })
      return true
    },

    async pendingGroups() {
      return tables.outbox.peers('stored').filter((peer) => groups.has(peer))
    },
  }
}

/** @returns false when there is no such group */
export function changeGroup({ groups, contacts }: Tables, id: string, change: GroupRowChange): boolean {
  const known = groups.get(id)
  const contact = contacts.get(id)
  if (!known || !contact) return false
  const { syncedTo = 0n, formerKeys = known.formerKeys, ...rest } = change
  const { name, description, avatar } = owned({ ...known, ...rest })
  const isAhead = syncedTo > known.syncedTo
  groups.set(id, {
    ...known,
    ...owned(rest),
    formerKeys: splitKeys(joinKeys(formerKeys)),
    syncedTo: isAhead ? syncedTo : known.syncedTo,
  })
  contacts.set(id, { ...contact, nickname: name, info: description, avatar })
  return true
}
