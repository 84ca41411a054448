import type { Clock } from '@mimirjs/transport'

/**
 * One timer for a deadline that moves with nearly every frame, mostly further away: it is set anew only when the deadline
 * comes nearer, and otherwise looks again when it fires too early.
 */
export class LazyTimer {
  readonly #clock: Clock
  readonly #onDue: () => number
  #dueMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined
  #isStopped = false

  /** @param onDue - does what is due and returns the next deadline, `Infinity` when there is none */
  constructor(clock: Clock, onDue: () => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** See to it that `onDue` is called by then. */
  arm(deadlineMs: number): void {
    if (deadlineMs >= this.#dueMs || this.#isStopped) return
    this.#cancel?.()
    this.#dueMs = deadlineMs
    this.#cancel = this.#clock.schedule(this.#fire, Math.max(0, deadlineMs - this.#clock.nowMs()))
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  readonly #fire = (): void => {
    this.#cancel = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
    this.arm(this.#onDue())
  }
}
