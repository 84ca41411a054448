import { fromHex, toHex } from '@mimirjs/wire'
import { MAX_GONE_MEMBERS, type MemberChange, type MemberEntry, type StoredMember } from '../../store-groups.js'
import { checkMember } from '../check.js'
import type { MembersStore } from '../parts.js'
import { PEER_ID, type Row } from './rows.js'
import type { Tables } from './tables.js'

const COLUMNS = ['permissions', 'nickname', 'info', 'avatar', 'infoTimeSeconds', 'lastSeenSeconds'] as const

const SELECT = `SELECT groupMember.*, peer.key AS chatKey FROM groupMember JOIN peer ON peer.id = chat WHERE chat = ${PEER_ID}`

const INSERT = 'INSERT INTO groupMember (chat, key) VALUES (?, ?) ON CONFLICT (chat, key) DO NOTHING'

const PUT_ENTRY = `INSERT INTO groupMember (chat, key, permissions, lastSeenSeconds, gone) VALUES (?, ?, ?, ?, 0)
  ON CONFLICT (chat, key) DO UPDATE SET permissions = excluded.permissions, gone = 0,
    lastSeenSeconds = CASE excluded.lastSeenSeconds WHEN 0 THEN lastSeenSeconds ELSE excluded.lastSeenSeconds END`

const PUT_PROFILE = `UPDATE groupMember SET nickname = ?, info = ?, avatar = ?, infoTimeSeconds = ?
  WHERE chat = ? AND key = ? AND infoTimeSeconds <= ?`

export const DROP_OLDEST_GONE: string = `DELETE FROM groupMember WHERE id IN (
  SELECT id FROM groupMember WHERE chat = ? AND gone = 1 ORDER BY id DESC LIMIT -1 OFFSET ${MAX_GONE_MEMBERS})`

export function membersStore(tables: Tables): MembersStore {
  return {
    async putMembers(group, members) {
      for (const member of members) checkMember(member)
      await tables.write(() => putMembers(tables, tables.groupId(group), members))
    },

    async putMember(group, peer, change) {
      checkMember(change)
      await tables.write(() => putMember(tables, tables.groupId(group), fromHex(peer), change))
    },

    async putMemberInfo(group, peer, { nickname, info, avatar = null, infoTimeSeconds }) {
      checkMember({ infoTimeSeconds })
      const key = fromHex(peer)
      return tables.write(() => {
        const chat = tables.groupId(group)
        putMember(tables, chat, key, {})
        return tables.run(PUT_PROFILE, nickname, info, avatar, infoTimeSeconds, chat, key, infoTimeSeconds) > 0
      })
    },

    async member(group, peer) {
      const row = tables.get(`${SELECT} AND groupMember.key = ?`, fromHex(group), fromHex(peer))
      return row && toMember(row)
    },

    async members(group) {
      return tables.all(`${SELECT} ORDER BY groupMember.id`, fromHex(group)).map(toMember)
    },
  }
}

/** A list comes with every connection and is mostly the one before: what is the same is not written. */
function putMembers(tables: Tables, chat: number, members: readonly MemberEntry[]): void {
  const rows = tables.all('SELECT key, permissions, lastSeenSeconds, gone FROM groupMember WHERE chat = ?', chat)
  const known = new Map(rows.map((row) => [toHex(row['key'] as Uint8Array), row]))
  const missing = new Map(known)
  for (const { peer, permissions, lastSeenSeconds } of members) {
    missing.delete(peer)
    const row = known.get(peer)
    const isSeen = lastSeenSeconds === 0n || row?.['lastSeenSeconds'] === lastSeenSeconds
    if (row?.['gone'] === 0n && row['permissions'] === BigInt(permissions) && isSeen) continue
    tables.run(PUT_ENTRY, chat, fromHex(peer), permissions, lastSeenSeconds)
  }
  for (const row of missing.values()) {
    if (row['gone'] === 0n) tables.run('UPDATE groupMember SET gone = 1 WHERE chat = ? AND key = ?', chat, row['key']!)
  }
  tables.run(DROP_OLDEST_GONE, chat)
}

function putMember(tables: Tables, chat: number, key: Uint8Array, change: MemberChange): void {
  const isNew = tables.run(INSERT, chat, key) > 0
  for (const name of COLUMNS) {
    if (name in change)
      tables.run(`UPDATE groupMember SET ${name} = ? WHERE chat = ? AND key = ?`, change[name] ?? null, chat, key)
  }
  if (change.gone !== undefined)
    tables.run('UPDATE groupMember SET gone = ? WHERE chat = ? AND key = ?', change.gone ? 1 : 0, chat, key)
  // Whom a mediator names costs it nothing.
  if (isNew || change.gone) tables.run(DROP_OLDEST_GONE, chat)
}

function toMember(row: Row): StoredMember {
  return {
    group: toHex(row['chatKey'] as Uint8Array),
    peer: toHex(row['key'] as Uint8Array),
    permissions: Number(row['permissions']),
    nickname: row['nickname'] as string,
    info: row['info'] as string,
    avatar: (row['avatar'] as Uint8Array | null) ?? undefined,
    infoTimeSeconds: row['infoTimeSeconds'] as bigint,
    lastSeenSeconds: row['lastSeenSeconds'] as bigint,
    gone: row['gone'] === 1n,
  }
}
