import type { Clock } from '@mimirjs/transport'

const PROGRESS_PAUSE_MS = 100

/** Lets something happen at most once per 100 ms. */
export class Pace {
  readonly #clock: Clock
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether it is time; it then was the last time. */
  isDue(pauseMs: number = PROGRESS_PAUSE_MS): boolean {
    const nowMs = this.#clock.nowMs()
    // A clock that was set back must not silence us.
    if (nowMs - this.#lastMs < pauseMs && nowMs >= this.#lastMs) return false
    this.#lastMs = nowMs
    return true
  }
}
