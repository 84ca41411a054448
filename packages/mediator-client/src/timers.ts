/** Every span of a client, in milliseconds. Source of the defaults: mediator protocol §11.5, §20.3, §20.4. */
export interface MediatorTimers {
  /** From a dial to an open stream. Default 15 000. */
  readonly dialMs: number
  /** From the last byte written of a request to its answer; also the wait of a call for a connection. Default 15 000. */
  readonly requestMs: number
  /** The same for SEND_MESSAGE. Default 30 000. */
  readonly sendMessageMs: number
  /** From the last byte received to a PING. Default 50 000. */
  readonly pingMs: number
  /** Longest time for 64 KiB, written or of an answer that is on its way. Default 10 000. */
  readonly stallMs: number
  /** From our orderly end to that of the mediator; then the stream is cut. Default 2 000. */
  readonly lingerMs: number
  /** Before the first attempt to connect again, doubling with every attempt, ± 20 %. Default 2 000. */
  readonly retryMs: number
  /** Longest of these pauses. Default 120 000. */
  readonly maxRetryMs: number
  /** Pause between attempts after 300 in a row failed. Default 600 000. */
  readonly lateRetryMs: number
  /** From a message that shows a gap before it to the question for what is missing. Default 1 000. */
  readonly gapMs: number
  /** From the last sign of life of a chat to the question for its newest message. Default 600 000. */
  readonly quietMs: number
  /** From one look to the next where we may read but not subscribe. Default 60 000. */
  readonly pollMs: number
  /** Shortest time between two subscriptions to one chat that somebody else's "offline" causes. Default 60 000. */
  readonly resubscribeMs: number
  /** Before something that failed in a chat is tried again, doubling up to a minute. Default 1 000. */
  readonly pauseMs: number
}

export const DEFAULT_TIMERS: MediatorTimers = {
  dialMs: 15_000,
  requestMs: 15_000,
  sendMessageMs: 30_000,
  pingMs: 50_000,
  stallMs: 10_000,
  lingerMs: 2_000,
  retryMs: 2_000,
  maxRetryMs: 120_000,
  lateRetryMs: 600_000,
  gapMs: 1_000,
  quietMs: 600_000,
  pollMs: 60_000,
  resubscribeMs: 60_000,
  pauseMs: 1_000,
}

/** Longest of the pauses that begin with {@link MediatorTimers.pauseMs}. */
const MAX_PAUSE_MS = 60_000

/** The pause after one of `pauseMs`; after none the first. */
export function nextPause(pauseMs: number, timers: MediatorTimers): number {
  return Math.min(MAX_PAUSE_MS, Math.max(timers.pauseMs, 2 * pauseMs))
}

/** @throws {RangeError} for a name that is no timer, or a value that is not a number of at least 0 */
export function completeTimers(given: Partial<MediatorTimers> = {}): MediatorTimers {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_TIMERS)) throw new RangeError(`timers.${name} is not a timer of the mediator client`)
    if (!(value >= 0)) throw new RangeError(`timers.${name} must be a number of ms of at least 0, got ${value}`)
  }
  return { ...DEFAULT_TIMERS, ...given }
}
