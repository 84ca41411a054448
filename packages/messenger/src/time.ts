/** The latest time that a `Date` can hold, in ms. */
const MAX_TIME_MS = 8_640_000_000_000_000

/** Some senders write reactions in seconds (peer protocol §6.5); hostile ones write anything. */
export function toTimeMs(wireTime: bigint): number {
  const time = Number(wireTime)
  if (time < 0) return 0
  return Math.min(time > 0 && time < 100_000_000_000 ? time * 1000 : time, MAX_TIME_MS)
}
