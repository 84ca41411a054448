import type { GroupCipher } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import type { GroupMembership, GroupRowChange, StoredGroup } from '../../store-groups.js'
import { checkGroup, checkInt64 } from '../check.js'
import { joinKeys, splitKeys } from '../keys.js'
import type { GroupsStore } from '../parts.js'
import { RELEASE_ALL_OF } from './inbox.js'
import { PENDING_MESSAGE_PEERS } from './outbox.js'
import type { Row } from './rows.js'
import type { Tables } from './tables.js'

const INSERT = `INSERT INTO groupChat (peer, mediator, mediatorAddress, dialect, chatId, key, formerKeys, cipher, permissions,
    state, syncedTo, infoSinceSeconds)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (peer) DO NOTHING`

const SELECT = `SELECT groupChat.*, peer.key AS id, peer.nickname, peer.info, peer.avatar
  FROM groupChat JOIN peer ON peer.id = groupChat.peer`

/** Where the fields of a group stand. */
const IN_PEER = { name: 'nickname', description: 'info', avatar: 'avatar' } as const
const IN_CHAT = ['mediatorAddress', 'dialect', 'key', 'cipher', 'permissions', 'state', 'infoSinceSeconds'] as const

export function groupsStore(tables: Tables): GroupsStore {
  return {
    async putGroup(group) {
      checkGroup(group)
      checkInt64('chatId', group.chatId)
      const peer = await tables.write(() => putGroup(tables, group))
      tables.rememberPeer(group.id, { id: peer, isGroup: true })
    },

    async changeGroup(id, change) {
      checkGroup(change)
      return tables.write(() => {
        const peer = tables.knownPeerId(id)
        return peer !== undefined && changeGroup(tables, peer, change)
      })
    },

    async group(id) {
      const row = tables.get(`${SELECT} WHERE peer.key = ?`, fromHex(id))
      return row && toGroup(row)
    },

    async groups() {
      return tables.all(`${SELECT} ORDER BY groupChat.peer`).map(toGroup)
    },

    deleteGroup: (id) =>
      tables.write(() => {
        const peer = tables.knownPeerId(id)
        if (peer === undefined || tables.run('DELETE FROM groupChat WHERE peer = ?', peer) === 0) return false
        tables.run(RELEASE_ALL_OF, peer)
        tables.run('DELETE FROM file WHERE peer = ?', peer)
        tables.run('DELETE FROM message WHERE peer = ?', peer)
        // The row stays: its number is remembered here and there.
        tables.run(`UPDATE peer SET name = '', nickname = '', info = '', avatar = NULL, readSeq = 0 WHERE id = ?`, peer)
        return true
      }),

    async pendingGroups() {
      return tables.peers(PENDING_MESSAGE_PEERS, `kind = 'group'`)
    },
  }
}

/** Only inside a write. @returns row id */
function putGroup(tables: Tables, group: StoredGroup): number {
  const peer = tables.peerId(group.id)
  const { mediatorAddress, dialect, chatId, key, formerKeys, cipher, permissions, state, syncedTo } = group
  tables.run(
    INSERT,
    ...[peer, fromHex(group.mediator), mediatorAddress, dialect, chatId, key, joinKeys(formerKeys), cipher],
    ...[permissions, state, syncedTo, group.infoSinceSeconds],
  )
  tables.run(`UPDATE peer SET kind = 'group' WHERE id = ?`, peer)
  changeGroup(tables, peer, group)
  return peer
}

/** Only inside a write. @param peer - row id. @returns false when there is no such group */
export function changeGroup(tables: Tables, peer: number, change: GroupRowChange): boolean {
  const { formerKeys, syncedTo } = change
  const names = IN_CHAT.filter((name) => change[name] !== undefined)
  const assignments = [
    ...names.map((name) => `${name} = ?`),
    ...(formerKeys ? ['formerKeys = ?'] : []),
    'syncedTo = max(syncedTo, ?)',
  ]
  const values = [...names.map((name) => change[name]!), ...(formerKeys ? [joinKeys(formerKeys)] : [])]
  const sql = `UPDATE groupChat SET ${assignments.join(', ')} WHERE peer = ?`
  if (tables.run(sql, ...values, syncedTo ?? 0n, peer) === 0) return false
  for (const [name, column] of Object.entries(IN_PEER) as [keyof typeof IN_PEER, string][]) {
    if (name in change) tables.run(`UPDATE peer SET ${column} = ? WHERE id = ?`, change[name] ?? null, peer)
  }
  return true
}

function toGroup(row: Row): StoredGroup {
  return {
    id: toHex(row['id'] as Uint8Array),
    mediator: toHex(row['mediator'] as Uint8Array),
    mediatorAddress: row['mediatorAddress'] as string,
    dialect: row['dialect'] as MediatorDialect,
    chatId: row['chatId'] as bigint,
    name: row['nickname'] as string,
    description: row['info'] as string,
    avatar: (row['avatar'] as Uint8Array | null) ?? undefined,
    key: row['key'] as Uint8Array,
    formerKeys: splitKeys(row['formerKeys'] as Uint8Array),
    cipher: row['cipher'] as GroupCipher,
    permissions: Number(row['permissions']),
    state: row['state'] as GroupMembership,
    syncedTo: row['syncedTo'] as bigint,
    infoSinceSeconds: row['infoSinceSeconds'] as bigint,
  }
}
