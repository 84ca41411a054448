import { isWireError } from '@mimirjs/wire'
import { decodeSystemMessage, type MediatorMessage, type SystemMessage } from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import type { ReceivedMessage } from './types.js'

/** What is larger is in milliseconds: some clients send them, and some mediators pass them on (mediator protocol §11.4). */
const FIRST_MS = 100_000_000_000n
/** What a message may keep in memory beside itself, in bytes. */
const MAX_KEPT_BYTES = 4_096

/** A timestamp of the wire in seconds, `undefined` where the mediator does not say. */
export function normaliseTimestamp(timestamp: bigint | undefined): bigint | undefined {
  if (timestamp === undefined || timestamp <= 0n) return undefined
  return timestamp >= FIRST_MS ? timestamp / 1000n : timestamp
}

/** @param mediatorKeys - the key of the mediator, and those it had before */
export function toReceivedMessage(message: MediatorMessage, mediatorKeys: readonly Uint8Array[]): ReceivedMessage {
  const { messageId, guid } = message
  const [author, blob] = [ownBytes(message.author), ownBytes(message.blob)]
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

/** A view keeps all the bytes that came with it alive, of which what waits to be stored is not counted. */
function ownBytes(view: Uint8Array): Uint8Array {
  return view.buffer.byteLength > 2 * view.length + MAX_KEPT_BYTES ? view.slice() : view
}

function readSystemMessage(body: Uint8Array): SystemMessage | undefined {
  try {
    return decodeSystemMessage(body)
  } catch (error) {
    if (!isWireError(error)) throw error
    return undefined
  }
}
