import type { Clock } from '../clock.js'

/** A clock that stands still until it is turned by hand. */
export interface ManualClock extends Clock {
  /** Let time pass: timers that fall due run in order, each seeing its own time, new ones included. */
  advance(ms: number): void
  /** When the next timer is due, `undefined` without timers. */
  readonly nextDueMs: number | undefined
}

/** @param startMs - what the clock shows at first */
export function createClock(startMs = 0): ManualClock {
  return new HandTurnedClock(startMs)
}

interface HandTimer {
  readonly dueMs: number
  readonly callback: () => void
}

class HandTurnedClock implements ManualClock {
  #nowMs: number
  /** Sorted by due time, then by age. */
  readonly #timers: HandTimer[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at !== -1) this.#timers.splice(at, 1)
    }
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= untilMs; timer = this.#timers[0]) {
      this.#timers.shift()
      this.#nowMs = timer.dueMs
      timer.callback()
    }
    this.#nowMs = untilMs
  }
}
