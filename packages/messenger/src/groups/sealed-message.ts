import { sha512 } from '@mimirjs/crypto'
import { encodeGroupMessage } from '@mimirjs/wire/mediator'
import type { MessageContent } from '../store.js'
import type { Sealed } from '../store-groups.js'
import { type GroupKeys, seal } from './sealing.js'

/** A message as it goes to the mediator: encrypted once, and the same each time it is sent (current protocol §19.5). */
export function sealMessage(keys: GroupKeys & { readonly id: string }, message: MessageContent): Sealed {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
  const plaintext = encodeGroupMessage({
    guid,
    replyTo,
    sendTimeMs: BigInt(sendTimeMs),
    editTimeMs: BigInt(editTimeMs),
    messageType,
    payload,
  })
  const changedMs = editTimeMs === 0 ? sendTimeMs : editTimeMs
  return {
    blob: seal(keys, plaintext),
    timestampSeconds: BigInt(Math.floor(changedMs / 1000)),
    outerGuid: outerGuid(keys.id, guid, editTimeMs),
  }
}

/** An edit needs a guid of its own at the mediator, which would take it for a repetition: always the same for the same edit. */
function outerGuid(group: string, guid: bigint, editTimeMs: number): bigint {
  if (editTimeMs === 0) return guid
  const digest = sha512(new TextEncoder().encode(`mimirjs edit 1\n${group}\n${guid}\n${editTimeMs}`))
  return new DataView(digest.buffer, digest.byteOffset, 8).getBigInt64(0)
}
