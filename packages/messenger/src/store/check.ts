import { MessengerError } from '../error.js'
import type { ContactKind, FileChange, MessageContent } from '../store.js'
import type {
  GroupBatch,
  GroupCopy,
  GroupRowChange,
  MemberChange,
  NewGroupMessage,
  Sealed,
  StoredInvite,
} from '../store-groups.js'

const KEY_BYTES = 32

/**
 * Refuse what a database would take and not give back, or not as it was.
 * @throws {MessengerError} `store`
 */
export function checkMessage(message: MessageContent): void {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType } = message
  if (guid === 0n) throw unstorable('guid', 'a number other than 0', guid)
  checkInt64('guid', guid)
  checkInt64('replyTo', replyTo)
  checkNumber('sendTimeMs', sendTimeMs)
  checkNumber('editTimeMs', editTimeMs)
  checkNumber('messageType', messageType)
}

/** @throws {MessengerError} `store` */
export function checkFile({ sizeBytes = 0, doneBytes = 0 }: FileChange): void {
  checkNumber('sizeBytes', sizeBytes)
  checkNumber('doneBytes', doneBytes)
}

/** @throws {MessengerError} `store` */
export function checkGroup({ key, formerKeys = [], permissions = 0, syncedTo = 0n, ...rest }: GroupRowChange): void {
  for (const each of key === undefined ? formerKeys : [key, ...formerKeys]) {
    if (each.length !== KEY_BYTES) throw unstorable('key', `${KEY_BYTES} bytes`, each.length)
  }
  checkNumber('permissions', permissions)
  checkInt64('syncedTo', syncedTo)
  checkInt64('infoSinceSeconds', rest.infoSinceSeconds ?? 0n)
}

/** @throws {MessengerError} `store` */
export function checkMember({ permissions = 0, infoTimeSeconds = 0n, lastSeenSeconds = 0n }: MemberChange): void {
  checkNumber('permissions', permissions)
  checkInt64('infoTimeSeconds', infoTimeSeconds)
  checkInt64('lastSeenSeconds', lastSeenSeconds)
}

/** @throws {MessengerError} `store` */
export function checkSealed({ timestampSeconds, outerGuid = 0n }: Sealed): void {
  checkInt64('timestampSeconds', timestampSeconds)
  checkInt64('outerGuid', outerGuid)
}

/** @throws {MessengerError} `store` */
export function checkCopy({ messageId, outerGuid }: GroupCopy): void {
  checkInt64('messageId', messageId)
  checkInt64('outerGuid', outerGuid)
}

/** @throws {MessengerError} `store` */
export function checkGroupMessage(message: NewGroupMessage): void {
  // A guid of 0 is what its author made of it; it gets another one.
  checkMessage(message.guid === 0n ? { ...message, guid: 1n } : message)
  checkCopy(message)
  checkInt64('timestampSeconds', message.timestampSeconds)
  checkNumber('receivedMs', message.receivedMs)
}

/** @throws {MessengerError} `store` */
export function checkBatch({ messages, deleted = [], change = {}, syncedTo }: GroupBatch): void {
  for (const message of messages) checkGroupMessage(message)
  for (const outerGuid of deleted) checkInt64('outerGuid', outerGuid)
  checkGroup({ ...change, syncedTo })
}

/** @throws {MessengerError} `store` */
export function checkInvite({ inviteId, chatId, timestampSeconds, receivedMs }: StoredInvite): void {
  checkInt64('inviteId', inviteId)
  checkInt64('chatId', chatId)
  checkInt64('timestampSeconds', timestampSeconds)
  checkNumber('receivedMs', receivedMs)
}

/** A group is no person, and a person no group. @throws {MessengerError} `store` */
export function checkKind(peer: string, isGroup: boolean, kind: ContactKind | undefined): void {
  if (kind === undefined || isGroup === (kind === 'group')) return
  throw new MessengerError('store', `${peer} is ${isGroup ? 'a' : 'no'} group, and stays that`)
}

export function sealedTwice(guid: bigint): MessengerError {
  return new MessengerError('store', `message ${guid} is sealed: what may have been sent is not made anew`)
}

export function noSuchGroup(group: string): MessengerError {
  return new MessengerError('store', `there is no group ${group}`)
}

/** @throws {MessengerError} `store` */
export function checkInt64(field: string, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) throw unstorable(field, 'a signed 64-bit number', value)
}

/** Fractions are allowed: clocks give them. @throws {MessengerError} `store` */
export function checkNumber(field: string, value: number): void {
  // Spelled so that NaN fails.
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) throw unstorable(field, 'a number of at most 2^53', value)
}

function unstorable(field: string, expected: string, value: number | bigint): MessengerError {
  return new MessengerError('store', `${field}: expected ${expected}, got ${value}`)
}
