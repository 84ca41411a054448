import type { ReceivedMessage } from '../../src/types.js'

/** 32 bytes that stand for a key. */
export function key(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill)
}

/** A user's message with this id; its content tells it apart. */
export function message(messageId: bigint | number, change: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const id = BigInt(messageId)
  const blob = new TextEncoder().encode(`message ${id}`)
  return {
    messageId: id,
    guid: 1_000_000n + id,
    timestampSeconds: 1_700_000_000n + id,
    author: key(3),
    blob,
    isSystem: false,
    system: undefined,
    ...change,
  }
}

export function messages(...ids: readonly (bigint | number)[]): ReceivedMessage[] {
  return ids.map((id) => message(id))
}

export function idsOf(list: readonly ReceivedMessage[]): bigint[] {
  return list.map(({ messageId }) => messageId)
}
