import type { ReceivedMessage } from '@mimirjs/mediator-client'

/** Above this they are let through as they came. */
const MAX_HELD = 1_000
const MAX_HELD_BYTES = 16_777_216

/**
 * Messages of a group in the order of the mediator. What is pushed while older ones are still being fetched waits for them, or an
 * author's second message would come before the first. Nothing depends on it but the order: until `syncedTo` has passed them,
 * what waits here would be fetched again.
 */
export class Arrivals {
  readonly #held = new Map<bigint, ReceivedMessage>()

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  add(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) this.#held.set(message.messageId, message)
  }

  /** Those whose turn it is, in order; {@link drop} them when they are on disk. */
  due(syncedTo: bigint): ReceivedMessage[] {
    const all = [...this.#held.values()].sort((a, b) => (a.messageId < b.messageId ? -1 : 1))
    return this.#isFull(all) ? all : all.filter(({ messageId }) => messageId <= syncedTo)
  }

  drop(messages: readonly ReceivedMessage[]): void {
    for (const { messageId } of messages) this.#held.delete(messageId)
  }

  clear(): void {
    this.#held.clear()
  }

  #isFull(messages: readonly ReceivedMessage[]): boolean {
    return messages.length > MAX_HELD || messages.reduce((sum, { blob }) => sum + blob.length, 0) > MAX_HELD_BYTES
  }
}
