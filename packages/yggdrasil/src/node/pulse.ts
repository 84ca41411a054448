import type { Clock } from '@mimirjs/transport'

/** A machine with deadlines. */
export interface Machine {
  readonly nextDeadlineMs: number
  advance(nowMs: number): void
}

/** After an exception nothing is done for so long, or one that comes again and again would keep the event loop. */
const AFTER_THROW_MS = 1000

/**
 * Drives a machine with one timer, which is set anew only when something is due sooner. What the machine throws, by a mistake
 * of ours, is told and gets no further: nobody stands above a timer, and the rest of a node is to go on.
 */
export class Pulse {
  readonly #machine: Machine
  readonly #clock: Clock
  /** Told after every advance. */
  readonly #onAdvanced: () => void
  readonly #onThrow: (error: unknown) => void
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #armedMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined
  #isWoken = false
  #isStopped = false

  constructor(machine: Machine, clock: Clock, onAdvanced: () => void, onThrow: (error: unknown) => void) {
    this.#machine = machine
    this.#clock = clock
    this.#onAdvanced = onAdvanced
    this.#onThrow = onThrow
  }

  /** To be called when something was said to the machine: its next deadline may be another one. */
  settle(): void {
    const dueMs = Math.max(this.#machine.nextDeadlineMs, this.#notBeforeMs)
    if (dueMs >= this.#armedMs || this.#isStopped) return
    this.#cancel?.()
    this.#armedMs = dueMs
    this.#cancel = this.#clock.schedule(() => this.#run(), Math.max(0, dueMs - this.#clock.nowMs()))
  }

  /** Advance once this turn is over: many calls, one advance. */
  wake(): void {
    if (this.#isWoken || this.#isStopped) return
    this.#isWoken = true
    queueMicrotask(() => {
      this.#isWoken = false
      if (!this.#isStopped) this.#run()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  #run(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.nowMs()
    try {
      this.#machine.advance(nowMs)
      this.#onAdvanced()
    } catch (error) {
      this.#notBeforeMs = nowMs + AFTER_THROW_MS
      this.#onThrow(error)
    }
    // What is due again already waits for a timer all the same, so that nothing can keep the event loop for itself.
    this.settle()
  }
}
