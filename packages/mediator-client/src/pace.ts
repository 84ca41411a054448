import type { Clock } from '@mimirjs/transport'
import { type Deferred, deferred } from './deferred.js'
import { isMediatorError } from './error.js'
import { type MediatorTimers, nextPause } from './timers.js'

/**
 * The work after a connect, of all chats together, as fast as the mediator allows: when one request is above its rate, all
 * wait, and it is made again. Whoever goes on instead is cut (mediator protocol §22, item 7).
 */
export class Pace {
  readonly #clock: Clock
  readonly #timers: MediatorTimers
  readonly #waiting = new Set<Deferred<void>>()
  #pauseMs = 0
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, timers: MediatorTimers) {
    this.#clock = clock
    this.#timers = timers
  }

  async run<T>(request: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#turn()
      try {
        const result = await request()
        this.#pauseMs = 0
        return result
      } catch (error) {
        if (!isMediatorError(error) || error.code !== 'rate-limit') throw error
        this.#hold()
      }
    }
  }

  /** The connection is over: whoever waits finds that out. */
  release(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#pauseMs = 0
    this.#go()
  }

  async #turn(): Promise<void> {
    while (this.#cancelTimer !== undefined) {
      const turn = deferred()
      this.#waiting.add(turn)
      await turn.promise
    }
  }

  #hold(): void {
    // The others that were under way are refused as well, which means nothing more.
    if (this.#cancelTimer !== undefined) return
    this.#pauseMs = nextPause(this.#pauseMs, this.#timers)
    this.#cancelTimer = this.#clock.schedule(() => {
      this.#cancelTimer = undefined
      this.#go()
    }, this.#pauseMs)
  }

  #go(): void {
    for (const turn of this.#waiting) turn.resolve()
    this.#waiting.clear()
  }
}
