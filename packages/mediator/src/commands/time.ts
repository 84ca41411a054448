/** From here on a time is in milliseconds, whatever it was meant to be (mediator protocol §11.4). */
const FIRST_MILLISECOND = 100_000_000_000n
/** How far a message's time may lie behind and ahead of ours (§22.20). */
const PAST_SECONDS = 2_592_000n
const FUTURE_SECONDS = 600n
/** How far the time of a member's info may lie ahead (§8.18). */
const INFO_FUTURE_SECONDS = 86_400n

export function secondsOf(time: bigint): bigint {
  return time >= FIRST_MILLISECOND ? time / 1000n : time
}

/** The time that a message is stored with: what its sender says, where that can be. */
export function messageTime(claimed: bigint | undefined, nowSeconds: bigint): bigint {
  if (claimed === undefined) return nowSeconds
  const seconds = secondsOf(claimed)
  return seconds < nowSeconds - PAST_SECONDS || seconds > nowSeconds + FUTURE_SECONDS ? nowSeconds : seconds
}

/** A time further ahead would hide every later change of that member. */
export function isInfoTime(timestampSeconds: bigint, nowSeconds: bigint): boolean {
  return timestampSeconds <= nowSeconds + INFO_FUTURE_SECONDS
}
