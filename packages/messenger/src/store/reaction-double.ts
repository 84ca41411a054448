import { MessageType } from '@mimirjs/wire/peer'
import { type MessageContent, REACTION_DOUBLE_MS } from '../store.js'

/** Longest payload that is looked up: far above any emoji. */
const MAX_COMPARED_BYTES = 1_024
/** More reactions to one message within seconds are no accident of a client; they are not compared. */
export const MAX_COMPARED = 100

/** A stored reaction to the same message, sent by the same person within {@link REACTION_DOUBLE_MS}. */
export interface NearReaction {
  readonly sendTimeMs: number
  /** It has the same payload. */
  readonly isSame: boolean
}

/** Whether it is a reaction that may be a double, and is to be compared with those near to it. */
export function isComparedReaction({ messageType, payload }: MessageContent): boolean {
  return messageType === MessageType.reaction && payload.length <= MAX_COMPARED_BYTES
}

/**
 * Whether a reaction is there already: the same one, sent at about the same time, and no other one to that message in
 * between, which would have been taken back by this one. Source: current protocol §5.2, §19.4.
 * @param near - at most one more than {@link MAX_COMPARED}
 */
export function isReactionDouble(sendTimeMs: number, near: readonly NearReaction[]): boolean {
  if (near.length > MAX_COMPARED) return false
  const others = near.filter(({ isSame }) => !isSame)
  return near.some(
    (known) =>
      known.isSame &&
      Math.abs(known.sendTimeMs - sendTimeMs) <= REACTION_DOUBLE_MS &&
      !others.some((other) => isBetween(other.sendTimeMs, known.sendTimeMs, sendTimeMs)),
  )
}

/** Reactions near to one, of all authors, that are looked at in a group; where there are more, a double is kept. */
export const MAX_NEAR_IN_GROUP = 300

/**
 * The same among the reactions of a whole group.
 * @param near - at most one more than {@link MAX_NEAR_IN_GROUP}
 * @returns `seq` of the one that this one repeats
 */
export function findReactionDouble(
  sendTimeMs: number,
  near: readonly (NearReaction & { readonly seq: number; readonly isAuthor: boolean })[],
): number | undefined {
  if (near.length > MAX_NEAR_IN_GROUP) return undefined
  const own = near.filter(({ isAuthor }) => isAuthor)
  return isReactionDouble(sendTimeMs, own) ? own.find(({ isSame }) => isSame)?.seq : undefined
}

function isBetween(time: number, one: number, other: number): boolean {
  return time > Math.min(one, other) && time < Math.max(one, other)
}
