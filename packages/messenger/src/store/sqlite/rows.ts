import type { Value } from '@mimirjs/store'
import { toHex } from '@mimirjs/wire'
import type {
  Contact,
  ContactKind,
  ContactNote,
  ContactNoteKind,
  FileState,
  StoredFile,
  StoredMessage,
} from '../../store.js'
import type { InGroup } from '../../store-groups.js'

/** As the statements of {@link Tables} give it: integers as bigints. */
export type Row = Record<string, Value>

/** Row id of a peer, for a key as parameter. */
export const PEER_ID = '(SELECT id FROM peer WHERE key = ?)'

/** Neither removed nor held back by a handler: the words of the index `message_shown`. */
export const SHOWN = 'removed = 0 AND heldBy IS NULL'

const MESSAGE_FIELDS = `message.seq, peer.key, message.outgoing, message.guid, message.replyTo, message.sendTimeMs,
  message.editTimeMs, message.messageType, message.state, message.settledMs, message.refusedMs, groupMessage.author,
  groupMessage.system, groupMessage.unreadable, groupMessage.messageId, groupMessage.innerGuid,
  coalesce(groupMessage.sealedGuid, groupMessage.outerGuid) AS outerGuid, groupMessage.timestampSeconds`

// No column of groupMessage has the name of one of message: conditions need not say which they mean.
const MESSAGE_TABLES = `message JOIN peer ON peer.id = message.peer
  LEFT JOIN groupMessage ON groupMessage.message = message.seq`

/** Conditions follow. */
export const SELECT_MESSAGE: string = `SELECT ${MESSAGE_FIELDS}, message.payload FROM ${MESSAGE_TABLES}`

/** As {@link SELECT_MESSAGE}, of messages of groups, in whatever order their table is read. */
export const SELECT_IN_GROUP: string = `SELECT ${MESSAGE_FIELDS}, message.payload FROM groupMessage
  CROSS JOIN message ON message.seq = groupMessage.message CROSS JOIN peer ON peer.id = message.peer`

/** As {@link SELECT_MESSAGE}, with the sealed bytes of messages of groups. */
export const SELECT_SEALED: string = `SELECT ${MESSAGE_FIELDS}, message.payload, groupMessage.blob FROM ${MESSAGE_TABLES}`

/** Parameters: key of the peer, 1 for outgoing, guid. */
export const SELECT_BY_GUID: string = `${SELECT_MESSAGE}
  WHERE message.peer = ${PEER_ID} AND outgoing = ? AND guid = ? AND removed = 0`

/** As {@link SELECT_MESSAGE}; the first parameter is the most bytes of the payload. */
export const SELECT_PREVIEW: string = `SELECT ${MESSAGE_FIELDS}, substr(message.payload, 1, ?) AS payload
  FROM ${MESSAGE_TABLES}`

export function toMessage(row: Row): StoredMessage {
  const outerGuid = row['outerGuid'] as bigint | null
  return {
    seq: Number(row['seq']),
    peer: toHex(row['key'] as Uint8Array),
    outgoing: row['outgoing'] === 1n,
    guid: row['guid'] as bigint,
    replyTo: row['replyTo'] as bigint,
    sendTimeMs: Number(row['sendTimeMs']),
    editTimeMs: Number(row['editTimeMs']),
    messageType: Number(row['messageType']),
    payload: row['payload'] as Uint8Array,
    state: row['state'] as StoredMessage['state'],
    settledMs: Number(row['settledMs']),
    refusedMs: Number(row['refusedMs']),
    ...(outerGuid !== null && { group: toInGroup(row, outerGuid) }),
  }
}

function toInGroup(row: Row, outerGuid: bigint): InGroup {
  const author = row['author'] as Uint8Array | null
  return {
    author: author === null ? '' : toHex(author),
    system: row['system'] === 1n,
    unreadable: row['unreadable'] === 1n,
    messageId: row['messageId'] as bigint,
    outerGuid,
    innerGuid: (row['innerGuid'] ?? row['guid']) as bigint,
    timestampSeconds: row['timestampSeconds'] as bigint,
    blob: (row['blob'] as Uint8Array | null | undefined) ?? undefined,
  }
}

export function toContact(row: Row): Contact {
  return {
    peer: toHex(row['key'] as Uint8Array),
    kind: row['kind'] as ContactKind,
    name: row['name'] as string,
    nickname: row['nickname'] as string,
    info: row['info'] as string,
    avatar: (row['avatar'] as Uint8Array | null) ?? undefined,
    infoTimeSeconds: row['infoTimeSeconds'] as bigint,
  }
}

/** @param row - with `peerKey` beside the columns of the table */
export function toContactNote(row: Row): ContactNote {
  const avatar = row['avatar'] as Uint8Array | null
  return {
    peer: toHex(row['peerKey'] as Uint8Array),
    kind: row['kind'] as ContactNoteKind,
    message: row['message'] as string,
    nickname: row['nickname'] as string,
    info: row['info'] as string,
    ...(avatar === null ? {} : { avatar }),
    accepted: row['accepted'] === 1n,
    atMs: Number(row['atMs']),
    attempts: Number(row['attempts']),
  }
}

/** @param row - with `peerKey` beside the columns of the table */
export function toFile(row: Row): StoredFile {
  return {
    peer: toHex(row['peerKey'] as Uint8Array),
    outgoing: row['outgoing'] === 1n,
    guid: row['guid'] as bigint,
    name: row['name'] as string,
    hash: row['hash'] as string,
    sizeBytes: Number(row['sizeBytes']),
    key: (row['key'] as Uint8Array | null) ?? undefined,
    server: row['server'] as string,
    path: row['path'] as string,
    state: row['state'] as FileState,
    doneBytes: Number(row['doneBytes']),
    partPath: row['partPath'] as string,
  }
}
