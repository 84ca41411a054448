import {
  ANNOUNCE_INTERVAL_MS,
  ANSWER_INTERVAL_MS,
  ANSWER_SPREAD_MS,
  ANSWERS_AT_ONCE,
  FIRST_ANNOUNCEMENTS_MS,
  JITTER,
} from './constants.js'

/** When to say where we are: soon after the start, then now and then, and when somebody new is there. */
export class Schedule {
  readonly #random: () => number
  #step = 0
  #startMs = 0
  #saidMs = Number.NEGATIVE_INFINITY
  #regularMs = Number.POSITIVE_INFINITY
  #answerMs = Number.POSITIVE_INFINITY
  /** When the answers given so far would all be past, had each had its interval. */
  #answeredMs = Number.NEGATIVE_INFINITY

  /** @param random - 0 ≤ x < 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** When to speak next; `Infinity` before {@link start}. */
  get deadlineMs(): number {
    return Math.min(this.#regularMs, this.#answerMs)
  }

  /** Begin, or begin anew: not sooner after what was said last than one answer after many others. */
  start(nowMs: number): void {
    this.#startMs = Math.max(nowMs, this.#saidMs + ANSWER_INTERVAL_MS)
    this.#step = 0
    this.#regularMs = this.#startMs
  }

  /** Somebody new is there. Those who come together get one answer. */
  answer(nowMs: number): void {
    if (this.#regularMs === Number.POSITIVE_INFINITY) return
    const freeMs = this.#answeredMs - (ANSWERS_AT_ONCE - 1) * ANSWER_INTERVAL_MS
    const dueMs = Math.max(nowMs + ANSWER_SPREAD_MS * this.#random(), freeMs)
    this.#answerMs = Math.min(this.#answerMs, dueMs)
  }

  /** @returns whether to speak now */
  advance(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false
    this.#saidMs = nowMs
    if (nowMs >= this.#answerMs) this.#answeredMs = Math.max(nowMs, this.#answeredMs) + ANSWER_INTERVAL_MS
    this.#answerMs = Number.POSITIVE_INFINITY
    if (nowMs >= this.#regularMs) this.#regularMs = this.#next(nowMs)
    return true
  }

  #next(nowMs: number): number {
    this.#step += 1
    const step = FIRST_ANNOUNCEMENTS_MS[this.#step]
    // The machine may have slept meanwhile: what was missed is not made up for.
    if (step !== undefined && this.#startMs + step > nowMs) return this.#startMs + step
    return nowMs + ANNOUNCE_INTERVAL_MS * (1 + JITTER * (2 * this.#random() - 1))
  }
}
