import type { ReceivedMessage } from '@mimirjs/mediator-client'
import { toHex } from '@mimirjs/wire'
import { decodeGroupMessage } from '@mimirjs/wire/mediator'
import { MessageType } from '@mimirjs/wire/peer'
import { type NewGroupMessage, type StoredGroup, SYSTEM_MESSAGE_TYPE } from '../store-groups.js'
import { toTimeMs } from '../time.js'
import { isReadable } from '../view.js'
import { open } from './sealing.js'

/** What a person can say in a group. Anything else inside is a record that only its own side writes, or of another protocol. */
const SPOKEN: ReadonlySet<number> = new Set([
  MessageType.text,
  MessageType.image,
  MessageType.file,
  MessageType.reaction,
])

/** Bumps of a guid that was taken at the mediator (mediator protocol §11.6). */
const MAX_BUMPS = 9n

/** As much of a message as its row needs before it is read. */
type Envelope = Pick<NewGroupMessage, 'author' | 'outgoing' | 'messageId' | 'outerGuid' | 'timestampSeconds'> &
  Pick<NewGroupMessage, 'receivedMs'>

/**
 * A message of the mediator as it is to be stored: in clear, or as it came when it cannot be read.
 * @param self - our public key, 64 lower-case hex digits
 */
export function readMessage(
  group: StoredGroup,
  message: ReceivedMessage,
  self: string,
  nowMs: number,
): NewGroupMessage {
  const author = toHex(message.author)
  const envelope = {
    author,
    outgoing: author === self,
    messageId: message.messageId,
    outerGuid: message.guid,
    timestampSeconds: message.timestampSeconds ?? BigInt(Math.floor(nowMs / 1000)),
    receivedMs: nowMs,
  }
  if (message.isSystem) return systemRow(envelope, message.blob)
  return readBlob(group, envelope, message.blob) ?? sealedRow(envelope, message.blob)
}

/** What is inside of these bytes; `undefined` when no key opens them, or they are no message. */
export function readBlob(group: StoredGroup, envelope: Envelope, blob: Uint8Array): NewGroupMessage | undefined {
  const plaintext = open(group, blob)
  if (plaintext === undefined) return undefined
  try {
    const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = decodeGroupMessage(plaintext)
    if (!SPOKEN.has(messageType) || !isReadable(messageType, payload)) return undefined
    return {
      ...envelope,
      guid: guid === 0n ? envelope.outerGuid : guid,
      replyTo,
      messageType,
      sendTimeMs: toTimeMs(sendTimeMs),
      editTimeMs: editTimeMs === 0n ? 0 : toTimeMs(editTimeMs),
      payload: payload.slice(),
    }
  } catch {
    // A member of the group wrote it, or somebody else who has the key: kept as it came.
    return undefined
  }
}

/** Whether the guid that the mediator has is one that it may have made of that inside. Edits of our kind have any. */
export function isExpectedGuid({ guid, outerGuid, editTimeMs }: NewGroupMessage): boolean {
  const bump = BigInt.asIntN(64, outerGuid - guid)
  return editTimeMs > 0 || (bump >= 0n && bump <= MAX_BUMPS)
}

function systemRow(envelope: Envelope, body: Uint8Array): NewGroupMessage {
  return { ...blank(envelope), outgoing: false, messageType: SYSTEM_MESSAGE_TYPE, payload: body, system: true }
}

function sealedRow(envelope: Envelope, blob: Uint8Array): NewGroupMessage {
  return { ...blank(envelope), messageType: MessageType.text, payload: new Uint8Array(0), sealed: blob }
}

function blank(envelope: Envelope): Envelope & Pick<NewGroupMessage, 'guid' | 'replyTo' | 'sendTimeMs' | 'editTimeMs'> {
  return {
    ...envelope,
    guid: envelope.outerGuid,
    replyTo: 0n,
    sendTimeMs: toTimeMs(envelope.timestampSeconds * 1000n),
    editTimeMs: 0,
  }
}
