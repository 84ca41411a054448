import type { MediatorTimers } from './timers.js'

/** Attempts in a row that fail before the pauses become long (mediator protocol §20.4). */
const LATE_ATTEMPT = 300
const JITTER = 0.2

/**
 * The pause before an attempt.
 * @param attempt - counted from 1 since the last login. @param chance - one unpredictable byte
 */
export function retryDelayMs(attempt: number, timers: MediatorTimers, chance: number): number {
  const { retryMs, maxRetryMs, lateRetryMs } = timers
  // As a floating-point number the power never wraps; at worst it is Infinity.
  const baseMs = attempt > LATE_ATTEMPT ? lateRetryMs : Math.min(maxRetryMs, retryMs * 2 ** (attempt - 1))
  return Math.round(baseMs * (1 - JITTER + (2 * JITTER * chance) / 255))
}
