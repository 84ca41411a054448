import { sha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'

const PREFIX = new TextEncoder().encode('mimirjs group 1')

/**
 * What a group is called here: it stands where the key of a person stands, and is none.
 * @param mediator - its public key, 32 bytes
 * @returns 64 lower-case hex digits of SHA-256 over the prefix, the mediator's key and the chat id as u64be
 */
export function groupId(mediator: Uint8Array, chatId: bigint): string {
  const bytes = new Uint8Array(PREFIX.length + mediator.length + 8)
  bytes.set(PREFIX)
  bytes.set(mediator, PREFIX.length)
  new DataView(bytes.buffer).setBigUint64(PREFIX.length + mediator.length, chatId)
  return toHex(sha256(bytes))
}
