import { fromHex, toHex } from '@mimirjs/wire'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import { MAX_GROUP_INVITES, type StoredInvite } from '../../store-groups.js'
import { checkInt64, checkInvite } from '../check.js'
import type { InvitesStore } from '../parts.js'
import type { Row } from './rows.js'
import type { Tables } from './tables.js'

/** In the order of the parameters of `PUT`, behind mediator and number. */
const COLUMNS = [
  ...['mediatorAddress', 'dialect', 'chatId', 'sender', 'timestampSeconds', 'name', 'description', 'avatar'],
  ...['data', 'receivedMs'],
]

const PUT = `INSERT INTO groupInvite (mediator, inviteId, ${COLUMNS.join(', ')}) VALUES (?, ?${', ?'.repeat(COLUMNS.length)})
  ON CONFLICT (mediator, inviteId) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`

const DROP_OLDEST = `DELETE FROM groupInvite WHERE id IN (
  SELECT id FROM groupInvite ORDER BY id DESC LIMIT -1 OFFSET ${MAX_GROUP_INVITES})`

export function invitesStore(tables: Tables): InvitesStore {
  return {
    async putInvite(invite) {
      checkInvite(invite)
      await tables.write(() => put(tables, invite))
    },

    async invites() {
      return tables.all('SELECT * FROM groupInvite ORDER BY id').map(toInvite)
    },

    async deleteInvite(mediator, inviteId) {
      checkInt64('inviteId', inviteId)
      await tables.change('DELETE FROM groupInvite WHERE mediator = ? AND inviteId = ?', fromHex(mediator), inviteId)
    },
  }
}

function put(tables: Tables, invite: StoredInvite): void {
  const {
    mediatorAddress,
    dialect,
    chatId,
    timestampSeconds,
    name,
    description,
    avatar = null,
    data,
    receivedMs,
  } = invite
  tables.run(
    PUT,
    ...[fromHex(invite.mediator), invite.inviteId, mediatorAddress, dialect, chatId, fromHex(invite.from)],
    ...[timestampSeconds, name, description, avatar, data, receivedMs],
  )
  tables.run(DROP_OLDEST)
}

function toInvite(row: Row): StoredInvite {
  const avatar = row['avatar'] as Uint8Array | null
  return {
    mediator: toHex(row['mediator'] as Uint8Array),
    mediatorAddress: row['mediatorAddress'] as string,
    dialect: row['dialect'] as MediatorDialect,
    inviteId: row['inviteId'] as bigint,
    chatId: row['chatId'] as bigint,
    from: toHex(row['sender'] as Uint8Array),
    timestampSeconds: row['timestampSeconds'] as bigint,
    name: row['name'] as string,
    description: row['description'] as string,
    ...(avatar === null ? {} : { avatar }),
    data: row['data'] as Uint8Array,
    receivedMs: Number(row['receivedMs']),
  }
}
