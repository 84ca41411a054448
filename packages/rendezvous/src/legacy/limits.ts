import { RendezvousError } from '../error.js'

/** Ceilings and timers of `pim-legacy`: what servers and strangers may make us hold, compute or send. A13 */
export interface LegacyLimits {
  /** Servers at once. */
  readonly servers: number
  /** Milliseconds for each step of the login: opening, the challenge, `authenticated`. */
  readonly loginMs: number
  /** Milliseconds after a challenge that we do not answer until we leave, whatever was wrong with it. */
  readonly refusalMs: number
  /** Longest pause before a server is tried again, in ms. */
  readonly reconnectMs: number
  /** Signed messages a second that one server may give us, and how many at once after a pause. */
  readonly messagesPerSecond: number
  readonly messagesBurst: number
  /** Frames of one connection that are none, after which we leave that server. */
  readonly badFrames: number
  /** Messages that are remembered, so that each counts once, and for how many ms. */
  readonly seen: number
  readonly seenMs: number
  /** Keys of others that are kept parsed. */
  readonly keys: number
  /** People with whom something goes on: a link, an attempt, or one that waits for its time. */
  readonly people: number
  /** Attempts at once. */
  readonly attempts: number
  /** Milliseconds until an attempt fails, from the offer or answer on. */
  readonly attemptMs: number
  /** Milliseconds after which a description goes without the candidates that are still to come. */
  readonly gatherMs: number
  /** How long a connection may be without a path until it counts as lost, in ms. */
  readonly disturbedMs: number
  /** The pause before the n-th new offer is 2^n s, n up to this, times a random factor of 0.5 to 1.5. */
  readonly retryDoublings: number
  /** Offers of one person that we answer in a minute. */
  readonly answersPerMinute: number
  /** Questions at once about people who are not known. */
  readonly prompts: number
  /** Milliseconds that a question stays. */
  readonly promptMs: number
  /** Milliseconds from a question to the next about the same person. */
  readonly promptPauseMs: number
  /** Questions about one person in an hour. */
  readonly promptsPerHour: number
  /** People for whom the two limits above are remembered; the oldest goes. */
  readonly promptedPeople: number
}

/** rendezvous protocol A13, B4 and B9, where they name a number; the others are ours. */
export const DEFAULT_LEGACY_LIMITS: LegacyLimits = {
  servers: 8,
  loginMs: 10_000,
  refusalMs: 1000,
  reconnectMs: 300_000,
  messagesPerSecond: 20,
  messagesBurst: 100,
  badFrames: 20,
  seen: 4096,
  seenMs: 3_600_000,
  keys: 256,
  people: 64,
  attempts: 16,
  attemptMs: 30_000,
  gatherMs: 3000,
  disturbedMs: 5000,
  retryDoublings: 8,
  answersPerMinute: 12,
  prompts: 8,
  promptMs: 120_000,
  promptPauseMs: 30_000,
  promptsPerHour: 3,
  promptedPeople: 1024,
}

/** @throws {RendezvousError} `misuse` for an unknown name, or no integer of at least 1 */
export function legacyLimitsOf(given: Partial<LegacyLimits> = {}): LegacyLimits {
  const limits: Record<string, number> = { ...DEFAULT_LEGACY_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new RendezvousError('misuse', `limits.${name}: there is no such limit`)
    if (!Number.isInteger(value) || value < 1)
      throw new RendezvousError('misuse', `limits.${name}: expected an integer of at least 1, got ${String(value)}`)
    limits[name] = value
  }
  return limits as unknown as LegacyLimits
}
