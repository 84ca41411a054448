import { RESET_TRIES } from './constants.js'

/** A reset is not acknowledged: it is sent again, in case one is lost. */
export class Resets {
  #left: number
  #pauseMs: number
  #dueMs: number

  /** The first one leaves now. @param isOnlyOne - nobody is there anyway */
  constructor(nowMs: number, rtoMs: number, isOnlyOne: boolean) {
    this.#left = isOnlyOne ? 0 : RESET_TRIES - 1
    this.#pauseMs = rtoMs
    this.#dueMs = nowMs + rtoMs
  }

  get deadlineMs(): number {
    return this.#dueMs
  }

  /** At the deadline. */
  step(nowMs: number): 'send' | 'forget' | 'nothing' {
    if (nowMs < this.#dueMs) return 'nothing'
    if (this.#left === 0) return 'forget'
    this.#left--
    this.#pauseMs *= 2
    this.#dueMs = nowMs + this.#pauseMs
    return 'send'
  }
}
