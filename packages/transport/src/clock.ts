/** Time. Whoever waits or measures takes one of these, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970, or since anything else where only spans matter. */
  nowMs(): number
  /**
   * Call back once, `delayMs` from now at the earliest; for the system's clocks after 24.8 days at the latest.
   * @returns a function that cancels it
   */
  schedule(callback: () => void, delayMs: number): () => void
}

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 0x7fffffff

function schedule(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS))
  return () => clearTimeout(timer)
}

/** For spans: starts at the time of day and never goes back, whatever happens to the system's clock. */
export const steadyClock: Clock = { nowMs: () => performance.timeOrigin + performance.now(), schedule }

/** For points in time that are stored or sent: follows the system's clock. */
export const wallClock: Clock = { nowMs: () => Date.now(), schedule }
