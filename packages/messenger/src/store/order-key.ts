// Where a message of a group stands among the others: by an integer, then in order of acceptance. What the mediator has
// numbered has an even one, what it has not an odd one behind all that was numbered then. Source: current protocol §19.6.

/** Numbers above it, which no honest mediator reaches, share one place: all keys are below the highest 64-bit number. */
export const MAX_ORDERED_ID: bigint = 2n ** 62n - 2n

/** @param messageId - above 0 */
export function orderKeyOf(messageId: bigint): bigint {
  return 2n * (messageId < MAX_ORDERED_ID ? messageId : MAX_ORDERED_ID)
}

/** Of a message without a number. @param highestId - that is known in the group; 0n for none */
export function orderKeyBehind(highestId: bigint): bigint {
  return orderKeyOf(highestId) + 1n
}
