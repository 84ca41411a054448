import type { Clock } from '@mimirjs/transport'

/** A machine with deadlines. */
export interface Machine {
  readonly nextDeadlineMs: number
  advance(nowMs: number): void
}

/** Drives a machine with one timer, which is set anew only when something is due sooner. */
export class Pulse {
  readonly #machine: Machine
  readonly #clock: Clock
  /** Told after every advance. */
  readonly #onAdvanced: () => void
  #armedMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined
  #isWoken = false
  #isStopped = false

  constructor(machine: Machine, clock: Clock, onAdvanced: () => void) {
    this.#machine = machine
    this.#clock = clock
    this.#onAdvanced = onAdvanced
  }

  /** To be called when something was said to the machine: its next deadline may be another one. */
  settle(): void {
    const dueMs = this.#machine.nextDeadlineMs
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
    this.#machine.advance(this.#clock.nowMs())
    this.#onAdvanced()
    // What is due again already waits for a timer all the same, so that nothing can keep the event loop for itself.
    this.settle()
  }
}
