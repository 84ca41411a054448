import { isWireError } from '@mimirjs/wire'
import { decodeSystemMessage, type MediatorMessage, type SystemMessage } from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import type { ReceivedMessage } from './types.js'

/** What is larger is in milliseconds: some clients send them, and some mediators pass them on (mediator protocol §11.4). */
const FIRST_MS = 100_000_000_000n

/** A timestamp of the wire in seconds, `undefined` where the mediator does not say. */
export function normaliseTimestamp(timestamp: bigint | undefined): bigint | undefined {
  if (timestamp === undefined || timestamp <= 0n) return undefined
  return timestamp >= FIRST_MS ? timestamp / 1000n : timestamp
}

/** @param mediatorKeys - the key of the mediator, and those it had before */
export function toReceivedMessage(message: MediatorMessage, mediatorKeys: readonly Uint8Array[]): ReceivedMessage {
  const { messageId, guid, author, blob } = message
  const isSystem = mediatorKeys.some((key) => sameBytes(key, author))
  return {
    messageId,
    guid,
    timestampSeconds: normaliseTimestamp(message.timestampSeconds),
    author,
    blob,
    isSystem,
    system: isSystem ? readSystemMessage(blob) : undefined,
  }
}

function readSystemMessage(body: Uint8Array): SystemMessage | undefined {
  try {
    return decodeSystemMessage(body)
  } catch (error) {
    if (!isWireError(error)) throw error
    return undefined
  }
}
