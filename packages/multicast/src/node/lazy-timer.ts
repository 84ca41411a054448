import type { Clock } from '@mimirjs/transport'

/**
 * One timer for a deadline that moves with nearly every packet, mostly further away: it is set anew only when the deadline
 * comes nearer, and otherwise looks again when it fires too early.
 */
export class LazyTimer {
  readonly #clock: Clock
  readonly #onDue: (nowMs: number) => number
  #dueMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined
  #stopped = false

  /** @param onDue - does what is due and returns the next deadline, `Infinity` when there is none */
  constructor(clock: Clock, onDue: (nowMs: number) => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** See to it that `onDue` is called by then. */
  arm(deadlineMs: number, nowMs: number): void {
    if (deadlineMs >= this.#dueMs || this.#stopped) return
    this.#cancel?.()
    this.#dueMs = deadlineMs
    this.#cancel = this.#clock.schedule(this.#fire, Math.max(0, deadlineMs - nowMs))
  }

  /** For good. */
  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  readonly #fire = (): void => {
    this.#cancel = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.nowMs()
    this.arm(this.#onDue(nowMs), nowMs)
  }
}
